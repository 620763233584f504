"""What everybody begins with, and what was written beyond it."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from nmep import changes, handing_in
from nmep.admin.assignments import PartForm
from nmep.models import Assignment, Part
from tests.factories.members import make_officer
from tests.factories.nmep import make_assignment, make_enrolment, make_submission, notebook

pytestmark = pytest.mark.django_db


def give_starter(assignment, content, name="hw1-starter.ipynb"):
    part = assignment.parts.get()
    part.skeleton_name = name
    part.skeleton.save("x", ContentFile(content))
    return part


@pytest.fixture
def assignment():
    return make_assignment()


def test_learners_download_the_starter_from_the_page_of_the_homework(client, assignment):
    part = give_starter(assignment, notebook("def f():", "check(f)"))
    client.force_login(make_enrolment(offering=assignment.offering).person)
    url = reverse("nmep:part_starter", args=[assignment.offering.slug, assignment.key, part.pk])
    assert f'href="{url}"' in client.get(assignment.get_absolute_url()).content.decode()
    answer = client.get(url)
    assert answer["Content-Disposition"].startswith('attachment; filename="hw1-starter.ipynb"')
    Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.DRAFT)
    assert client.get(url).status_code == 404


def test_a_reviewer_sees_only_what_the_student_wrote(client, assignment):
    give_starter(assignment, notebook("import numpy", "def f():\n    # yours", "check(f)"))
    content = notebook("import numpy", "def f():\n    return 1", "check(f)", "print('mine')")
    submission = make_submission(assignment=assignment, content=content)
    client.force_login(make_officer(slug="education"))
    assert "only what they wrote" in client.get(submission.get_absolute_url()).content.decode()
    url = reverse("nmep:submission_changes", args=[assignment.offering.slug, submission.pk])
    page = client.get(url).content.decode()
    assert "beyond the starter" in page
    assert "<ins>+     return 1</ins>" in page
    assert "<del>-     # yours</del>" in page
    assert "print(&#x27;mine&#x27;)" in page
    assert "check(f)" not in page
    assert "2 cells that did not change are not shown" in page


def test_a_starter_handed_in_as_it_was_given_says_so(client, assignment):
    give_starter(assignment, notebook("def f():"))
    submission = make_submission(assignment=assignment, content=notebook("def f():"))
    client.force_login(submission.authors.get().enrolment.person)
    url = reverse("nmep:submission_changes", args=[assignment.offering.slug, submission.pk])
    assert "nothing was written" in client.get(url).content.decode()


def test_a_plain_file_is_compared_with_its_starter_by_lines():
    assignment = make_assignment(parts=("file",))
    part = give_starter(assignment, b"a = 0\nb = 0\n", "start.py")
    author = make_enrolment(offering=assignment.offering)
    file = ContentFile(b"a = 1\nb = 0\n", name="work.py")
    made = handing_in.hand_in(
        author, assignment, {part.pk: handing_in.Given(file=file, name="work.py")}, n=1, now=timezone.now()
    )
    [change] = changes.beyond_starter(made.submission)
    assert change.lines == [("-", "a = 0"), ("+", "a = 1"), (" ", "b = 0")]


def test_two_versions_of_a_text_are_compared_by_lines(client):
    assignment = make_assignment(parts=("text",))
    author = make_enrolment(offering=assignment.offering)
    part = assignment.parts.get()
    for n, text in enumerate(["one\ntwo\nthree", "one\ntwo and a half\nthree"], start=1):
        made = handing_in.hand_in(
            author, assignment, {part.pk: handing_in.Given(text=text)}, n=n, now=timezone.now()
        )
    client.force_login(author.person)
    url = reverse("nmep:submission_changes", args=[assignment.offering.slug, made.submission.pk])
    page = client.get(url).content.decode()
    assert "<del>- two</del>" in page
    assert "<ins>+ two and a half</ins>" in page


def test_far_from_a_change_lines_are_left_out():
    lines = [(" ", str(n)) for n in range(20)] + [("+", "new")]
    assert changes.near_changes(lines) == [(" ", "17"), (" ", "18"), (" ", "19"), ("+", "new")]
    both = [("+", "first"), *lines]
    assert changes.near_changes(both)[4] == ("…", "")


def test_without_a_starter_and_a_version_before_there_is_nothing_to_compare(client, assignment):
    submission = make_submission(assignment=assignment)
    client.force_login(submission.authors.get().enrolment.person)
    url = reverse("nmep:submission_changes", args=[assignment.offering.slug, submission.pk])
    assert client.get(url).status_code == 404
    assert client.get(f"{url}?since=starter").status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html>no notebook</html>", "not a Jupyter notebook"),
        (b" " * (5 * 1024 * 1024 + 1), "at most 5 MB"),
    ],
)
def test_a_starter_that_could_not_be_compared_is_refused(content, sentence):
    form_class = type("Form", (PartForm,), {"Meta": type("Meta", (), {"model": Part, "fields": "__all__"})})
    data = {"kind": "notebook", "title": "A", "position": 0, "max_megabytes": 5}
    form = form_class(data, {"skeleton": SimpleUploadedFile("s.ipynb", content)})
    assert not form.is_valid()
    assert sentence in str(form.errors["skeleton"])


def test_a_starter_keeps_the_name_it_came_with(assignment):
    form_class = type("Form", (PartForm,), {"Meta": type("Meta", (), {"model": Part, "fields": "__all__"})})
    data = {"kind": "notebook", "title": "A", "position": 0, "max_megabytes": 5, "assignment": assignment.pk}
    file = SimpleUploadedFile("begin here.ipynb", json.dumps({"cells": []}).encode())
    form = form_class(data, {"skeleton": file})
    assert form.is_valid(), form.errors
    assert form.save().skeleton_name == "begin here.ipynb"
