from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events import feedback
from events.models import FeedbackAnswer
from nmep import gathered, showcases
from nmep.models import Capstone, ShowcaseTalk
from tests.factories import make_member, make_user
from tests.factories.capstones import make_capstone, make_showcase
from tests.factories.nmep import make_enrolment, make_lead, make_offering

pytestmark = pytest.mark.django_db
NOW = timezone.now()
GOOD = {"clarity": 4, "idea": 3, "result": 2}


def make_shown(names=("Ants", "Bees"), **fields):
    """Two groups, a lead, and the running order."""
    offering = make_offering()
    groups = [make_capstone(offering=offering, name=name) for name in names]
    lead = make_lead(offering=offering)
    return offering, groups, lead, make_showcase(offering=offering, lead=lead, **fields)


def page(name, offering, *more):
    return reverse(f"nmep:{name}", args=[offering.slug, *more])


def answer(form, n, keep="Keep this"):
    for _ in range(n):
        feedback.give(form, ratings=GOOD, texts={"keep": keep}, now=timezone.now(), person=make_member())


def test_a_lead_numbers_the_groups_and_publishes(client):
    offering, (ants, bees), lead, showcase = make_shown(is_published=False)
    client.force_login(lead)
    data = {"minutes": 8, f"g{ants.pk}": 2, f"g{bees.pk}": 1, "publish": "1"}
    client.post(page("showcase_edit", offering), data)
    showcase.refresh_from_db()
    assert [str(talk.capstone) for talk in showcase.talks.all()] == ["Bees", "Ants"]
    assert showcase.published_at
    assert ShowcaseTalk.objects.exclude(form=None).count() == 2
    last = showcase.talks.last()
    assert last.starts_at(showcase) == showcase.session.event.starts_at + timedelta(minutes=8)
    assert client.post(page("showcase_edit", offering), {"minutes": 1}).status_code == 422
    client.logout()
    told = client.get(page("showcase_detail", offering)).content.decode()
    assert told.index("Bees") < told.index("Ants")
    assert "Read the feedback" not in told


def test_strangers_see_the_order_only_of_a_public_event_and_of_a_published_order(client):
    offering, *_ = make_shown(visibility="members")
    assert client.get(page("showcase_detail", offering)).status_code == 404
    client.force_login(make_member())
    assert client.get(page("showcase_detail", offering)).status_code == 200
    client.logout()
    hidden, *_ = make_shown(names=("Wasps", "Flies"), is_published=False)
    assert "Wasps" not in client.get(page("showcase_detail", hidden)).content.decode()


def test_the_projector_shows_the_talk_that_runs_and_where_to_answer(client):
    offering, _, lead, showcase = make_shown()
    client.force_login(lead)
    first, second = showcase.talks.all()
    assert "Next: Ants" in client.get(page("showcase_screen", offering)).content.decode()
    client.post(page("showcase_show", offering, second.pk))
    shown = client.get(page("showcase_screen", offering)).content.decode()
    assert f"/f/{second.form.code}/" in shown
    assert first.form.code not in shown


def test_feedback_is_held_until_the_lead_releases_it_and_the_group_is_told_once(client):
    offering, (ants, _), lead, showcase = make_shown()
    talk = showcase.talks.first()
    answer(talk.form, 3)
    member = ants.team[0].enrolment.person
    client.force_login(lead)
    assert "Fewer than four answers" in client.get(page("feedback_read", offering, talk.pk)).content.decode()
    client.post(page("feedback_release", offering, talk.pk))
    answer(talk.form, 1, keep="<b>Rude</b>")
    shown = client.get(page("feedback_read", offering, talk.pk)).content.decode()
    assert "&lt;b&gt;Rude&lt;/b&gt;" in shown
    client.force_login(member)
    assert "What the listeners said" not in client.get(ants.get_absolute_url()).content.decode()
    assert client.get(page("feedback_read", offering, talk.pk)).status_code == 404
    rude = next(row for row in FeedbackAnswer.objects.all() if "Rude" in row.texts["keep"])
    client.force_login(lead)
    client.post(page("feedback_hide", offering, talk.pk), {"answer": rude.pk, "key": "keep"})
    for _ in range(2):
        client.post(page("feedback_release", offering, talk.pk))
    client.force_login(member)
    told = client.get(ants.get_absolute_url()).content.decode()
    assert ("What the listeners said" in told, "Keep this" in told, "Rude" in told) == (True, True, False)
    client.force_login(make_member())
    assert "What the listeners said" not in client.get(ants.get_absolute_url()).content.decode()
    call_command("notify", "--once")
    letters = [letter for letter in mail.outbox if letter.subject == "Feedback on Ants is there"]
    assert len(letters) == 3
    assert all("Keep this" not in str(letter.message()) for letter in letters)


def test_the_groups_own_members_do_not_answer_about_themselves(client):
    _, (ants, _), _, showcase = make_shown()
    client.force_login(ants.team[0].enrolment.person)
    asked = client.get(showcase.talks.first().form.get_absolute_url()).content.decode()
    assert "your own work" in asked
    assert "Send" not in asked


def test_who_was_in_the_order_has_presented_once_the_showcase_is_over():
    _offering, groups, _, showcase = make_shown()
    gathered.tick(NOW)
    assert not Capstone.objects.filter(state="presented").exists()
    over = showcase.session.event.ends_at + timedelta(minutes=1)
    showcases.mark_presented(over)
    assert set(Capstone.objects.values_list("state", flat=True)) == {"presented"}
    member = groups[0].team[0].enrolment.person
    assert "What happens next to Ants?" in [card.title for card in gathered.home(member, over)]


def test_a_group_that_comes_later_gets_its_talk_and_form_too():
    offering, _, lead, showcase = make_shown()
    late = make_capstone(offering=offering, name="Crickets")
    showcases.save_order(showcase.session, {late.pk: 1}, minutes=9, by=lead)
    assert [str(talk.capstone) for talk in showcase.talks.all()] == ["Crickets", "Ants", "Bees"]
    assert ShowcaseTalk.objects.filter(form=None).count() == 0


def test_only_leads_arrange_and_read(client):
    offering, (ants, _), _, showcase = make_shown()
    talk = showcase.talks.first()
    for person in (
        make_member(),
        make_user(),
        ants.team[0].enrolment.person,
        make_enrolment(offering=offering, role="helper").person,
    ):
        client.force_login(person)
        for name, *more in [("showcase_edit",), ("showcase_screen",), ("feedback_read", talk.pk)]:
            assert client.get(page(name, offering, *more)).status_code == 404
        assert client.post(page("feedback_release", offering, talk.pk)).status_code == 404
