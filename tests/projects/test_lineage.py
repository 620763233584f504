import pytest
from django.db import IntegrityError, transaction

from projects import lineage
from projects.models import InitiativeLink
from tests.factories.projects import make_initiative
from tests.nmep.test_races import at_once

GREW, MERGED = InitiativeLink.Kind.GREW_INTO, InitiativeLink.Kind.MERGED


@pytest.mark.django_db
def test_a_circle_is_refused_by_the_database_itself():
    first, second, third = (make_initiative() for _ in range(3))
    lineage.connect(first, second, GREW)
    lineage.connect(second, third, GREW)
    with pytest.raises(lineage.Circle):
        lineage.connect(third, first, GREW)
    with pytest.raises(IntegrityError), transaction.atomic():
        InitiativeLink.objects.create(earlier=third, later=first, kind=GREW)
    with pytest.raises(lineage.Circle):
        lineage.connect(first, first, GREW)
    assert InitiativeLink.objects.count() == 2


@pytest.mark.django_db
def test_a_merged_project_keeps_both_parents_and_the_same_link_twice_is_one():
    one, two, team = (make_initiative() for _ in range(3))
    lineage.connect(one, team, MERGED)
    lineage.connect(two, team, MERGED)
    lineage.connect(two, team, MERGED)
    assert set(team.links_back.values_list("earlier", flat=True)) == {one.pk, two.pk}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_halves_of_a_circle_written_at_once_leave_one():
    one, two = make_initiative(), make_initiative()
    answers = at_once(
        lambda: lineage.connect(one, two, GREW),
        lambda: lineage.connect(two, one, GREW),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Circle", "InitiativeLink"]
    assert InitiativeLink.objects.count() == 1
