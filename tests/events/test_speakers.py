from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from events import schedule, speakers
from events.models import Material, SpeakerVisit, Talk
from events.notifications import SpeakerReminder
from members import contacts, magic_links
from members.ledger.sending import sweep
from members.models import MagicLink, Notification
from mlclub.refusal import Refused
from tests.events.test_races import all_at_once
from tests.factories import (
    make_attendance,
    make_contact,
    make_event,
    make_invited,
    make_member,
    make_officer,
    make_user,
    make_visit,
)

pytestmark = pytest.mark.django_db
YES = speakers.Answer(said={"recording": "yes", "title": "Robots that ask"})


def page_of(visit):
    return magic_links.path_of(speakers.link_of(visit, timezone.now()))


def told(kind):
    return [row.to for row in Notification.objects.filter(kind=kind).order_by("pk")]


def picture():
    held = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(held, "PNG")
    return SimpleUploadedFile("me.png", held.getvalue(), "image/png")


# ── Ideas ──


def test_any_member_puts_a_speaker_on_the_list_and_the_second_time_finds_them_there(client):
    member = make_member()
    client.force_login(member)
    said = {"name": "Ada Wave", "organization": "Tide Lab", "why": "She built the buoy.", "topics": "optics"}

    client.post(reverse("events:speaker_suggest"), said)
    page = client.post(reverse("events:speaker_suggest"), said, follow=True)

    visit = SpeakerVisit.objects.get()
    assert (visit.contact.name, visit.contact.organization.name, visit.state) == (
        "Ada Wave",
        "Tide Lab",
        "idea",
    )
    assert (visit.suggested_by, visit.host, visit.waits_for) == (member, None, "somebody to host them")
    assert "Ada Wave is on the list already: idea." in page.content.decode()


def test_an_address_needs_to_say_where_it_comes_from(client):
    client.force_login(make_member())
    response = client.post(
        reverse("events:speaker_suggest"), {"name": "Ada", "email": "a@lab.example", "why": "She knows."}
    )
    assert response.status_code == 422
    assert "Say where the address comes from" in response.content.decode()
    assert 'value="a@lab.example"' in response.content.decode()


def test_whoever_suggested_a_speaker_sees_the_stage_and_no_address(client):
    member = make_member()
    visit = make_invited(contact=make_contact(name="Ada Wave", email="ada@lab.example"))
    SpeakerVisit.objects.update(suggested_by=member)
    client.force_login(member)

    page = client.get(reverse("events:speaker_list")).content.decode()

    assert "Ada Wave" in page
    assert "waits for their answer" in page
    assert "ada@lab.example" not in page
    assert client.get(visit.get_absolute_url()).status_code == 403


# ── Inviting ──


def test_the_letter_is_looked_at_before_it_goes_and_carries_the_link(client):
    host = make_member(name="Hana Host")
    event = make_event(title="General meeting", hosts=[host])
    visit = make_visit(host=host, contact=make_contact(email="ada@lab.example"))
    client.force_login(host)
    url = reverse("events:speaker_invite", args=[visit.pk])
    assert "I am Hana Host" in client.get(url).content.decode()
    said = {"event": event.pk, "subject": "Speak?", "letter": "Dear Ada", "getting_in": "Ring at door 3"}

    preview = client.post(url, {**said, "step": "preview"}).content.decode()
    assert "This goes to ada@lab.example" in preview
    assert Notification.objects.count() == 0

    client.post(url, {**said, "step": "send"})
    sweep(now=timezone.now())
    (sent,) = mail.outbox
    visit.refresh_from_db()
    assert (sent.to, sent.subject, visit.state) == (["ada@lab.example"], "Speak?", "invited")
    assert page_of(visit) in sent.body
    assert "Ring at door 3" in sent.body


def test_an_invitation_needs_an_event_or_a_date_to_come(client):
    host = make_member()
    visit = make_visit(host=host)
    client.force_login(host)
    response = client.post(
        reverse("events:speaker_invite", args=[visit.pk]), {"subject": "S", "letter": "L", "step": "send"}
    )
    assert response.status_code == 422
    assert "Choose an event, or propose a date at least." in response.content.decode()


