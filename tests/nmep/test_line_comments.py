"""A comment follows its line into the next version, or stays with the old one and says so."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from nmep import handing_in, reading, reviewing
from nmep.models import Comment, Part
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_submission,
    notebook,
)
from tests.factories.reviewing import make_review

pytestmark = pytest.mark.django_db

OLD = "import numpy as np\n\ndef backward(self, grad):\n    return grad * self.y\n"
NEW = "def backward(self, grad):\n    # chain rule\n    return grad * (1 - self.y ** 2)\n"


def said_about(submission, reviewer, *, line, cell=0, text="One minus?"):
    return reviewing.comment(
        submission,
        reviewer,
        text,
        now=timezone.now(),
        piece=submission.pieces.get(),
        cell_index=cell,
        line=line,
    )


def hand_in_again(first, content, name="work.ipynb"):
    author = first.authors.get().enrolment
    part = first.assignment.parts.get()
    given = {part.pk: handing_in.Given(file=ContentFile(content, name=name), name=name)}
    if part.kind == Part.Kind.TEXT:
        given = {part.pk: handing_in.Given(text=content.decode())}
    return handing_in.hand_in(author, first.assignment, given, n=first.n + 1, now=timezone.now()).submission


def page(submission):
    comments = Comment.objects.select_related("author", "submission", "piece__part")
    return reading.page_of(submission, submission.pieces.get(), comments)


@pytest.fixture
def reviewed():
    submission = make_submission(content=notebook("setup()", OLD))
    reviewer = make_lead(offering=submission.assignment.offering)
    return submission, reviewer


def test_a_line_comment_says_its_line_and_quotes_it(reviewed):
    submission, reviewer = reviewed
    said_about(submission, reviewer, line=4, cell=1)
    thread = page(submission).cells[1].threads[0]
    assert (thread.line, thread.quote, thread.is_earlier) == (4, "    return grad * self.y", False)


def test_a_line_comment_follows_its_line_through_a_cell_that_moved_and_changed(reviewed):
    submission, reviewer = reviewed
    said_about(submission, reviewer, line=3, cell=1, text="Good name.")
    said_about(submission, reviewer, line=4, cell=1)
    make_review(submission=submission, reviewer=reviewer, outcome="return")
    second = hand_in_again(submission, notebook("first()", "setup()", NEW))
    threads = page(second).cells[2].threads
    assert [(row.comment.text, row.line, row.quote, row.is_earlier) for row in threads] == [
        ("Good name.", 1, "def backward(self, grad):", True),
        ("One minus?", 3, "    return grad * (1 - self.y ** 2)", True),
    ]


def test_a_comment_on_a_line_that_is_gone_stays_with_the_old_version_and_is_shown_as_such(reviewed, client):
    submission, reviewer = reviewed
    said_about(submission, reviewer, line=1, cell=1, text="Is it used?")
    make_review(submission=submission, reviewer=reviewer, outcome="return")
    second = hand_in_again(submission, notebook("setup()", NEW))
    shown = page(second)
    assert [cell.threads for cell in shown.cells] == [[], []]
    assert [(row.comment.text, row.quote) for row in shown.left_over] == [
        ("Is it used?", "import numpy as np")
    ]
    client.force_login(reviewer)
    text = client.get(second.get_absolute_url()).content.decode()
    assert "About what is no longer there" in text
    assert "on version 1, line 1" in text


def test_a_comment_on_a_cell_that_is_gone_quotes_how_it_began(reviewed):
    submission, reviewer = reviewed
    said_about(submission, reviewer, line=None, cell=0, text="Needed?")
    second = hand_in_again(submission, notebook("quite another thing altogether"))
    assert [(row.comment.text, row.quote) for row in page(second).left_over] == [("Needed?", "setup()")]


@pytest.mark.parametrize(("kind", "name"), [("text", ""), ("file", "answers.py")])
def test_lines_of_a_text_and_of_a_plain_file_are_commented_and_followed(client, kind, name):
    assignment = make_assignment(parts=(kind,))
    author = make_enrolment(offering=assignment.offering)
    part = assignment.parts.get()
    body = "alpha one\nbeta two\ngamma three\n"
    value = handing_in.Given(text=body)
    if kind == "file":
        value = handing_in.Given(file=ContentFile(body.encode(), name=name), name=name)
    first = handing_in.hand_in(author, assignment, {part.pk: value}, n=1, now=timezone.now()).submission
    lead = make_lead(offering=assignment.offering)
    client.force_login(lead)
    url = reverse("nmep:comment_create", args=[assignment.offering.slug, first.pk])
    answer = client.post(url, {"text": "Which one?", "piece": first.pieces.get().pk, "line": 2})
    assert answer["Location"].endswith("#text")
    comment = Comment.objects.get()
    assert (comment.line, comment.cell_index) == (2, None)
    shown = client.get(first.get_absolute_url()).content.decode()
    assert "<span>line 2</span>" in shown
    make_review(submission=first, reviewer=lead, outcome="return")
    second = hand_in_again(first, b"alpha one\nnew\nmore\nbeta too\ngamma three\n", name=name)
    thread = page(second).text.threads[0]
    assert (thread.line, thread.quote) == (4, "beta too")


@pytest.mark.parametrize("line", ["0", "99", "x"])
def test_a_line_that_is_not_there_is_refused_and_what_was_typed_is_kept(client, reviewed, line):
    submission, reviewer = reviewed
    client.force_login(reviewer)
    url = reverse("nmep:comment_create", args=[submission.assignment.offering.slug, submission.pk])
    data = {"text": "Half a thought", "piece": submission.pieces.get().pk, "cell_index": 1, "line": line}
    answer = client.post(url, data)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Half a thought" in text
    assert not Comment.objects.exists()


def test_a_file_that_is_no_text_is_offered_as_a_download(client):
    assignment = make_assignment(parts=("file",))
    author = make_enrolment(offering=assignment.offering)
    value = handing_in.Given(file=ContentFile(b"PK\x03\x04\x00\x00zip", name="a.zip"), name="a.zip")
    made = handing_in.hand_in(author, assignment, {assignment.parts.get().pk: value}, n=1, now=timezone.now())
    client.force_login(author.person)
    assert "download it to read it" in client.get(made.submission.get_absolute_url()).content.decode()


def test_a_page_of_html_that_was_handed_in_is_shown_as_text_and_acts_on_nothing(client):
    assignment = make_assignment(parts=("file",))
    author = make_enrolment(offering=assignment.offering)
    value = handing_in.Given(
        file=ContentFile(b"<html><script>alert(1)</script>", name="a.html"), name="a.html"
    )
    made = handing_in.hand_in(author, assignment, {assignment.parts.get().pk: value}, n=1, now=timezone.now())
    client.force_login(author.person)
    text = client.get(made.submission.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in text
    assert "alert" in text
