from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events.gathered import home
from events.models import Attendance, Material, Talk
from members.models import Membership, Notification, Topic
from nmep import lecturers
from nmep.models import Session
from tests.factories import make_member, make_talk
from tests.factories.nmep import make_enrolment, make_lead, make_offering, make_session

pytestmark = pytest.mark.django_db


def now():
    return timezone.now()


def planned():
    """Two classes to come, the first of which nobody teaches."""
    offering = make_offering()
    offering.lead = make_lead(offering=offering)
    for week, title in ((6, "Diffusion"), (7, "Agents")):
        make_session(
            offering=offering,
            week=week,
            title=title,
            starts_at=now().replace(hour=12, minute=0, second=0, microsecond=0)
            + timedelta(days=9 * (week - 5)),
        )
    make_talk(event=class_of(offering, 7).event, speakers=[make_member()])
    return offering


def class_of(offering, week):
    return Session.objects.select_related("event", "offering").get(offering=offering, week=week)


def who_gives(topic, offering, **fields):
    person = make_member(term=offering.term, **fields)
    Membership.objects.get(person=person).give.add(
        Topic.objects.get_or_create(name=topic, slug=topic.lower())[0]
    )
    return person


def who_knows(topic, offering):
    person = make_member(term=offering.term)
    person.expertise.add(Topic.objects.get_or_create(name=topic, slug=topic.lower())[0])
    return person


def take(session):
    return reverse("nmep:lecture_take", args=[session.offering.slug, session.pk])


def test_open_weeks_stand_in_amber_and_staffed_ones_with_their_lecturer(client):
    offering = planned()
    client.force_login(offering.lead)
    shown = client.get(reverse("nmep:lecturer_list", args=[offering.slug])).content.decode()
    assert "1 of 2 classes without a lecturer" in shown
    assert shown.count("No lecturer") == 1
    assert Talk.objects.get().speakers.get().display_name in shown


def test_those_who_know_the_topic_or_give_teaching_are_asked_once(client):
    offering = planned()
    asked = {who_gives("Teaching", offering).email, who_knows("Diffusion", offering).email}
    who_knows("Agents", offering)  # that class has somebody
    learner = make_enrolment(offering=offering)
    learner.person.expertise.add(Topic.objects.get(name="Diffusion"))
    client.force_login(offering.lead)
    for _ in range(2):
        client.post(reverse("nmep:lecturer_ask", args=[offering.slug]))
    call_command("notify", "--once")
    assert {letter.to[0] for letter in mail.outbox} == asked
    assert len(mail.outbox) == 2
    assert (
        f"https://portal.club.example{take(class_of(offering, 6))}" in mail.outbox[0].body
        or take(class_of(offering, 6)) in mail.outbox[0].body
    )


def test_a_class_that_opens_later_is_asked_for_and_the_others_are_not_again():
    offering = planned()
    person = who_gives("Teaching", offering)
    assert lecturers.ask(offering, by=offering.lead, now=now()) == 1
    Talk.objects.get().speakers.clear()
    assert lecturers.ask(offering, by=offering.lead, now=now()) == 1
    rows = Notification.objects.filter(person=person, kind="nmep-lecture-wanted").order_by("pk")
    assert [row.data["sessions"] for row in rows] == [[class_of(offering, 6).pk], [class_of(offering, 7).pk]]


def test_a_volunteer_confirms_and_stands_as_the_speaker(client):
    offering = planned()
    session, person = class_of(offering, 6), make_member(term=offering.term)
    client.force_login(person)
    assert "I’ll take week 6" in client.get(take(session)).content.decode()
    assert not Talk.objects.filter(event=session.event).exists()
    for _ in range(2):
        client.post(take(session))
    assert list(Talk.objects.get(event=session.event).speakers.all()) == [person]
    client.force_login(make_member(term=offering.term))
    assert "Somebody took this class just now" in client.post(take(session), follow=True).content.decode()
    assert Talk.objects.get(event=session.event).speakers.count() == 1


def test_a_learner_does_not_teach_the_class_they_sit_in_and_a_stranger_knows_nothing_of_it(client):
    offering = planned()
    for person in (make_enrolment(offering=offering).person,):
        client.force_login(person)
        assert client.get(take(class_of(offering, 6))).status_code == 404


def test_the_leads_are_told_of_a_lecturer_who_drops_out(client):
    offering = planned()
    session = class_of(offering, 7)
    lecturer = Talk.objects.get().speakers.get()
    client.force_login(lecturer)
    client.post(take(session), {"drop": "1"})
    assert not Talk.objects.get().speakers.exists()
    call_command("notify", "--once")
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        ([offering.lead.email], "Week 7 has lost its lecturer")
    ]


def test_a_lecturer_is_reminded_with_a_checklist_and_one_who_dropped_out_is_not():
    offering = planned()
    session = class_of(offering, 7)
    lecturer = Talk.objects.get().speakers.get()
    start = session.event.starts_at
    for days in (8, 6, 5, 1):
        call_command("notify", "--once", "--now", (start - timedelta(days=days)).isoformat())
        if days == 5:
            assert [letter.subject for letter in mail.outbox] == ["In a week you teach Agents"]
            lecturers.drop(session, lecturer, now=now())
            mail.outbox.clear()
    assert [letter.to for letter in mail.outbox if "teach" in letter.subject] == []


def test_slides_are_asked_for_on_the_lecturers_home_until_they_are_there(client):
    offering = make_offering()
    session = make_session(offering=offering, starts_at=now() - timedelta(days=1), title="Diffusion")
    lecturer = make_member(term=offering.term)
    make_talk(event=session.event, speakers=[lecturer])
    Attendance.objects.create(event=session.event, user=lecturer)

    def asked():
        return [card for card in home(lecturer, now()) if "Slides" in card.title]

    (card,) = asked()
    assert card.title == "Slides of Diffusion are missing"
    client.force_login(lecturer)
    client.post(
        card.action_url,
        {"kind": "slides", "title": "Slides", "url": "https://files.example/d", "visibility": "members"},
    )
    assert Material.objects.get().event == session.event
    assert asked() == []
    client.force_login(make_member(term=offering.term))
    assert client.get(card.action_url).status_code == 403


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_costs_the_same_for_any_number_of_classes(client, size, django_assert_max_num_queries):
    offering = planned()
    for week in range(8, 8 + size):
        session = make_session(offering=offering, week=week, starts_at=now() + timedelta(days=week))
        make_talk(event=session.event, speakers=[make_member()])
    client.force_login(offering.lead)
    with django_assert_max_num_queries(15):
        client.get(reverse("nmep:lecturer_list", args=[offering.slug]))
