from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from members.demo import ROLES
from mlclub.portal import demo_mail
from tests.factories.members import make_club, make_member, make_term

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


@pytest.fixture
def in_the_demo(settings):
    settings.DEMO = True
    return make_member(email="member@club.example")


def letter(**fields):
    message = EmailMultiAlternatives(
        "You are going", "See you on Tuesday.", "club@club.example", ["member@club.example"], **fields
    )
    message.attach_alternative("<p>See <b>you</b></p>", "text/html")
    demo_mail.EmailBackend().send_messages([message])
    return demo_mail.letters()[0]


def test_a_button_signs_in_as_a_role(client, in_the_demo):
    response = client.post(reverse("portal:demo_sign_in"), {"role": "member"})
    assert response.headers["Location"] == reverse("portal:home")
    assert client.get(reverse("portal:home")).wsgi_request.user == in_the_demo


@pytest.mark.parametrize(
    ("wanted", "there"), [("/events/", "/events/"), ("https://elsewhere.example/", "/home/"), ("", "/home/")]
)
def test_a_button_leads_to_the_page_that_was_wanted(client, in_the_demo, wanted, there):
    response = client.post(reverse("portal:demo_sign_in"), {"role": "member", "next": wanted})
    assert response.headers["Location"] == there


def test_an_unknown_role_is_not_there(client, in_the_demo):
    assert client.post(reverse("portal:demo_sign_in"), {"role": "king"}).status_code == 404
    assert client.get(reverse("portal:demo_sign_in")).status_code == 405


def test_outside_the_demo_there_is_no_button_and_no_letter_box(client):
    make_member(email="officer@club.example")
    name = letter().name
    assert client.post(reverse("portal:demo_sign_in"), {"role": "officer"}).status_code == 404
    assert "_auth_user_id" not in client.session
    for url in (
        reverse("portal:demo_mail_list"),
        reverse("portal:demo_mail_detail", args=[name]),
        reverse("portal:demo_mail_html", args=[name]),
    ):
        assert client.get(url).status_code == 404
    assert "/demo/sign-in/" not in client.get(reverse("account_login")).content.decode()


def test_the_sign_in_page_of_the_demo_has_a_button_for_each_role(client, in_the_demo):
    page = client.get(reverse("account_login")).content.decode()
    assert all(f'value="{role}"' in page for role in ROLES)


def test_the_letter_box_shows_what_was_sent(client, in_the_demo):
    sent = letter()
    assert "You are going" in client.get(reverse("portal:demo_mail_list")).content.decode()
    assert (
        "See you on Tuesday."
        in client.get(reverse("portal:demo_mail_detail", args=[sent.name])).content.decode()
    )
    html = client.get(reverse("portal:demo_mail_html", args=[sent.name]))
    assert "sandbox" in html.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["nothing", "..", "20260101000000000000-00000000"])
def test_a_letter_that_is_not_there_is_a_404(client, in_the_demo, name):
    assert client.get(f"/demo/mail/{name}/").status_code == 404
