import pytest
from django.template.loader import get_template

from mlclub import mail

NAME = "specimen"
PARTS = {
    f"{NAME}.subject.txt": "Moved:\n {{ title }}\n",
    f"{NAME}.txt": "{% extends 'mail/base.txt' %}{% block content %}{{ title }} moved.{% endblock %}",
    f"{NAME}.html": "{% extends 'mail/base.html' %}{% block content %}<p class='muted'>{{ title }} moved.</p>"
    "{% include 'mail/_button.html' with url=site_url label='Look' %}{{ padding }}{% endblock %}",
}


@pytest.fixture(autouse=True)
def three_templates(settings):
    loaders = [
        ("django.template.loaders.locmem.Loader", PARTS),
        "django.template.loaders.filesystem.Loader",
        "django.template.loaders.app_directories.Loader",
    ]
    engine = settings.TEMPLATES[0]
    options = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": options}]
    assert get_template(f"{NAME}.txt")


CLUB = {"name": "Tidewater & Co", "postal_address": "1 Quay", "contact_email": "hello@club.example"}
CONTEXT = {
    "club": CLUB,
    "title": "Q & A <live>",
    "why": "because you are going to this event",
    "settings_url": "https://club.example/me/notices/",
    "unsubscribe_url": "https://club.example/u/token/",
}


def test_the_subject_is_one_line_and_the_text_escapes_nothing():
    composed = mail.compose(NAME, CONTEXT)

    assert composed.subject == "Moved: Q & A <live>"
    assert composed.text.startswith("Q & A <live> moved.\n")
    assert "You get this because you are going to this event." in composed.text
    assert "https://club.example/u/token/" in composed.text


def test_the_html_is_escaped_and_carries_its_styles_in_the_elements():
    html = mail.compose(NAME, CONTEXT).html

    assert "Q &amp; A &lt;live&gt; moved." in html
    assert '<p class="muted" style="' in html or "<p style=" in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "var(--" not in html
    assert "You get this because you are going to this event." in html


def test_a_mail_fetches_nothing():
    html = mail.compose(NAME, CONTEXT).html

    assert "<img" not in html
    assert "<link" not in html
    assert "url(" not in html
    assert "<script" not in html


def test_a_mail_too_long_to_be_shown_whole_goes_as_text():
    composed = mail.compose(NAME, {**CONTEXT, "padding": "x" * 100_000})

    assert composed.html == ""
    assert composed.text


def test_a_very_long_subject_is_cut():
    assert len(mail.compose(NAME, {**CONTEXT, "title": "x" * 500}).subject) == 150
