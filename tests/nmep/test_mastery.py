from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from nmep.models import SkillMark
from tests.factories.mastery import make_skill, make_skill_mark
from tests.factories.nmep import make_enrolment

pytestmark = pytest.mark.django_db


def test_what_was_seen_of_a_skill_is_never_changed_or_removed():
    mark = make_skill_mark(level="not_yet")
    for change in (
        lambda: SkillMark.objects.filter(pk=mark.pk).update(level="got_it"),
        lambda: SkillMark.objects.filter(pk=mark.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    mark.refresh_from_db()
    assert mark.level == "not_yet"


def test_the_latest_entry_of_a_skill_counts():
    learner = make_enrolment()
    skill, other = make_skill(program=learner.offering.program), make_skill(program=learner.offering.program)
    now = timezone.now()
    for days, level in ((3, "got_it"), (2, "can_teach"), (1, "not_yet")):
        make_skill_mark(enrolment=learner, skill=skill, level=level, at=now - timedelta(days=days))
    make_skill_mark(enrolment=learner, skill=other, level="got_it", at=now)
    folded = SkillMark.fold(reversed(SkillMark.objects.all()))
    assert {key: row.level for key, row in folded.items()} == {skill.pk: "not_yet", other.pk: "got_it"}


def test_a_programme_names_a_skill_once():
    skill = make_skill()
    with pytest.raises(IntegrityError, match="one_skill_a_name"):
        make_skill(program=skill.program, name=skill.name)
