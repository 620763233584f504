"""The notes that a paper talk leaves in the wiki."""

import pytest
from django.urls import reverse

from nmep import paper_notes, papers
from nmep.models import PaperTalk
from tests.events.test_races import all_at_once
from tests.factories import make_claim, make_member, make_paper
from tests.factories.nmep import make_enrolment
from tests.nmep.test_paper_talks import now, slot_of, with_sheet
from wiki.models import BibEntry, Page

pytestmark = pytest.mark.django_db


def presented(*people):
    """A talk of week 4, which is over, held by these people."""
    offering = with_sheet()
    slot = slot_of(offering, 4)
    for person in people:
        make_enrolment(offering=offering, person=person)
        make_claim(slot=slot, person=person)
    talk = papers.choose(slot, make_paper(title="Attention: [all] you need"), by=offering.lead, now=now())
    return offering, slot, talk


def test_a_presenter_begins_the_notes_in_one_step_with_what_is_known_of_the_talk(client):
    presenter = make_member(name="Ada Quill")
    offering, slot, talk = presented(presenter)
    BibEntry.objects.create(key="vaswani2017", bibliography="refs.bib", paper=talk.paper)
    client.force_login(presenter)
    assert "Begin its notes in the wiki" in client.get(slot.get_absolute_url()).content.decode()

    answer = client.post(reverse("nmep:paper_notes", args=[offering.slug, slot.pk]))

    page = Page.objects.get()
    assert (page.path, page.owner) == ("Paper notes/Attention: all you need", presenter)
    assert answer.url == reverse("wiki:page_edit", args=[page.path])
    for words in ("@vaswani2017", "Presented by Ada Quill", "## Synthesis", slot.event.get_absolute_url()):
        assert words in page.text
    body = client.get(slot.get_absolute_url()).content.decode()
    assert "Begin its notes" not in body
    assert page.get_absolute_url() in body
    assert page.get_absolute_url() in client.get(talk.paper.get_absolute_url()).content.decode()
    assert client.post(reverse("nmep:paper_notes", args=[offering.slug, slot.pk])).url == answer.url


def test_others_do_not_begin_the_notes_of_a_talk(client):
    offering, slot, _ = presented(make_member())
    other = make_member()
    make_enrolment(offering=offering, person=other)
    client.force_login(other)
    assert client.post(reverse("nmep:paper_notes", args=[offering.slug, slot.pk])).status_code == 404
    assert not Page.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_presenters_who_click_at_once_get_one_page():
    first, second = make_member(), make_member()
    _, _, talk = presented(first, second)
    found = []

    def write(person):
        fresh = PaperTalk.objects.select_related("paper", "slot__event").get(pk=talk.pk)
        found.append(paper_notes.write(fresh, by=person, now=now()).pk)

    all_at_once([lambda: write(first), lambda: write(second)])
    assert len(set(found)) == 1
    assert Page.objects.count() == 1
