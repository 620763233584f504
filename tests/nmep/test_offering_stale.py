from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Material
from members.models import AuditEntry
from nmep import stale_text
from nmep.models import Assignment, Milestone, Module, Offering, OfferingSheet, Session
from tests.factories import make_club, make_event, make_material, make_member, make_page, make_term
from tests.factories.nmep import make_assignment, make_lead, make_offering, make_session
from tests.factories.slots import make_sheet, make_slot

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    make_club()
    old = make_term(name="Fall 2026", slug="fa26", starts_on=date(2026, 8, 24))
    new = make_term(name="Spring 2027", slug="sp27", starts_on=date(2027, 1, 18))
    source = make_offering(term=old, slug="fa26", state=Offering.State.ARCHIVED)
    draft = make_offering(
        term=new, slug="sp27", state=Offering.State.DRAFT, program=source.program, cloned_from=source
    )
    make_session(offering=draft, starts_at=timezone.make_aware(timezone.datetime(2027, 1, 25, 20)))
    return draft


def page(offering):
    return reverse("nmep:offering_stale", args=[offering.slug])


def found(offering):
    report = stale_text.findings(offering)
    return [
        (row.place.label, hit.kind, row.line[hit.start : hit.end])
        for row in report.findings
        for hit in row.hits
    ]


def answer_of(finding, **more):
    return {"key": finding.place.key, "number": finding.number, "was": finding.line, **more}


def test_every_kind_of_text_is_read(draft):
    session = draft.sessions.get()
    Offering.objects.filter(pk=draft.pk).update(intro="Welcome to Fall 2026")
    module = Module.objects.create(title="Tides", slug="tides", outline="Taught in FA26")
    Session.objects.filter(pk=session.pk).update(summary="As in fa26", module=module)
    Event.objects.filter(pk=session.event_id).update(summary="fall '26", description="in FA26")
    make_material(
        event=session.event, kind="exercise", title="Fall 2026 sheet", url="https://files.club.example/fa26/a"
    )
    work = make_assignment(offering=draft, key="hw1", title="HW of Fall 2026", text="Clone\n`fa26-hw1`")
    work.parts.update(hint="the fa26 notebook")
    work.criteria.update(description="as in fa26")
    Milestone.objects.create(offering=draft, title="Exam of Fall 2026")
    sheet = make_sheet(title="Papers fa26", text="Fall 2026")
    OfferingSheet.objects.create(offering=draft, sheet=sheet, kind="paper")
    make_slot(sheet=sheet, title="fa26 week 4", topic="Fall 2026")
    draft.refresh_from_db()
    assert found(draft) == [
        ("Welcome", "term", "Fall 2026"),
        ("Week 1: what happens", "term", "fa26"),
        ("Week 1: the event's summary", "term", "fall '26"),
        ("Week 1: the event's description", "term", "FA26"),
        ("Week 1, exercise: the title", "term", "Fall 2026"),
        ("Week 1, exercise: the address", "term", "fa26"),
        ("Module Tides: outline", "term", "FA26"),
        ("HW1: the title", "term", "Fall 2026"),
        ("HW1: what to do", "term", "fa26"),
        ("HW1, part: the hint", "term", "fa26"),
        ("HW1, rubric: the description", "term", "fa26"),
        ("Milestone", "term", "Fall 2026"),
        ("Paper talks: the title", "term", "fa26"),
        ("Paper talks: what to prepare", "term", "Fall 2026"),
        ("Paper talks, fa26 week 4: the title", "term", "fa26"),
        ("Paper talks, fa26 week 4: the topic", "term", "Fall 2026"),
    ]


def test_links_that_lead_nowhere_are_found_and_others_are_not(draft, settings):
    settings.SITE_URL = "https://portal.club.example"
    event = make_event(title="Tide talk")
    make_page(path="Guides/Tides", text="Words\n")
    make_assignment(offering=draft, key="hw1", text="Fine.")
    good = [
        f"[event]({event.get_absolute_url()})",
        "[page](/wiki/Guides/Tides/) and /wiki/guides/tides/ and [folder](/wiki/Guides/)",
        "[work](/nmep/sp27/hw/hw1/) [week](https://portal.club.example/nmep/sp27/week/1/) [home](/home/)",
        "[out](https://else.example/nmep/none/) [anchor](#part-a) <mailto:someone@club.example>",
        "```\n[x](/wiki/None/)\n```",
    ]
    bad = [
        "/events/999999-gone/",
        "/wiki/Nobody/Wrote/",
        "/nmep/sp27/hw/hw9/",
        "/nmep/nope/",
        "/nowhere/at/all/",
        "docs/hw2.html",
        "https://portal.club.example/nmep/sp27/week/99/",
        "/projects/none/",
    ]
    text = "\n".join([*good, *(f"[bad]({href})" for href in bad)])
    Offering.objects.filter(pk=draft.pk).update(intro=text)
    draft.refresh_from_db()
    assert found(draft) == [("Welcome", "link", href) for href in bad]


def test_a_link_to_the_old_offering_is_one_finding_and_is_mended_to_the_new_one(draft):
    make_session(offering=draft.cloned_from, week=3)
    Offering.objects.filter(pk=draft.pk).update(intro="See [week 3](/nmep/fa26/week/3/).")
    draft.refresh_from_db()
    row = stale_text.findings(draft).findings[0]
    assert (len(row.hits), row.better) == (1, "See [week 3](/nmep/sp27/week/3/).")


