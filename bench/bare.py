"""The bare page: Django's default middleware, a signed-in user, a base template, one indexed query of 25 rows.

It is what every other page is measured against, on the same machine in the same run: 3 queries, about 8 kB.
Run by gunicorn as `bench.bare:application` with BARE_DATABASE_URL; `python -m bench.bare` makes its table and prints
a session cookie.
"""

from __future__ import annotations

import os
from typing import Any

import environ
from django.conf import settings

settings.configure(
    SECRET_KEY="only for measuring on this machine",
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            **environ.Env.db_url_config(os.environ.get("BARE_DATABASE_URL", "postgres://127.0.0.1/bare")),
            "CONN_MAX_AGE": 60,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [
                            (
                                "django.template.loaders.locmem.Loader",
                                {
                                    "base.html": "<!doctype html><html lang=en><head><title>{% block title %}{% endblock %}</title></head>"
                                    "<body><header>{{ user.username }} {% for m in messages %}{{ m }}{% endfor %}</header>"
                                    "<main>{% block content %}{% endblock %}</main></body></html>",
                                    "page.html": '{% extends "base.html" %}{% block title %}Bare{% endblock %}{% block content %}<h1>Bare</h1><ul>'
                                    '{% for row in rows %}<li class="row"><a href="/{{ row.pk }}/">{{ row.username }}</a> '
                                    "<p>{{ row.first_name }} {{ row.last_name }}</p> <time>{{ row.date_joined }}</time></li>{% endfor %}</ul>{% endblock %}",
                                },
                            )
                        ],
                    )
                ],
            },
        }
    ],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)

import django  # noqa: E402

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402


@login_required
def bare(request: HttpRequest) -> HttpResponse:
    rows = get_user_model().objects.filter(pk__gt=100).order_by("pk")[:25]
    return render(request, "page.html", {"rows": rows})


urlpatterns = [path("", bare)]
application = WSGIHandler()


def prepare() -> str:
    """Make the tables and 1,000 rows; returns the value of a session cookie."""
    from importlib import import_module

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    people: Any = get_user_model()
    people.objects.all().delete()
    people.objects.bulk_create(
        people(username=f"person{n}", first_name="Somebody " * 9, last_name="of the club " * 8)
        for n in range(1000)
    )
    user = people.objects.first()
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    print(prepare())
