"""Every address × every kind of visitor × an object of their own and one that is not theirs.

What is expected stands in `tests/access/table.py`; an address that is not written there fails.
"""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.access import addresses, doors, fixtures, table

world, in_the_world, ask = fixtures.world, fixtures.in_the_world, fixtures.ask

OURS = sorted(address.name for address in addresses.every() if address.name in table.TABLE)


def test_every_address_of_the_portal_is_in_the_table():
    known = {address.name for address in addresses.every()}
    accounts = {
        name for name in known if name.startswith(("account", "mfa_", "socialaccount", "usersessions"))
    }
    providers = {name for name in known if name.startswith(("google_", "github_", "openid_connect_"))}
    admin = {name for name in known if name.startswith("admin:")}
    ours = known - accounts - providers - admin
    assert ours - set(table.TABLE) == set(), "Write these addresses into tests/access/table.py."
    assert set(table.TABLE) - ours == set(), "The table names addresses that are gone."
    unknown = (accounts | providers) - table.PUBLIC_PAGES - table.ACCOUNT_PAGES - OLD_SOCIAL
    assert unknown == set(), "Say whether these pages of allauth are public."


#: Redirects that allauth keeps for its former addresses.
OLD_SOCIAL = {
    f"accounts/social/{end}/" for end in ("login/cancelled", "login/error", "signup", "connections")
}


def test_exactly_the_listed_pages_open_without_signing_in():
    public = {address.name for address in addresses.every() if address.is_public}
    assert public - OLD_SOCIAL == table.PUBLIC_PAGES


@pytest.mark.parametrize("name", OURS)
def test_a_page_opens_to_exactly_those_it_is_for(world, name):
    wrong = []
    for case in table.TABLE[name]:
        for method, door, visitors in case.asked():
            for visitor in visitors:
                url = reverse(name, kwargs=case.kwargs(world))
                expected = door.expects(visitor)
                met = doors.met(ask(world, visitor, method, url, case.data if method == "post" else None))
                if (name, met) == ("health_ready", "503"):
                    met = doors.IN  # it opens to everybody, and says that nothing ticks here
                if expected == doors.WRONG_METHOD:
                    is_right = met in (doors.WRONG_METHOD, doors.SIGN_IN, doors.FORBIDDEN, doors.MISSING)
                else:
                    is_right = met == expected
                if not is_right:
                    wrong.append(f"{method.upper()} {case.about or name} as {visitor}: {met}, not {expected}")
    assert wrong == []
