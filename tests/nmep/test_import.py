import json
import os
from contextlib import nullcontext
from datetime import date, datetime, time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from events import schedule
from events.models import Talk
from nmep.models import Assignment, Milestone, Offering, Session
from tests.factories.members import make_club, make_term, make_user
from wiki import importing, rendering
from wiki.importing import reading

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "nmep"
#: What only a course site counts.
COUNTED = {
    "weeks": 2,
    "sessions": 2,
    "assignments": 2,
    "due_dates": 2,
    "lecturers": 3,
    "materials": 3,
    "milestones": 1,
}

INDEX = """---
title: Tidal School Spring 2026
---

## Tidal School Spring 2026

Welcome to the **school**.

### Schedule

<table><tbody>
<tr> <th>Week</th> <th>Date</th> <th>Lecture</th> <th>Assignments</th> <th>Lecturer(s)</th> </tr>
<tr><td>1</td><td>Feb 9</td><td>Tides &amp; time (<a href="https://slides.example/1">slides</a>)
 (<a href="https://notes.example/1">notes</a>)</td>
 <td><span class="label"><strong>Lecture Exercise</strong></span> <a href="https://ex.example/1">Ropes</a><br>
 <span class="label label-yellow"><strong>Homework 1</strong> (due Feb 16)</span>
 <a href="/assets/hw1.pdf">Paper</a> <a href="https://colab.research.google.com/x">Knots</a></td><td>Wren Castellane</td></tr>
<tr><td>2</td><td>Feb 16</td><td>Currents</td><td><span class="label"><strong>Midterm</strong> (Feb 20)</span><br>
 <span class="label"><strong>Homework 2</strong> (due March 1)</span> <a href="docs/homeworks/hw2.html">Eddies</a></td>
 <td>Leo, Inés</td></tr>
<tr><td>3</td><td>somewhen</td><td>Lost</td><td></td><td></td></tr>
</tbody></table>
"""


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    (folder / "docs" / "homeworks").mkdir(parents=True)
    (folder / "index.md").write_text(INDEX)
    (folder / "docs" / "homeworks" / "hw2.md").write_text(
        "---\ntitle: Eddies\n---\n# Eddies\nShow that $x^2 \\ge 0$.\n"
    )
    make_club()
    return folder


def run(folder, *more, term="sp26", loses=True):
    """The report; where something is left out, such as the week without a date, the command ends with 1."""
    out = StringIO()
    with pytest.raises(SystemExit, match="1") if loses else nullcontext():
        call_command(
            "import_syllabus",
            folder,
            "--program",
            "Tidal School",
            "--term",
            term,
            "--json",
            *more,
            stdout=out,
        )
    return json.loads(out.getvalue())


def test_a_site_becomes_an_offering_with_weeks_lecturers_work_and_dates(site):
    wren = make_user(name="Wren Castellane")
    report = run(site)

    assert set(report) == set(importing.Report().as_json()) | set(COUNTED)
    assert {key: report[key] for key in COUNTED} == COUNTED
    assert (report["pages"], report["formulas"], report["formulas_failed"]) == (2, 1, 0)
    assert (report["links"], report["links_resolved"], report["links_broken"]) == (6, 5, 1)
    offering = Offering.objects.get()
    assert offering.intro == "Welcome to the **school**."
    first, second = Session.objects.all()
    assert first.title == "Tides & time"
    local = first.event.starts_at.astimezone(offering.zone)
    assert (local.date(), local.time()) == (date(2026, 2, 9), time(20))
    talks = Talk.objects.order_by("event__starts_at")
    assert [list(talk.speakers.all()) for talk in talks] == [[wren], []]
    assert [talk.speaker_names for talk in talks] == ["", "Leo, Inés"]
    hw1, hw2 = Assignment.objects.all()
    assert (hw1.due_session, hw1.due_days) == (second, 0)
    assert (hw2.due_session, hw2.due_days) == (second, 13)
    assert hw2.due_at == datetime(2026, 3, 1, 23, 59, tzinfo=offering.zone)
    assert "Show that" in hw2.text
    assert [(row.kind, row.due_days) for row in Milestone.objects.all()] == [("exam", 4)]
    assert report["warnings"] == [
        "index.md:21: This row has no week or no date; left out.",
        "index.md:13: Homework 1 links to /assets/hw1.pdf, which is not on the web; “Paper” is kept without a link.",
    ]


