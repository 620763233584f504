from __future__ import annotations

from django.core.files.base import ContentFile
from django.utils import timezone

from nmep import boards, handing_in
from nmep.models import Check, Part
from tests.factories.nmep import make_assignment, make_enrolment

LABELS = "id,label\n" + "".join(f"{n},{n % 2}\n" for n in range(40))


def answers(right=40):
    """A prediction file with `right` of 40 rows right."""
    rows = [f"{n},{n % 2 if n < right else 1 - n % 2}" for n in range(40)]
    return ("id,label\n" + "\n".join(rows)).encode()


def make_board(
    *, assignment=None, offering=None, metric="accuracy", share=0.5, a_day=3, threshold=0.7, labels=LABELS
):
    """A published check of predictions with its labels, on a part of its own."""
    assignment = assignment or make_assignment(offering=offering, parts=(Part.Kind.PREDICTIONS,))
    config = {"metric": metric, "public_share": share, "seed": "tide"} | ({"a_day": a_day} if a_day else {})
    check = Check.objects.create(
        part=assignment.parts.get(kind=Part.Kind.PREDICTIONS),
        kind=Check.Kind.PREDICTIONS,
        title="Test set",
        threshold=threshold,
        config=config,
        is_published=True,
    )
    boards.keep_labels(check, ContentFile(labels.encode(), name="labels.csv"), by=None, now=timezone.now())
    return check


def predict(check, content=None, *, enrolment=None, now=None):
    """Hand in predictions through the door that everybody uses."""
    assignment = check.part.assignment
    enrolment = enrolment or make_enrolment(offering=assignment.offering)
    n = handing_in.standing(enrolment, assignment).next_n
    file = ContentFile(answers() if content is None else content, name="mine.csv")
    given = {check.part_id: handing_in.Given(file=file, name="mine.csv")}
    return handing_in.hand_in(enrolment, assignment, given, n=n, now=now or timezone.now()).submission
