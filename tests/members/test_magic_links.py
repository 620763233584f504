from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone

from members import contacts, link_purposes, magic_links
from members.ledger.sending import sweep
from members.link_purposes import Purpose
from members.magic_links import by_magic_link
from members.models import Contact, MagicLink, Notification, Organization
from mlclub.middleware import RedactTokens
from mlclub.urls import urlpatterns as all_pages
from tests.factories import make_contact, make_magic_link, make_officer, make_organization, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

PURPOSE = link_purposes.declare(Purpose("test-page", page="test_page", label="your page of this test"))


@by_magic_link(PURPOSE)
def shown(request, link):
    return HttpResponse(f"{request.method} by {link.to}")


urlpatterns = [*all_pages, path("a-page/<str:token>/", shown, name="test_page")]


@pytest.fixture
def link():
    return make_magic_link(
        purpose=PURPOSE, about=make_organization(), contact=make_contact(email="g@lab.example")
    )


def token_of(link):
    return magic_links.path_of(link).split("/")[2]


def test_whoever_holds_the_link_is_in_and_the_page_stays_out_of_indexes_caches_and_referrers(client, link):
    response = client.get(magic_links.path_of(link))

    assert (response.status_code, response.content) == (200, b"GET by g@lab.example")
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "private, no-store"


def test_looking_leaves_no_trace_and_posting_says_when(client, link):
    client.get(magic_links.path_of(link))
    link.refresh_from_db()
    assert link.last_used_at is None

    Client(enforce_csrf_checks=True).post(magic_links.path_of(link), headers={"origin": "null"})
    link.refresh_from_db()
    assert link.last_used_at is not None


def test_the_token_is_nowhere_in_the_database(link):
    token = token_of(link)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(members_magiclink)::text FROM members_magiclink")
        rows = [row[0] for row in cursor.fetchall()]

    assert len(token) > 43 + 5
    assert not any(token in row or token.removeprefix("magic-") in row for row in rows)


def test_the_same_link_is_given_again_while_it_is_live_and_put_off_when_asked(link):
    now, later = timezone.now(), timezone.now() + timedelta(days=500)
    about = Organization.objects.get()

    again = magic_links.issue(PURPOSE, about=about, contact=link.contact, now=now)
    assert (again.pk, again.expires_at) == (link.pk, link.expires_at)

    assert (
        magic_links.issue(PURPOSE, about=about, contact=link.contact, now=now, expires_at=later).expires_at
        == later
    )
    assert MagicLink.objects.count() == 1


def test_another_purpose_or_object_is_another_link_and_opens_nothing_else(client, link):
    other = link_purposes.declare(Purpose("test-other", page="test_page", label="another page"))
    foreign = make_magic_link(purpose=other, about=Organization.objects.get(), contact=link.contact)

    response = client.get(magic_links.path_of(foreign))

    assert foreign.pk != link.pk
    assert (response.status_code, response["Referrer-Policy"]) == (404, "no-referrer")


def test_the_database_refuses_a_second_current_link(link):
    with pytest.raises(IntegrityError):
        MagicLink.objects.create(
            contact=link.contact,
            purpose=link.purpose,
            about=link.about,
            token_hash="x" * 64,
            created_at=link.created_at,
            expires_at=link.expires_at,
        )


def test_a_link_that_has_run_out_sends_a_new_one_to_its_own_address(client, link):
    MagicLink.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    page = client.get(magic_links.path_of(link))
    assert page.status_code == 410
    assert "g@lab.example" not in page.content.decode()
    client.post(reverse("members:link_renew"), {"token": token_of(link)})
    sweep(now=timezone.now())

    (sent,) = mail.outbox
    new = MagicLink.objects.current().get()
    assert (sent.to, new.pk != link.pk) == (["g@lab.example"], True)
    assert magic_links.url_of(new) in sent.body
    assert client.get(magic_links.path_of(new)).status_code == 200
    assert client.get(magic_links.path_of(link)).status_code == 410


