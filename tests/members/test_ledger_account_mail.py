import pytest
from django.core import mail

from members.models import Notification
from tests.factories import make_club, make_user

pytestmark = pytest.mark.django_db
Status = Notification.Status


def test_a_sign_in_code_goes_at_once_and_leaves_only_its_outcome(client):
    make_club(name="Kelp Forest Club")
    person = make_user()
    client.post("/accounts/login/code/", {"email": person.email})
    [sent] = mail.outbox
    assert sent.to == [person.email]
    [(html, _)] = sent.alternatives
    for text in (sent.body, html):
        assert "Kelp Forest Club" in text
        assert "Your sign-in code is listed below" in text
        assert "You get this because somebody, probably you, used this address here." in text
    row = Notification.objects.get()
    assert (row.person, row.kind, row.status, row.subject, row.data) == (
        person, "account-login_code", Status.SENT, "", {},
    )  # fmt: skip


def test_a_stranger_who_asks_for_a_code_is_kept_as_an_address(client):
    make_club()
    client.post("/accounts/login/code/", {"email": "stranger@club.example"})
    row = Notification.objects.get()
    assert (row.person, row.address, row.status) == (None, "stranger@club.example", Status.SENT)


def test_a_mail_server_that_is_down_is_said_on_the_page_and_kept(client, smtp):
    make_club()
    person = make_user()
    smtp(1)
    response = client.post("/accounts/login/code/", {"email": person.email}, follow=True)
    assert response.status_code == 200
    assert "The mail could not be sent just now" in response.content.decode()
    row = Notification.objects.get()
    assert (row.status, row.reason.partition(":")[0]) == (Status.DEAD, "ConnectionRefusedError")


def test_a_hold_does_not_keep_account_mail(client):
    from django.utils import timezone

    from members.ledger import holding

    make_club()
    holding.hold("restored", now=timezone.now())
    client.post("/accounts/login/code/", {"email": make_user().email})
    assert len(mail.outbox) == 1
