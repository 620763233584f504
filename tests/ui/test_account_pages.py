import re

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from tests.factories.members import make_club, make_new_member

pytestmark = pytest.mark.django_db

ENTRANCE = ["account_login", "account_signup", "account_reset_password", "account_request_login_code"]
SETTINGS = ["account_email", "account_change_password", "account_set_password", "account_logout", "mfa_index"]
SETTINGS += ["socialaccount_connections", "usersessions_list", "account_reauthenticate", "mfa_activate_totp"]


def strict(answer):
    """What a strict CSP would refuse on this page, and what is missing from our static files."""
    text = answer.content.decode()
    wrong = re.findall(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style", text)
    wrong += [
        tag
        for tag in re.findall(r"<script\b[^>]*>", text)
        if "src=" not in tag and "application/json" not in tag
    ]
    wrong += [url for url in re.findall(r'(?:src|href)="/static/([^"]+)"', text) if not finders.find(url)]
    return wrong


@pytest.mark.parametrize("name", ENTRANCE)
def test_a_stranger_gets_the_page_in_our_layout(client, name):
    make_club(name="Tidewater Learning Club")
    answer = client.get(reverse(name))

    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Tidewater Learning Club" in text
    assert len(re.findall("<h1", text)) == 1
    assert strict(answer) == []


@pytest.mark.parametrize("name", SETTINGS)
def test_a_member_finds_every_setting_of_the_account_in_our_layout(client, name):
    make_club()
    client.force_login(make_new_member(password="a long enough one"))
    answer = client.get(reverse(name), follow=True)

    assert answer.status_code == 200
    text = answer.content.decode()
    assert len(re.findall("<h1", text)) == 1
    assert strict(answer) == []


def test_a_wrong_password_keeps_the_address_and_says_what_to_do(client):
    make_club()
    answer = client.post(reverse("account_login"), {"login": "ines@club.example", "password": "no"})

    text = answer.content.decode()
    assert 'value="ines@club.example"' in text
    assert "error-summary" in text
    assert "One thing to mend" in text
    assert "do not fit together" in text
    assert "Mail address" in text
    assert "Remember Me" not in text


def test_other_sign_ins_are_shown_only_when_configured(client, settings):
    make_club()
    assert "Go on with" not in client.get(reverse("account_login")).content.decode()

    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [{"client_id": "a", "secret": "b"}]}}
    text = client.get(reverse("account_login")).content.decode()
    assert re.findall("Go on with [A-Za-z]+", text) == ["Go on with GitHub"]


def test_the_demos_roles_are_offered_in_the_demo_and_nowhere_else(client, settings):
    make_club()
    assert 'name="role"' not in client.get(reverse("account_login")).content.decode()

    settings.DEMO = True
    roles = re.findall('name="role" value="([^"]+)"', client.get(reverse("account_login")).content.decode())
    assert roles == [
        "officer", "lead", "new-member", "member", "mentor", "project-lead", "fellow", "alumnus", "course-participant",
    ]  # fmt: skip


def test_a_missing_page_offers_a_stranger_to_sign_in_and_come_back(client):
    make_club()
    answer = client.get("/nowhere/at/all/")

    assert answer.status_code == 404
    assert 'href="/accounts/login/?next=/nowhere/at/all/"' in answer.content.decode()
    assert strict(answer) == []


def test_the_page_for_a_fault_needs_neither_club_nor_database(rf):
    from django.views.defaults import server_error

    answer = server_error(rf.get("/"))

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert strict(answer) == []