def test_a_text_that_ends_the_process_that_renders_it_is_named_and_the_course_comes_anyway(site, monkeypatch):
    def render(text, **more):
        if "Eddies" in text:
            os._exit(1)
        return rendering.anatomy(text, **more)

    monkeypatch.setattr(reading, "anatomy", render)

    report = run(site)

    assert Assignment.objects.count() == 2
    assert "docs/homeworks/hw2.md: Could not be rendered; its text is kept as it is." in report["warnings"]


def test_what_is_said_of_a_homework_page_names_its_file_and_its_line(site):
    page = site / "docs" / "homeworks" / "hw2.md"
    page.write_text("---\ntitle: Eddies\n---\n# Eddies\n\n![A plot](plot.png)\n")

    report = run(site)

    assert report["images_missing"] == 1
    assert "docs/homeworks/hw2.md:6: The picture plot.png is missing." in report["warnings"]


def test_a_second_run_changes_nothing(site):
    first = run(site)
    again = run(site)
    assert (again["created"], again["updated"]) == (0, 0)
    assert again["unchanged"] == first["created"]


def test_a_rehearsal_writes_nothing(site):
    assert run(site, "--dry-run")["created"] > 0
    assert not Offering.objects.exists()


def test_everything_shifts_with_the_first_meeting(site):
    run(site, "--first-meeting", "2026-09-14", "--meets", "18:00-19:30", "--due-time", "20:00")
    offering = Offering.objects.get()
    first, second = Session.objects.all()
    assert first.event.starts_at == datetime(2026, 9, 14, 18, tzinfo=offering.zone)
    assert second.event.starts_at == datetime(2026, 9, 21, 18, tzinfo=offering.zone)
    assert Assignment.objects.get(key="hw1").due_at == datetime(2026, 9, 21, 20, tzinfo=offering.zone)


def test_a_class_that_was_moved_here_stays_where_it_is(site):
    run(site)
    session = Session.objects.get(seq=2)
    moved = datetime(2026, 2, 18, 18, tzinfo=session.offering.zone)
    schedule.move(session.event, starts_at=moved)
    report = run(site)
    session.event.refresh_from_db()
    assert session.event.starts_at == moved
    assert any("was moved here" in line for line in report["warnings"])


def test_a_syllabus_that_was_written_here_is_not_overwritten(site):
    run(site)
    Offering.objects.update(imported_from="")
    with pytest.raises(CommandError, match="written here"):
        run(site)


@pytest.mark.parametrize(("term", "sentence"), [("nonsense", "There is no term"), ("sp26", "overlap")])
def test_a_term_that_cannot_be_is_refused(site, term, sentence):
    make_term(starts_on=date(2026, 1, 5), slug="winter", name="Winter")
    with pytest.raises(CommandError, match=sentence):
        run(site, term=term)
    assert not Offering.objects.exists()


def test_a_folder_without_a_schedule_is_refused(tmp_path):
    (tmp_path / "index.md").write_text("# Nothing")
    with pytest.raises(CommandError, match="no table"):
        run(tmp_path)


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/nmep is not here")
def test_the_programmes_own_site_is_taken_over_whole():
    make_club()
    report = run(SHARED, loses=False)
    assert {key: report[key] for key in list(COUNTED)[:6]} == {
        "weeks": 11,
        "sessions": 11,
        "assignments": 5,
        "due_dates": 5,
        "lecturers": 10,
        "materials": 18,
    }
    assert report["milestones"] == 5
    assert (report["formulas"], report["formulas_failed"]) == (48, 0)
    offering = Offering.objects.get()
    due = [row.due_at.astimezone(offering.zone).date() for row in Assignment.objects.all()]
    assert due == [
        date(2026, 2, 23),
        date(2026, 3, 2),
        date(2026, 3, 16),
        date(2026, 4, 6),
        date(2026, 4, 13),
    ]
    again = run(SHARED, loses=False)
    assert (again["created"], again["updated"]) == (0, 0)
