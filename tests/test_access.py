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


# ── The admin ──

#: What every site of Django's admin has, and what every table has there.
OF_THE_SITE = {
    "index",
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "autocomplete",
    "jsi18n",
}
OF_THE_SITE |= {"view_on_site", "app_list"}
OF_A_TABLE = ("_changelist", "_add", "_history", "_delete", "_change")


def test_every_page_of_the_admin_is_in_the_table():
    known = {each.name.removeprefix("admin:") for each in addresses.every() if each.name.startswith("admin:")}
    known = {name for name in known if not name.endswith("/") and "(?P<" not in name}
    tables = {name.removesuffix("_changelist") for name in known if name.endswith("_changelist")}
    others = {name for name in known if not name.endswith(OF_A_TABLE)} - OF_THE_SITE
    assert tables == set(table.ADMIN), "Say which offices open these tables."
    assert others - set(table.ADMIN_ACTIONS) - exports(known) == set(), "Say which offices open these pages."


def exports(known):
    """What django-import-export adds to a table: the right to see it is the right to its list."""
    return {
        name for name in known if name.endswith(("_export", "_import", "_process_import", "_export_action"))
    }


@pytest.mark.parametrize("name", table.ADMIN)
def test_a_table_of_the_admin_opens_to_exactly_its_offices(world, name):
    met = {
        visitor: admin_met(world, visitor, reverse(f"admin:{name}_changelist")) for visitor in doors.VISITORS
    }
    assert met == expected_of(table.ADMIN[name])


@pytest.mark.parametrize("name", table.ADMIN_ACTIONS)
def test_a_page_of_ours_in_the_admin_opens_to_exactly_its_offices(world, name):
    offices, kwargs = table.ADMIN_ACTIONS[name]
    url = reverse(f"admin:{name}", kwargs=kwargs(world))
    met = {visitor: admin_met(world, visitor, url) for visitor in doors.VISITORS}
    assert met == expected_of(offices)
    posted = {
        visitor: admin_met(world, visitor, url, "post")
        for visitor in doors.VISITORS
        if visitor not in offices
    }
    assert doors.IN not in posted.values()


def expected_of(offices):
    inside = {office: doors.IN if office in offices else doors.FORBIDDEN for office in doors.OFFICES}
    return {visitor: inside.get(visitor, doors.SIGN_IN) for visitor in doors.VISITORS}


def admin_met(world, visitor, url, method="get"):
    response = ask(world, visitor, method, url)
    if response.headers.get("Location", "").startswith(reverse("admin:login")):
        return doors.SIGN_IN  # which tells whoever is signed in that the admin is not theirs
    return doors.met(response)