def test_an_ended_link_stays_ended_and_is_not_sent_again(client, link):
    assert magic_links.revoke(about=Organization.objects.get(), now=timezone.now()) == 1

    assert client.get(magic_links.path_of(link)).status_code == 410
    client.post(reverse("members:link_renew"), {"token": token_of(link)})
    client.post(reverse("members:link_renew"), {"address": "g@lab.example"})

    assert Notification.objects.count() == 0


def test_asking_by_address_answers_alike_whether_it_is_known_or_not(client, link):
    answers = []
    for address in ("g@lab.example", "nobody@lab.example"):
        response = client.post(reverse("members:link_renew"), {"address": address}, follow=True)
        answers.append((response.redirect_chain, [str(m) for m in response.context["messages"]]))

    assert answers[0] == answers[1]
    assert [row.address for row in Notification.objects.all()] == ["g@lab.example"]


def test_asking_without_an_address_says_what_is_missing(client):
    response = client.post(reverse("members:link_renew"), {})
    assert response.status_code == 422
    assert "Give the address at which you got our mail." in response.content.decode()


def test_nobody_sends_many_mails_through_the_page(client, link):
    met = [
        client.post(reverse("members:link_renew"), {"address": "g@lab.example"}).status_code for _ in range(7)
    ]
    assert met == [302] * 5 + [429] * 2
    assert Notification.objects.count() == 1


def test_a_token_is_taken_out_of_every_line_of_the_logs(link):
    line = logging.LogRecord(
        "gunicorn.access",
        20,
        "",
        0,
        '%(h)s "GET %(U)s" 200',
        ({"h": "1.2.3.4", "U": magic_links.path_of(link)},),
        None,
    )
    RedactTokens().filter(line)
    assert line.getMessage() == '1.2.3.4 "GET /a-page/magic-…/" 200'
    assert logging.getLogger("gunicorn.access").handlers[0].filters


def test_a_link_of_before_the_secret_key_changed_still_opens_and_the_next_mail_has_a_new_one(
    client, link, settings
):
    old = magic_links.path_of(link)
    settings.SECRET_KEY = "another key altogether"

    assert client.get(old).status_code == 200
    new = magic_links.issue(
        PURPOSE, about=Organization.objects.get(), contact=link.contact, now=timezone.now()
    )
    assert client.get(magic_links.path_of(new)).status_code == 200


# ── Contacts ──


def test_an_address_is_kept_once_whatever_its_capitals():
    now = timezone.now()
    first = contacts.keep("Ada", "Ada@Lab.example", source="met at the fair", now=now)
    second = contacts.keep("A. Somebody", "ada@lab.EXAMPLE", now=now)
    assert (first.pk, second.name, second.email) == (second.pk, "Ada", "ada@lab.example")


def test_an_organization_is_kept_once_whatever_its_capitals():
    first = contacts.organization_called("Cliff  Robotics")
    assert contacts.organization_called("cliff robotics") == first


def test_a_changed_address_ends_the_links_of_the_former_one(client, link):
    Contact.objects.update(email="new@lab.example")
    contacts.address_changed(Contact.objects.get(), now=timezone.now())
    assert client.get(magic_links.path_of(link)).status_code == 410


def test_a_contact_is_joined_with_the_account_that_proves_the_address():
    contact, person = make_contact(email="p@lab.example"), make_user()
    contacts.address_verified(person, "P@lab.example")
    contact.refresh_from_db()
    assert contact.user == person


def test_an_erased_contact_has_no_name_address_or_links(link):
    officer, contact = make_officer(), link.contact

    assert contacts.erase(contact, by=officer, now=timezone.now())
    assert not contacts.erase(contact, by=officer, now=timezone.now())

    contact.refresh_from_db()
    assert (contact.name, contact.email, contact.notes, contact.magic_links.count()) == (
        "Erased contact",
        "",
        "",
        0,
    )


def test_officers_see_contacts_and_members_do_not():
    make_contact()
    assert Contact.objects.visible_to(make_officer()).count() == 1
    assert Contact.objects.visible_to(make_user()).count() == 0
