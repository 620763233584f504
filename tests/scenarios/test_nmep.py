"""A homework's way, on a course site that was taken over: handed in, reviewed, mended, seen by the officer; and every
mail on the way, none of which says how well it went. (`tests/browser` walks the pages in a browser.)"""

import json
import re
from datetime import datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.ledger.sending import sweep
from mlclub.notebooks import parse
from nmep.models import Assignment, Comment, Offering, Review, RubricCriterion, RubricMark, Submission
from tests.factories import make_club, make_new_member, make_officer, make_term
from tests.factories.nmep import make_lead, notebook
from tests.members.ledger_tools import mail_server
from tests.nmep.test_import import INDEX, SHARED

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

REAL_NOTEBOOK = SHARED / "assets" / "hw1" / "hw1-numpy.ipynb"
THURSDAY = datetime(2031, 2, 20, 12, 0, tzinfo=ZoneInfo("America/Los_Angeles"))
#: What a reviewer says of the work; no mail may repeat any of it.
SAID = ["Mind the axes of this product.", "Nearly there: see the second cell."]


@pytest.fixture(params=["the real course site", "a small course site"])
def source(request, tmp_path):
    """A folder with a course's schedule, and a notebook as a learner has it."""
    if request.param == "the real course site":
        if not REAL_NOTEBOOK.exists():
            pytest.skip(f"{SHARED} is not there")
        return SimpleNamespace(folder=SHARED, notebook=REAL_NOTEBOOK.read_bytes())
    (tmp_path / "index.md").write_text(
        "".join(line for line in INDEX.splitlines(True) if "somewhen" not in line)
    )
    return SimpleNamespace(folder=tmp_path, notebook=notebook("import numpy", "knots @ ropes"))


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def course(source, smtp):
    """The course as an officer took it over, its first meeting a week ago; a new member enrolled in it."""
    with mail_server() as (sink, port), time_machine.travel(THURSDAY):
        smtp(port)
        make_club()
        term = make_term(slug="sp26", name="Spring 2026")
        officer = make_officer(slug="education", term=term, email="officer@club.example")
        out = StringIO()
        call_command(
            "import_syllabus", source.folder, program="Tidal School", term="sp26", json=True, stdout=out,
            first_meeting=timezone.localdate() - timedelta(days=7),
        )  # fmt: skip
        assert json.loads(out.getvalue())["formulas_failed"] == 0
        offering = Offering.objects.get()
        learner = make_new_member(term=term, email="learner@club.example")
        answer = signed_in(officer).post(
            reverse("admin:nmep_offering_enrol", args=[offering.pk]), {"person": [learner.pk]}
        )
        assert answer.status_code == 302
        yield SimpleNamespace(
            source=source, sink=sink, offering=offering, officer=officer, learner=learner,
            lead=make_lead(offering=offering),
            assignment=Assignment.objects.get(offering=offering, key="hw1"),
        )  # fmt: skip


def hand_in(course, content):
    """Choose a file for every part on the assignment's page, and press the button."""
    client, address = signed_in(course.learner), course.assignment.get_absolute_url()
    form = client.get(address).context["form"]
    values = {"n": form["n"].value()}
    for part in form.parts:
        assert part.takes_file
        is_notebook = part.kind == "notebook"
        file = SimpleUploadedFile("hw1-numpy.ipynb" if is_notebook else "hw1.pdf", content)
        if not is_notebook:
            file = SimpleUploadedFile("hw1.pdf", b"%PDF-1.7\nA proof.\n%%EOF\n")
        values[form.name_of(part)] = file
    page = client.post(address, values, follow=True)
    assert page.status_code == 200
    return Submission.objects.handed_in().filter(assignment=course.assignment).order_by("-n").first()


def mails(course, hours=0):
    """What people's acts send, now or in some hours: (to, subject, text of every part)."""
    course.sink.messages.clear()
    sweep(timezone.now() + timedelta(hours=hours))
    by_the_clock = ("<weekly-digest.", "<nmep-homework-reminder.")
    return sorted(
        (to, message["Subject"], text_of(message))
        for to, message in course.sink.messages
        if not any(kind in message["List-Id"] for kind in by_the_clock)
    )


def text_of(message):
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([str(message["Subject"]), *parts])


