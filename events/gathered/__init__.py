"""What events tell the pages that gather: see `mlclub.gather` for the shapes."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from events import (
    afterwards,
    agenda,
    confirming,
    door,
    draws,
    fair_students,
    fairs,
    helping,
    line,
    making,
    registrations,
    rotas,
    speakers,
    symposia,
    turns,
)
from events.gathered.audiences import audiences
from events.gathered.desk import desk
from events.gathered.digest import digest, officer_digest
from events.gathered.finding import (
    calendar,
    contributions,
    findable,
    front,
    names_of_things,
    numbers,
    subjects,
)
from events.gathered.home import home
from events.gathered.panels import panels
from events.gathered.programme import PROGRAMME
from events.gathered.reading import (
    paper_filled,
    paper_merged,
    paper_presenters,
    papers_read,
    read_lately,
    readings,
    sheet_owner,
)
from events.gathered.records import office_permissions, personal_data
from members.models import Contact, User
from mlclub import chores

__all__ = [
    "address_verified",
    "audiences",
    "calendar",
    "contact_erased",
    "contributions",
    "desk",
    "digest",
    "findable",
    "front",
    "home",
    "names_of_things",
    "numbers",
    "office_permissions",
    "officer_digest",
    "panels",
    "paper_filled",
    "paper_merged",
    "paper_presenters",
    "papers_read",
    "personal_data",
    "read_lately",
    "readings",
    "sheet_owner",
    "subjects",
    "tick",
]


def address_verified(user: User, email: str) -> None:
    """What was written under a now verified address belongs to the account."""
    registrations.merge_into_account(user, email)
    speakers.account_found(user)


def contact_erased(contact: Contact) -> None:
    """Somebody outside is to be forgotten: what they said of themselves as a speaker or for a company goes."""
    speakers.forget(contact)
    fairs.contact_erased(contact)


def tick(now: datetime) -> None:
    """Offers that ran out, draws that are due, seats to be confirmed, help that nobody needs any more, speakers
    who have spoken, points that a meeting did not reach, what the menu offers, notes that are to
    be forgotten, and slots of series: those of new dates, and the next empty one for those who have not presented."""
    chores.do(
        now,
        line.expire_offers,
        draws.draw_due,
        confirming.ask_to_confirm,
        helping.close_over,
        speakers.close_over,
        symposia.forget_unproven,
        agenda.carry_over,
        lambda now: making.menu(),
        door.forget_ticks,
        partial(afterwards.ask_those_who_came, besides=PROGRAMME),
        registrations.erase_notes,
        rotas.follow_all_dates,
        turns.offer_next,
        fairs.forget_unproven,
        fairs.forget_contacts,
        fair_students.forget,
    )
