"""Every button of an archived offering, pressed by whoever has it: nothing of the programme's records changes."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from nmep.models import Offering
from tests.access import addresses, doors, fixtures, table

world, in_the_world, ask = fixtures.world, fixtures.in_the_world, fixtures.ask

OURS = sorted(
    address.name
    for address in addresses.every()
    if address.name.startswith(("nmep:", "courses:"))
    and any(case.post is not doors.NO for case in table.TABLE.get(address.name, ()))
)
#: What stays everybody's own to take back or to hide, and what belongs to the programme and not to one offering.
ONE_S_OWN = {
    "nmep:board_name",
    "nmep:certificate_show",
    "nmep:help_end",
    "nmep:note_remove",
    "nmep:phrase_delete",
    "nmep:question_follow",
    "nmep:showcase_show",
    "nmep:wish_remove",
}
WRITE = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(nmep_\w+)"')


def written_by(world, name):
    """Who changed rows of which tables by pressing what leads to the address."""
    changed = set()

    def watch(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        found = WRITE.match(sql)
        if found and context["cursor"].rowcount:
            changed.add((visitor, found[1]))
        return result

    for case in table.TABLE[name]:
        for visitor in sorted(case.post.asked_by):
            if case.post.expects(visitor) == doors.IN:
                url = reverse(name, kwargs=case.kwargs(world))
                with connection.execute_wrapper(watch):
                    ask(world, visitor, "post", url, case.data)
    return sorted(changed)


@pytest.mark.parametrize("name", [name for name in OURS if name not in ONE_S_OWN])
def test_a_button_of_an_archived_offering_changes_nothing(world, name):
    Offering.objects.update(state=Offering.State.ARCHIVED)
    assert written_by(world, name) == []


def test_the_same_buttons_change_much_while_the_offering_runs(world):
    assert len([name for name in OURS if written_by(world, name)]) >= 15
