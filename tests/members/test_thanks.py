from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from members import thanking
from members.models import Notification, Thanks
from tests.factories import make_event, make_member, make_thanks

pytestmark = pytest.mark.django_db


def thank(*people, by, about, sentence="You carried every chair."):
    return thanking.thank(
        people, by=by, about=about, title="the soup evening", sentence=sentence, now=timezone.now()
    )


def test_whoever_is_thanked_gets_the_sentence_by_mail_once():
    host, helper = make_member(name="Ada Quill"), make_member()
    event = make_event()
    assert thank(helper, by=host, about=event) == 1
    assert thank(helper, by=host, about=event, sentence="And the tables!") == 0
    call_command("notify", "--once")
    (letter,) = mail.outbox
    assert letter.to == [helper.email]
    assert letter.subject == "Ada Quill thanks you: the soup evening"
    assert "You carried every chair." in letter.body
    assert Thanks.objects.get().sentence == "You carried every chair."


def test_two_hosts_thank_a_person_for_a_thing_once():
    first, second, helper = make_member(), make_member(), make_member()
    event = make_event()
    assert [thank(helper, by=first, about=event), thank(helper, by=second, about=event)] == [1, 0]
    assert thank(helper, by=second, about=make_event()) == 1
    assert Notification.objects.filter(kind="thanked").count() == 2


def test_nobody_thanks_themselves():
    host = make_member()
    event = make_event()
    assert thank(host, by=host, about=event) == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        make_thanks(to=host, by=host, about=event)


def test_thanks_that_were_taken_back_are_not_sent():
    helper = make_member()
    thank(helper, by=make_member(), about=make_event())
    Thanks.objects.all().delete()
    call_command("notify", "--once")
    assert mail.outbox == []
    assert Notification.objects.get().reason == "taken back"


def test_thanks_of_one_kind_of_thing_are_found_by_its_name():
    host, helper = make_member(), make_member()
    event = make_event()
    row = make_thanks(to=helper, by=host, about=event, at=timezone.now() - timedelta(days=1))
    assert list(Thanks.objects.about("events.event")) == [row]
    assert row.about_pk == event.pk
    assert list(Thanks.objects.about("projects.project")) == []
