import pytest
from django.urls import reverse

from tests.factories.members import make_club

pytestmark = pytest.mark.django_db


def test_the_chosen_theme_is_on_the_page_from_the_first_byte(client):
    make_club()
    answer = client.post(reverse("theme_set"), {"theme": "dark", "next": "/accounts/login/"})

    assert (answer.status_code, answer.url) == (302, "/accounts/login/")
    assert '<html lang="en" data-theme="dark">' in client.get("/accounts/login/").content.decode()


def test_without_a_choice_the_system_decides(client):
    make_club()

    assert "data-theme=" not in client.get("/accounts/login/").content.decode().split("<head>")[0]


def test_the_theme_is_one_of_three_and_never_leads_away(client):
    assert client.post(reverse("theme_set"), {"theme": "'><script>"}).status_code == 400
    assert client.post(reverse("theme_set"), {"theme": "light", "next": "https://evil.example/"}).url == "/"
    assert client.get(reverse("theme_set")).status_code == 405


def test_a_forged_cookie_is_ignored(client):
    make_club()
    client.cookies["theme"] = "x"

    assert "data-theme=" not in client.get("/accounts/login/").content.decode().split("<head>")[0]