def test_a_line_is_mended_where_it_stands(client, draft):
    make_assignment(offering=draft, key="hw1", text="First.\r\nDue in Fall 2026.\nLast.")
    lead = make_lead(offering=draft)
    client.force_login(lead)
    report = client.get(page(draft)).context["report"]
    (finding,) = report.findings
    assert (report.summary, finding.better) == ("1 text still speaks of another term.", "Due in Spring 2027.")
    answer = client.post(page(draft), answer_of(finding, line=finding.better), follow=True)
    work = Assignment.objects.get(offering=draft)
    assert work.text == "First.\nDue in Spring 2027.\nLast."
    assert [(spec.n, spec.note) for spec in work.specs.all()] == [(2, "Brought up to date"), (1, "")]
    assert "Nothing speaks of another term" in answer.content.decode()
    assert AuditEntry.objects.get(action="stale-text-mended").actor == lead


def test_the_title_of_a_class_is_mended_on_its_event_too(client, draft):
    session = draft.sessions.get()
    Session.objects.filter(pk=session.pk).update(title="Kick-off FA26")
    Event.objects.filter(pk=session.event_id).update(title="Kick-off FA26")
    client.force_login(make_lead(offering=draft))
    (finding,) = client.get(page(draft)).context["report"].findings
    client.post(page(draft), answer_of(finding, line="Kick-off"))
    session.refresh_from_db()
    assert (session.title, session.event.title, session.event.slug) == ("Kick-off", "Kick-off", "kick-off")


def test_a_text_that_is_too_long_or_no_address_is_refused_and_kept(client, draft):
    session = draft.sessions.get()
    material = make_material(event=session.event, title="Sheet", url="https://files.club.example/fa26/a")
    client.force_login(make_lead(offering=draft))
    (finding,) = client.get(page(draft)).context["report"].findings
    answer = client.post(page(draft), answer_of(finding, line="not an address"))
    words = answer.content.decode()
    assert (answer.status_code, "not an address" in words, "valid URL" in words or "https://" in words) == (
        422,
        True,
        True,
    )
    assert Material.objects.get(pk=material.pk).url == "https://files.club.example/fa26/a"


def test_a_line_that_changed_meanwhile_is_not_written_over(client, draft):
    Offering.objects.filter(pk=draft.pk).update(intro="Fall 2026")
    client.force_login(make_lead(offering=draft))
    (finding,) = client.get(page(draft)).context["report"].findings
    Offering.objects.filter(pk=draft.pk).update(intro="Better words of Fall 2026")
    answer = client.post(page(draft), answer_of(finding, line="Spring 2027"), follow=True)
    assert "has changed since you saw it" in answer.content.decode()
    assert Offering.objects.get(pk=draft.pk).intro == "Better words of Fall 2026"


@pytest.mark.parametrize(
    "typed", [{}, {"key": "offering-1-slug", "number": "0"}, {"key": "x", "number": "x"}]
)
def test_nothing_but_the_texts_of_the_offering_can_be_written(client, draft, typed):
    client.force_login(make_lead(offering=draft))
    assert client.post(page(draft), {**typed, "was": "sp27", "line": "mine"}).status_code == 302
    assert Offering.objects.get(pk=draft.pk).slug == "sp27"


def test_what_is_right_as_it_is_is_not_asked_again_until_it_changes(client, draft):
    Offering.objects.filter(pk=draft.pk).update(intro="As taught in Fall 2026.")
    client.force_login(make_lead(offering=draft))
    (finding,) = client.get(page(draft)).context["report"].findings
    words = client.post(page(draft), answer_of(finding, line="x", keep="1"), follow=True).content.decode()
    assert "1 line was left as it is" in words
    assert Offering.objects.get(pk=draft.pk).intro == "As taught in Fall 2026."
    Offering.objects.filter(pk=draft.pk).update(intro="Welcome to Fall 2026.")
    assert len(client.get(page(draft)).context["report"].findings) == 1


def test_a_module_is_mended_on_its_own_page(client, draft):
    module = Module.objects.create(title="Tides", slug="tides", outline="Taught in FA26")
    draft.sessions.update(module=module)
    client.force_login(make_lead(offering=draft))
    answer = client.get(page(draft))
    (finding,) = answer.context["report"].findings
    assert module.get_absolute_url() in answer.content.decode()
    client.post(page(draft), answer_of(finding, line="Taught"))
    assert Module.objects.get().outline == "Taught in FA26"


def test_an_archived_term_is_only_read(client, draft):
    Offering.objects.filter(pk=draft.pk).update(intro="Fall 2026", state=Offering.State.ARCHIVED)
    client.force_login(make_lead(offering=draft))
    (finding,) = client.get(page(draft)).context["report"].findings
    client.post(page(draft), answer_of(finding, line="Spring 2027"))
    assert Offering.objects.get(pk=draft.pk).intro == "Fall 2026"


def test_a_member_knows_nothing_of_a_drafts_texts(client, draft):
    client.force_login(make_member())
    assert client.get(page(draft)).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_reading_costs_the_same_for_any_number_of_texts(client, draft, size, django_assert_max_num_queries):
    for n in range(size):
        session = make_session(offering=draft, title=f"Class in fa26 {n}")
        make_assignment(offering=draft, key=f"hw{n}", due_session=session, text=f"[a](/events/{900 + n}-x/)")
    client.force_login(make_lead(offering=draft))
    with django_assert_max_num_queries(16):
        client.get(page(draft))