def test_a_homework_is_handed_in_returned_mended_and_seen_by_the_officer(course):
    learner, assignment, offering = course.learner, course.assignment, course.offering
    ((to, subject, _),) = mails(course)
    assert (to, "You are in" in subject) == (learner.email, True)
    RubricCriterion.objects.get_or_create(
        assignment=assignment, title="Correct and explained", defaults={"position": 9}
    )

    # 1. The new member finds it on home and hands in; the receipt names time, version and fingerprint.
    home = signed_in(learner).get(reverse("portal:home")).content.decode()
    assert f"{assignment.get_absolute_url()}" in home
    first = hand_in(course, course.source.notebook)
    assert (first.n, first.state) == (1, "handed_in")
    pieces = list(first.pieces.all())
    ((to, _, receipt),) = mails(course)
    assert to == learner.email
    assert all(piece.sha256 in receipt for piece in pieces)
    assert "version 1" in receipt
    page = signed_in(learner).get(assignment.get_absolute_url()).content.decode()
    assert all(piece.sha256 in page for piece in pieces)

    # 2. A reviewer takes it, comments on the second cell and returns it.
    piece = next(piece for piece in pieces if piece.is_notebook)
    cell = parse(course.source.notebook).cells[1]
    reviewer = signed_in(course.lead)
    opened = reviewer.post(reverse("nmep:review_next", args=[offering.slug]))
    assert opened.headers["Location"] == first.get_absolute_url()
    assert reviewer.get(first.get_absolute_url()).status_code == 200
    values = {"piece": piece.pk, "cell_key": cell.key, "cell_index": cell.index, "asks_for_change": "on"}
    reviewer.post(reverse("nmep:comment_create", args=[offering.slug, first.pk]), values | {"text": SAID[0]})
    assert SAID[0] not in signed_in(learner).get(first.get_absolute_url()).content.decode(), "not posted yet"
    marks = {f"criterion-{each.pk}": "close" for each in assignment.criteria.all()}
    reviewer.post(
        reverse("nmep:submission_review", args=[offering.slug, first.pk]),
        {**marks, "summary": SAID[1], "outcome": "return"},
    )
    first.refresh_from_db()
    assert (first.state, first.reviewer) == ("returned", course.lead)
    assert Comment.objects.get().posted_at
    told = mails(course, hours=2)
    assert [(to, assignment.title in text) for to, _, text in told] == [(learner.email, True)]
    assert_no_mark_in(told)
    page = signed_in(learner).get(first.get_absolute_url()).content.decode()
    assert all(sentence in page for sentence in SAID)

    # 3. The mended version; the comment stays with its cell, and the review is done.
    mended = json.loads(course.source.notebook)
    mended["cells"].append(json.loads(notebook("print('mended')"))["cells"][0])
    second = hand_in(course, json.dumps(mended).encode())
    assert (second.n, second.state) == (2, "handed_in")
    assert second.pieces.get(part=piece.part).sha256 != piece.sha256
    assert "version 2" in mails(course)[0][2]
    assert SAID[0] in signed_in(learner).get(second.get_absolute_url()).content.decode()
    reviewer.post(
        reverse("nmep:submission_review", args=[offering.slug, second.pk]),
        {**dict.fromkeys(marks, "mastered"), "summary": "Well done.", "outcome": "done"},
    )
    second.refresh_from_db()
    assert second.state == "done"
    told = mails(course, hours=4)
    assert [to for to, *_ in told] == [learner.email]
    assert_no_mark_in(told)

    # 4. The officer for education sees both versions in the admin, and a stranger nothing.
    admin = signed_in(course.officer)
    listed = admin.get(reverse("admin:nmep_submission_changelist"), {"q": learner.email})
    assert {row.pk for row in listed.context["cl"].result_list} == {first.pk, second.pk}
    for version in (first, second):
        shown = admin.get(reverse("admin:nmep_submission_change", args=[version.pk])).content.decode()
        assert version.pieces.get(part=piece.part).sha256 in shown
    assert Review.objects.filter(state=Review.State.POSTED).count() == 2
    stranger = signed_in(make_new_member(term=offering.term))
    assert stranger.get(first.get_absolute_url()).status_code == 404
    assert stranger.get(reverse("nmep:piece_download", args=[piece.pk])).status_code == 404


def assert_no_mark_in(mails):
    """A mail says that a review is there; never the outcome, a level, or what was said."""
    labels = [*RubricMark.Level.labels, *Review.Outcome.labels, *SAID, "Well done", "Returned"]
    for _, subject, text in mails:
        found = [label for label in labels if re.search(rf"\b{re.escape(str(label))}\b", text, re.I)]
        assert found == [], f"{subject}: {found}"
