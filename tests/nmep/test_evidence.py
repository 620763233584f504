import base64
import io
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from nmep import handing_in
from nmep.models import Check, CheckResult, Part, Run
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, notebook

pytestmark = pytest.mark.django_db

PICTURE = {
    "output_type": "display_data",
    "metadata": {},
    "data": {"image/png": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()},
}


def archive(*names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return held.getvalue()


def hand_in(kind, config, *, check_kind=Check.Kind.EVIDENCE, **given):
    """What the check found in one hand-in, as (ok, name, hint)."""
    assignment = make_assignment(parts=(kind,))
    part = assignment.parts.get()
    Check.objects.create(part=part, kind=check_kind, title="Shown", config=config, is_published=True)
    if "content" in given:
        name = given.pop("name", "mine.zip")
        given = {"file": ContentFile(given["content"], name=name), "name": name}
    learner = make_enrolment(offering=assignment.offering)
    handing_in.hand_in(learner, assignment, {part.pk: handing_in.Given(**given)}, n=1, now=timezone.now())
    assert Run.objects.get().state == "finished"
    return [(row.ok, row.name, row.hint) for row in CheckResult.objects.all()]


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://wandb.ai/me/run", True),
        ("https://eu.wandb.ai/me", True),
        ("https://wandb.ai.evil.example/me", False),
        ("https://evilwandb.ai/", False),
        ("https://evil.example/?wandb.ai", False),
    ],
)
def test_a_link_leads_to_the_site_that_was_asked_for_and_not_to_one_that_looks_alike(url, ok):
    [found] = hand_in(Part.Kind.LINK, {"hosts": ["wandb.ai"]}, url=url)
    assert found[0] is ok


def test_files_inside_an_archive_are_found_by_name_and_nothing_is_unpacked():
    found = hand_in(
        Part.Kind.FILE,
        {"inside": ["loss.png", "samples.txt", "mine.zip"]},
        content=archive("run/Loss.png", "../../notes.txt"),
    )
    assert [row[0] for row in found] == [True, False, True]


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"", b"PK\x05\x06" + bytes(18)])
def test_an_archive_that_cannot_be_opened_lacks_everything_and_breaks_nothing(content):
    assert [row[0] for row in hand_in(Part.Kind.FILE, {"inside": ["loss.png"]}, content=content)] == [False]


def test_pictures_are_counted_in_what_the_notebook_put_out():
    content = notebook("plot()", outputs=[PICTURE, PICTURE])
    assert hand_in(Part.Kind.NOTEBOOK, {"pictures": 2}, content=content, name="a.ipynb") == [
        (True, "At least 2 pictures", "")
    ]


def test_too_few_pictures_say_how_many_there_are():
    assert hand_in(Part.Kind.NOTEBOOK, {"pictures": 1}, content=notebook("1"), name="a.ipynb") == [
        (False, "At least 1 picture", "There are 0. Run all cells, then save.")
    ]


def test_a_written_answer_is_measured_and_judged_by_its_rubric(client):
    found = hand_in(
        Part.Kind.TEXT,
        {"least": 5, "most": 8, "mentions": ["dropout", "C++"]},
        check_kind=Check.Kind.WRITTEN,
        text="I would use Dropout, not weight decay.",
    )
    assert [(ok, name) for ok, name, _ in found] == [
        (True, "At least 5 words"),
        (True, "At most 8 words"),
        (True, "Says something about dropout"),
        (False, "Says something about C++"),
    ]


def test_the_rubric_of_a_written_answer_stands_on_the_page_where_it_is_written(client):
    assignment = make_assignment(parts=(Part.Kind.TEXT,))
    criterion = assignment.criteria.get()
    criterion.title, criterion.description = "Weighs both sides", "Says what speaks against it."
    criterion.part = assignment.parts.get()
    criterion.save()
    client.force_login(make_enrolment(offering=assignment.offering).person)
    page = client.get(assignment.get_absolute_url()).content.decode()
    assert ("Weighs both sides" in page, "(Part A)" in page) == (True, True)


@pytest.mark.parametrize(
    ("kind", "part", "data", "sentence"),
    [
        (
            "evidence",
            Part.Kind.LINK,
            {"hosts": "", "inside": "", "pictures": ""},
            "Ask for at least one thing",
        ),
        ("evidence", Part.Kind.LINK, {"hosts": "x" * 101}, "at most 100 characters"),
        ("written", Part.Kind.TEXT, {"least": "9", "most": "3"}, "At most is less than at least."),
        ("written", Part.Kind.TEXT, {}, "Ask for at least one thing"),
    ],
)
def test_a_check_that_asks_for_nothing_is_none(client, kind, part, data, sentence):
    assignment = make_assignment(parts=(part,))
    client.force_login(make_lead(offering=assignment.offering))
    page = reverse("nmep:check_at_once_create", args=[assignment.offering.slug, assignment.key, kind])
    answer = client.post(page, {"part": assignment.parts.get().pk, "title": "T", "visible": "always", **data})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not Check.objects.exists()


def test_a_lead_asks_for_evidence(client):
    assignment = make_assignment(parts=(Part.Kind.LINK,))
    client.force_login(make_lead(offering=assignment.offering))
    page = reverse("nmep:check_at_once_create", args=[assignment.offering.slug, assignment.key, "evidence"])
    data = {"part": assignment.parts.get().pk, "title": "A run", "visible": "always", "hosts": "WandB.ai\n"}
    assert client.post(page, data | {"is_published": "on"}).status_code == 302
    assert Check.objects.get().config == {"hosts": ["wandb.ai"], "inside": [], "pictures": 0}
