from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from events import afterwards, feedback
from events.models import Album, AlbumObjection, FeedbackForm, Material
from members.models import Notification, Thanks, Topic
from tests.factories import (
    make_album,
    make_attendance,
    make_club,
    make_event,
    make_material,
    make_member,
    make_officer,
    make_talk,
    make_term,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


@pytest.fixture
def host():
    return make_member(name="Hedy Host")


@pytest.fixture
def over(host):
    """An evening that ended three hours ago."""
    return make_event(
        title="Papers", starts_at=timezone.now() - timedelta(hours=5), hosts=[host], visibility="members"
    )


def page_of(client, person, event):
    client.force_login(person)
    return client.get(event.get_absolute_url()).content.decode()


# ── Recordings ──


def test_no_recording_of_a_speaker_who_said_no_by_form_admin_or_database(client, over, host):
    make_talk(event=over, title="Tides", speaker_names="Ann", may_record=False)
    client.force_login(host)
    data = {"kind": "recording", "title": "Film", "url": "https://v.example/1", "visibility": "members"}
    answer = client.post(reverse("events:material_create", args=[over.pk]), data)
    assert answer.status_code == 422
    assert Material.REFUSED in answer.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Material.objects.bulk_create(
            [Material(event=over, kind="recording", title="F", url="https://v.example")]
        )
    assert not Material.objects.exists()


def test_one_speaker_who_says_no_does_not_lock_the_talk_of_another(over):
    make_talk(event=over, title="No", speaker_names="Ann", may_record=False)
    yes = make_talk(event=over, title="Yes", speaker_names="Bo", may_record=True)
    film = make_material(event=over, kind="recording", talk=yes)
    assert list(Material.objects.unlocked()) == [film]


def test_a_yes_that_is_taken_back_hides_the_recording_at_once_and_tells_the_hosts_once(client, over, host):
    speaker = make_member()
    talk = make_talk(event=over, title="Tides", speakers=[speaker], may_record=True)
    make_material(event=over, kind="recording", title="The film", url="https://v.example/film")
    assert "https://v.example/film" in page_of(client, make_member(), over)
    client.force_login(speaker)
    client.post(reverse("events:talk_consent", args=[over.pk, talk.pk]), {"may": "no"})
    for person in (make_member(), make_officer(), host):
        assert "https://v.example/film" not in page_of(client, person, over)
    assert "does not want to be recorded" in page_of(client, host, over)
    for _ in range(2):
        call_command("notify", "--once")
    assert [letter.to for letter in mail.outbox] == [[host.email]]
    assert mail.outbox[0].subject == "Not to be shown any more: The film, Papers"


def test_only_the_speaker_says_whether_they_are_recorded(client, over):
    talk = make_talk(event=over, title="Tides", speakers=[make_member()], may_record=False)
    client.force_login(make_member())
    assert (
        client.post(reverse("events:talk_consent", args=[over.pk, talk.pk]), {"may": "yes"}).status_code
        == 404
    )


def test_recordings_are_found_by_topic_term_speaker_and_words(client, over):
    topic = Topic.objects.create(name="Tides", slug="tides")
    term = make_term()
    over.term = term
    over.save()
    over.topics.add(topic)
    make_talk(event=over, title="Ebb and flow", speakers=[make_member(name="Ada Quill")])
    make_material(event=over, kind="slides")
    make_material(
        event=make_event(title="Other", starts_at=timezone.now() - timedelta(days=1)), kind="slides"
    )
    client.force_login(make_member())
    address = reverse("events:recording_list")

    def titles(**asked):
        return [event.title for event in client.get(address, asked).context["page_obj"]]

    assert titles() == ["Papers", "Other"]
    for asked in ({"topic": "tides"}, {"term": term.slug}, {"speaker": "quill"}, {"q": "ebb"}):
        assert titles(**asked) == ["Papers"]
    assert titles(q="nothing of the kind") == []
    assert client.get(address, {"kind": "nonsense"}).status_code == 422


@pytest.mark.parametrize("size", [1, 5])
def test_the_recordings_cost_the_same_for_any_number(client, size, django_assert_max_num_queries):
    for n in range(size):
        event = make_event(starts_at=timezone.now() - timedelta(days=n + 1))
        make_talk(event=event, title="T", speakers=[make_member()])
        make_material(event=event, kind="slides")
    client.force_login(make_member())
    with django_assert_max_num_queries(15):
        client.get(reverse("events:recording_list"))


# ── Pictures ──


def test_pictures_are_for_members_and_whoever_was_there(client, over, host):
    over.visibility = "public"
    over.save()
    make_album(event=over, by=host, url="https://pictures.club.example/a")
    assert "pictures.club.example" in page_of(client, make_member(), over)
    client.logout()
    assert "pictures.club.example" not in client.get(over.get_absolute_url()).content.decode()


def test_a_host_reads_who_does_not_want_to_be_shown_and_has_to_look_first(client, over, host):
    shy = make_member(name="Shy Ann", avoids_photographs=True)
    make_attendance(event=over, user=shy)
    client.force_login(host)
    address = reverse("events:album_edit", args=[over.pk])
    assert "Shy Ann" in client.get(address).content.decode()
    bad = client.post(address, {"url": "https://pictures.club.example/a"})
    assert (bad.status_code, Album.objects.count()) == (422, 0)
    assert "Look through the pictures first." in bad.content.decode()
    client.post(address, {"url": "https://pictures.club.example/a", "is_vouched": "on"})
    assert Album.objects.get().vouched_by == host


def test_whoever_objects_hides_the_album_until_a_host_has_looked_again(client, over, host):
    album = make_album(event=over, by=host)
    person = make_member(name="Ann")
    client.force_login(person)
    address = reverse("events:album_object", args=[over.pk])
    client.post(address, {"which": "third row"})
    assert client.post(address, {"which": "again"}).status_code == 404, "it is hidden from them too"
    assert album.url not in page_of(client, make_member(), over)
    call_command("notify", "--once")
    (letter,) = mail.outbox
    assert (letter.to, "Ann" in letter.body) == ([host.email], False)
    assert (
        "third row"
        in (client.force_login(host), client.get(reverse("events:album_edit", args=[over.pk])))[
            1
        ].content.decode()
    )
    afterwards.share_album(over, album.url, by=host, now=timezone.now())
    assert AlbumObjection.objects.open().count() == 0
    assert album.url in page_of(client, make_member(), over)


# ── Feedback ──


def test_whoever_was_there_is_asked_and_hosts_read_sums_from_four_answers_on(client, over, host):
    there = [make_member() for _ in range(4)]
    for person in there:
        make_attendance(event=over, user=person)
    now = timezone.now()
    assert (afterwards.ask_those_who_came(now), afterwards.ask_those_who_came(now)) == (1, 0)
    form = FeedbackForm.objects.get()
    assert "Tell the hosts" in page_of(client, there[0], over)
    assert "Tell the hosts" not in page_of(client, make_member(), over)
    results = reverse("events:event_feedback", args=[over.pk])
    for n, person in enumerate(there):
        feedback.give(form, ratings={"good": 4}, texts={"next": f"More soup {n}"}, now=now, person=person)
        client.force_login(host)
        page = client.get(results).content.decode()
        assert ("More soup 0" in page) == (n == 3)
    assert "Tell the hosts" not in page_of(client, there[0], over)
    assert client.get(results).status_code == 403


# ── Thanks ──


def test_the_hosts_keep_a_draft_and_send_it_once(client, over, host):
    speaker = make_member(name="Ada Quill")
    make_talk(event=over, title="Tides", speakers=[speaker])
    client.force_login(host)
    address = reverse("events:event_thank", args=[over.pk])
    assert "Ada Quill" in client.get(address).content.decode()
    words = {"sentence": "What a talk!", "people": [speaker.pk]}
    client.post(address, {**words, "draft": "1"})
    assert (Thanks.objects.count(), Notification.objects.filter(kind="thanked").count()) == (0, 0)
    assert "What a talk!" in client.get(address).content.decode()
    client.post(address, {**words, "send": "1"})
    assert client.post(address, {**words, "send": "1"}).status_code == 422
    assert Thanks.objects.get().to == speaker
    profile = client.get(speaker.get_absolute_url()).content.decode()
    assert "was thanked for" in profile
    assert client.post(address, {"sentence": "", "send": "1"}).status_code == 422


def test_nobody_is_thanked_before_it_is_over(client, host):
    event = make_event(starts_at=timezone.now() - timedelta(minutes=5), hosts=[host])
    speaker = make_member()
    make_talk(event=event, title="Tides", speakers=[speaker])
    client.force_login(host)
    words = {"sentence": "What a talk!", "people": [speaker.pk], "send": "1"}
    assert client.post(reverse("events:event_thank", args=[event.pk]), words).status_code == 422
    assert not Thanks.objects.exists()