def test_whom_somebody_has_invited_is_not_invited_again_before_the_answer():
    contact = make_contact(name="Ada")
    first = make_visit(contact=contact, host=make_member(name="Hana Host"))
    second = make_visit(contact=contact, state="put_off")
    event = make_event()
    speakers.invite(first, event=event, subject="S", letter="L", by=first.host, now=timezone.now())

    with pytest.raises(Refused, match="Hana Host has invited Ada already"):
        speakers.invite(
            second, event=make_event(), subject="S", letter="L", by=second.host, now=timezone.now()
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        SpeakerVisit.objects.filter(pk=second.pk).update(state="invited", invited_at=timezone.now())


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_officers_who_invite_the_same_person_at_once_one_letter_goes():
    contact, event = make_contact(), make_event()
    visits = [make_visit(contact=contact, state="put_off") for _ in range(6)]
    answers = []

    def invite(visit):
        try:
            speakers.invite(visit, event=event, subject="S", letter="L", by=visit.host, now=timezone.now())
            answers.append("sent")
        except Refused:
            answers.append("refused")

    all_at_once([lambda visit=visit: invite(visit) for visit in visits])
    assert sorted(answers) == ["refused"] * 5 + ["sent"]
    assert told("speaker-invited") == [contact.email]


def test_an_invitation_that_was_taken_back_opens_nothing(client):
    visit = make_invited()
    page = page_of(visit)
    assert speakers.take_back(visit, by=visit.host, now=timezone.now())
    assert not speakers.take_back(visit, by=visit.host, now=timezone.now())
    assert client.get(page).status_code == 410


# ── The speaker's page ──


def test_a_speaker_says_yes_without_an_account_and_the_host_and_the_events_officer_hear_it(client):
    officer = make_officer(slug="events")
    visit = make_invited(contact=make_contact(name="Ada Wave"), audience="Forty who know Python")
    page = page_of(visit)
    read = client.get(page).content.decode()
    assert visit.host.email in read
    assert "Forty who know Python" in read
    assert SpeakerVisit.objects.get().state == "invited"

    response = client.post(page, {"recording": "audio", "title": "Tides", "equipment": "HDMI"}, follow=True)

    visit.refresh_from_db()
    talk = Talk.objects.get()
    assert "Thank you. We look forward to it." in response.content.decode()
    assert (visit.state, visit.talk, talk.title, talk.names) == ("confirmed", talk, "Tides", ["Ada Wave"])
    assert (talk.may_record, talk.audio_only) == (True, True)
    assert sorted(told("speaker-answered")) == sorted([officer.email, visit.host.email])
    assert told("speaker-confirmed") == [visit.contact.email]


def test_a_second_click_says_yes_once():
    visit = make_invited()
    now = timezone.now()
    assert speakers.confirm(visit, YES, now=now)
    assert not speakers.confirm(visit, YES, now=now)
    assert (Talk.objects.count(), len(told("speaker-answered"))) == (1, 1)


@pytest.mark.parametrize(
    ("said", "may", "audio"),
    [("yes", True, False), ("audio", True, True), ("no", False, False), ("", None, False)],
)
def test_what_a_speaker_says_of_recording_stands_with_the_talk(said, may, audio):
    visit = make_invited()
    speakers.confirm(visit, speakers.Answer(said={"recording": said}), now=timezone.now())
    talk = Talk.objects.get()
    assert (talk.may_record, talk.audio_only) == (may, audio)


def test_only_the_sound_is_never_recorded_without_consent():
    talk = Talk(event=make_event(), audio_only=True, may_record=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        talk.save()
    Talk.objects.create(event=make_event(), audio_only=True, may_record=True)


def test_a_change_of_mind_about_recording_reaches_the_talk_and_the_hosts():
    visit = make_invited()
    speakers.confirm(visit, YES, now=timezone.now())
    speakers.confirm(
        visit, speakers.Answer(said={"recording": "no"}), now=timezone.now() + timedelta(minutes=1)
    )
    assert Talk.objects.get().may_record is False
    assert Notification.objects.filter(kind="speaker-answered", data__what="changed").count() == 1


def test_a_speaker_with_an_account_speaks_with_it():
    person = make_user()
    visit = make_invited(contact=make_contact(user=person))
    speakers.confirm(visit, YES, now=timezone.now())
    talk = Talk.objects.get()
    assert (list(talk.speakers.all()), talk.speaker_names) == ([person], "")


def test_the_talk_of_somebody_who_makes_an_account_later_becomes_theirs():
    visit = make_invited()
    speakers.confirm(visit, YES, now=timezone.now())
    person = make_user()
    contacts.address_verified(person, visit.contact.email)
    speakers.account_found(person)
    assert list(Talk.objects.get().speakers.all()) == [person]


def test_no_or_another_date_with_a_sentence(client):
    visit = make_invited()
    page = page_of(visit)
    bad = client.post(f"{page}decline/", {})
    assert bad.status_code == 422

    client.post(f"{page}decline/", {"another": "yes", "sentence": "Any Tuesday in spring."})
    visit.refresh_from_db()
    assert (visit.state, visit.answer) == ("put_off", "Any Tuesday in spring.")
    assert Notification.objects.get(kind="speaker-answered").data["what"] == "put off"

    # They change their mind on the same page.
    client.post(page, {"recording": "no"})
    visit.refresh_from_db()
    assert visit.state == "confirmed"


def test_a_speaker_who_cannot_come_after_all_takes_the_talk_off_the_event():
    visit = make_invited()
    speakers.confirm(visit, YES, now=timezone.now())
    speakers.decline(visit, "I am ill.", another_date=False, now=timezone.now())
    assert Talk.objects.count() == 0
    assert SpeakerVisit.objects.get().state == "declined"


def test_one_of_the_proposed_dates_is_chosen_and_gets_its_event(client):
    now = timezone.now().replace(second=0, microsecond=0)
    dates = [now + timedelta(days=20), now + timedelta(days=27)]
    visit = make_invited(proposed=dates)
    page = page_of(visit)
    assert client.post(page, {"title": "Tides"}).status_code == 422

    client.post(page, {"agreed_on": dates[1].isoformat()})
    visit.refresh_from_db()
    assert (visit.state, visit.agreed_on, visit.waits_for) == (
        "confirmed",
        dates[1],
        f"{visit.host.display_name} to make the event",
    )

    event = make_event(starts_at=dates[1])
    speakers.set_event(visit, event, now=now)
    visit.refresh_from_db()
    assert (visit.talk.event, told("speaker-event-changed")) == (event, [visit.contact.email])


def test_a_date_that_nobody_proposed_is_refused():
    now = timezone.now()
    visit = make_invited(proposed=[now + timedelta(days=20)])
    with pytest.raises(Refused, match="one of the dates"):
        speakers.confirm(visit, speakers.Answer(agreed_on=now + timedelta(days=3)), now=now)


def test_nothing_is_changed_once_the_talk_has_begun(client):
    visit = make_invited()
    speakers.confirm(visit, YES, now=timezone.now())
    with pytest.raises(Refused):
        speakers.confirm(visit, YES, now=visit.event.starts_at + timedelta(minutes=1))


def test_slides_come_until_the_day_is_over_and_the_next_replace_the_last(client):
    visit = make_invited()
    speakers.confirm(visit, YES, now=timezone.now())
    page = page_of(visit)
    assert client.post(f"{page}slides/", {}).status_code == 422

    client.post(f"{page}slides/", {"url": "https://files.example/a"})
    client.post(f"{page}slides/", {"file": SimpleUploadedFile("b.pdf", b"%PDF-1.4 b")})

    slides = Material.objects.get()
    assert (slides.kind, bool(slides.file), slides.url, slides.visible_from) == (
        "slides",
        True,
        "",
        visit.event.starts_at,
    )
    with pytest.raises(Refused):
        speakers.add_slides(visit, url="https://x.example", now=visit.event.ends_at)


def test_a_photo_or_slides_that_are_replaced_leave_no_file_behind(client, django_capture_on_commit_callbacks):
    visit = make_invited()
    page = page_of(visit)
    client.post(page, {"title": "Tides", "new_photo": picture()})
    client.post(f"{page}slides/", {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.4 a")})
    visit.refresh_from_db()
    photo, slides = visit.photo, Material.objects.get().file
    with django_capture_on_commit_callbacks() as waiting:
        client.post(page, {"title": "Tides", "new_photo": picture()})
        client.post(f"{page}slides/", {"file": SimpleUploadedFile("b.pdf", b"%PDF-1.4 b")})
        assert photo.storage.exists(photo.name), "until it is committed"
    for callback in waiting:
        callback()
    visit.refresh_from_db()
    left = Material.objects.get().file
    assert not photo.storage.exists(photo.name)
    assert not slides.storage.exists(slides.name)
    assert visit.photo.storage.exists(visit.photo.name)
    assert left.storage.exists(left.name)


def test_photo_and_bio_are_shown_with_the_event_only_where_the_speaker_agreed(client):
    visit = make_invited(contact=make_contact(name="Ada Wave"))
    page = page_of(visit)
    said = {"bio": "Builds buoys.", "affiliation": "Tide Lab", "new_photo": picture()}
    client.post(page, said)
    event = visit.event.get_absolute_url()
    photo = reverse("events:speaker_photo", args=[visit.pk])
    read = client.get(event).content.decode()
    assert "Ada Wave" in read
    assert "Builds buoys." not in read
    assert photo not in read
    assert client.get(photo).status_code == 404

    client.post(page, {**said, "new_photo": "", "is_shown": "on", "shows_photo": "on"})
    read = client.get(event).content.decode()
    assert "Builds buoys." in read
    assert "Tide Lab" in read
    assert photo in read
    assert client.get(photo)["Content-Type"] == "image/png"


def test_a_picture_that_is_none_gets_a_sentence_and_what_was_typed_stays(client):
    visit = make_invited()
    response = client.post(
        page_of(visit), {"title": "Tides of Ada", "new_photo": SimpleUploadedFile("x.png", b"<svg>")}
    )
    assert response.status_code == 422
    assert "Tides of Ada" in response.content.decode()
    assert SpeakerVisit.objects.get().state == "invited"


# ── The event changes ──


def test_a_moved_event_tells_its_speaker_once_for_each_change():
    visit = make_invited()
    now = timezone.now()
    speakers.confirm(visit, YES, now=now)
    schedule.move(visit.event, place="Hall 9", now=now)
    schedule.move(visit.event, place="Hall 9", now=now)
    sweep(now=now)

    changed = [message for message in mail.outbox if message.subject.startswith("Changed")]
    assert [message.to for message in changed] == [[visit.contact.email]]
    assert "Hall 9" in changed[0].body
    assert "It was at: Hall 3" in changed[0].body
    assert any(name == "event.ics" for name, _, _ in changed[0].attachments)


def test_a_cancelled_event_puts_its_speaker_off_and_tells_them(client):
    visit = make_invited()
    now = timezone.now()
    speakers.confirm(visit, YES, now=now)
    schedule.cancel(visit.event, "The hall is flooded", now=now)
    sweep(now=now)

    visit.refresh_from_db()
    assert visit.state == "put_off"
    assert any("The hall is flooded" in m.body and m.to == [visit.contact.email] for m in mail.outbox)
    assert "The hall is flooded" in client.get(page_of(visit)).content.decode()


def test_a_speaker_is_reminded_a_week_and_a_day_before():
    start = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
    visit = make_visit(
        state="confirmed",
        event=make_event(starts_at=start),
        answered_at=start - timedelta(days=30),
        invited_at=start - timedelta(days=40),
    )

    def due(before):
        return [each.slot[-2:] for each in SpeakerReminder().due(start - before)]

    assert due(timedelta(days=8)) == []
    assert due(timedelta(days=6, hours=23)) == ["7d"]
    assert due(timedelta(hours=3)) == ["7d", "1d"]
    # Who said yes yesterday has just been told.
    SpeakerVisit.objects.update(answered_at=start - timedelta(days=3))
    assert due(timedelta(hours=3)) == ["1d"]
    assert visit.pk


# ── Afterwards ──


def spoken_visit():
    visit = make_invited()
    now = timezone.now()
    speakers.confirm(visit, YES, now=now)
    make_attendance(event=visit.event, user=make_user())
    return visit, visit.event.ends_at + timedelta(hours=13)


def test_the_day_after_a_thank_you_waits_for_the_host_and_goes_out_once():
    visit, later = spoken_visit()
    assert speakers.close_over(later - timedelta(hours=12)) == 0
    assert (speakers.close_over(later), speakers.close_over(later)) == (1, 0)
    visit.refresh_from_db()
    assert (visit.state, told("speaker-to-thank")) == ("spoke", [visit.host.email])
    assert "“Robots that ask”; 1 of us were there" in visit.thanks
    assert told("speaker-thanked") == []

    assert speakers.thank(visit, "Thank you, Ada.", by=visit.host, now=later)
    assert not speakers.thank(visit, "Thanks again.", by=visit.host, now=later)
    visit.refresh_from_db()
    assert (visit.state, visit.thanks, told("speaker-thanked")) == (
        "thanked",
        "Thank you, Ada.",
        [visit.contact.email],
    )


def test_nobody_is_thanked_before_they_have_spoken():
    visit = make_invited()
    with pytest.raises(Refused, match="not spoken yet"):
        speakers.thank(visit, "Thanks", by=visit.host, now=timezone.now())


def test_the_page_stays_useful_afterwards_and_shows_the_recording(client):
    visit, later = spoken_visit()
    speakers.close_over(later)
    Material.objects.create(
        event=visit.event, kind="recording", title="The film", url="https://films.example/1"
    )
    page = client.get(page_of(visit)).content.decode()
    assert "https://films.example/1" in page
    assert "Thank you for your talk" in page
    assert client.post(page_of(visit), {"title": "Late"}).status_code == 422


def test_officers_read_the_history_of_a_contact_and_members_do_not(client):
    visit, _later = spoken_visit()
    url = reverse("members:contact_detail", args=[visit.contact_id])
    client.force_login(make_officer())
    assert "Robots that ask" in client.get(url).content.decode()
    client.force_login(make_member())
    assert client.get(url).status_code == 403


def test_an_erased_contact_leaves_a_talk_without_a_name():
    visit, later = spoken_visit()
    SpeakerVisit.objects.update(bio="Builds buoys.", letter="Dear Ada")
    contacts.erase(visit.contact, by=make_officer(), now=later)
    visit.refresh_from_db()
    assert (visit.bio, visit.letter, visit.talk.speaker_names, visit.contact.name) == (
        "",
        "",
        "",
        "Erased contact",
    )
    assert MagicLink.objects.count() == 0


def test_a_contact_whose_address_changes_gets_a_new_link_and_the_old_one_ends(client):
    officer = make_officer()
    visit = make_invited()
    old = page_of(visit)
    client.force_login(officer)
    client.post(
        reverse("members:contact_edit", args=[visit.contact_id]),
        {
            "name": visit.contact.name,
            "email": "New@Lab.example",
            "source": "told us",
            "organization_kind": "lab",
        },
    )
    visit.refresh_from_db()
    assert visit.contact.email == "new@lab.example"
    assert client.get(old).status_code == 410


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_costs_the_same_for_any_number_of_speakers(client, size, django_assert_max_num_queries):
    for state in ("idea", "invited", "confirmed", "spoke", "thanked", "declined"):
        for _ in range(size):
            make_visit(state=state)
    client.force_login(make_officer())
    with django_assert_max_num_queries(15):
        assert client.get(reverse("events:speaker_list")).status_code == 200
