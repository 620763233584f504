import copy

import pytest

from members.ledger import kinds


@pytest.fixture
def own_kinds(settings, tmp_path):
    """A test may declare kinds (`make_kind`); afterwards they are gone. Other apps' reminders keep out of it."""
    kinds.every()
    before = dict(kinds.REGISTRY)
    kinds.REGISTRY.clear()
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "mail_of_test.subject.txt").write_text("{{ subject_line|default:'News' }}\n")
    (folder / "mail_of_test.txt").write_text(
        '{% extends "mail/base.txt" %}{% block content %}Hello {{ person|default:"you" }}.{% endblock %}'
    )
    (folder / "mail_of_test.html").write_text(
        '{% extends "mail/base.html" %}{% block content %}<p>Hello {{ person|default:"you" }}.</p>{% endblock %}'
    )
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].append(folder)
    settings.TEMPLATES = templates
    yield
    kinds.REGISTRY.clear()
    kinds.REGISTRY.update(before)


@pytest.fixture
def smtp(settings):
    """Point the portal at a mail server of the test: `smtp(port)`."""

    def use(port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 3

    return use
