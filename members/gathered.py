"""What the floor of people says on the pages that gather something of every app."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, FloatField, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone

from members import contacts, desk_items, lifting, standing
from members.audiences import of_the_club
from members.ledger import watching
from members.models import Membership, Term, Topic, User
from members.news import alumni_digest, digest, officer_digest
from mlclub.gather import Audience, Card, DeskItem, Figure, FrontItem, Health, Hit, Section
from mlclub.search import Source

__all__ = ["alumni_digest", "digest", "officer_digest"]

#: How long before its end an office asks to be handed over.
NOTICE = timedelta(days=30)


def home(user: User, now: datetime) -> list[Card]:
    """What the person has not said about this term yet, and an office that is about to end."""
    today = standing.today(now)
    cards = []
    mine = user.standing.membership
    if user.standing.is_active and mine:
        has_said = (
            Membership.objects.filter(pk=mine.pk)
            .filter(Q(learn__isnull=False) | Q(give__isnull=False) | Q(hours_a_week__isnull=False))
            .exists()
        )
        if not has_said:
            cards.append(
                Card(
                    section=Section.DUE,
                    title="Say what you want to learn and give this term",
                    url=reverse("members:profile_edit"),
                    meta=("A minute", "Leads plan by it"),
                    icon="user-circle",
                    action="Say it",
                )
            )
    for held in user.standing.offices:
        if held.ends_on - today <= NOTICE:
            cards.append(
                Card(
                    section=Section.DUE,
                    title=f"Your office as {held.office.name} ends",
                    url=reverse("members:profile_edit"),
                    meta=(f"Last day {held.ends_on:%d %b}", "Agree who comes after you"),
                    tone="warn",
                    icon="key",
                )
            )
    return cards


def desk(user: User, now: datetime) -> list[DeskItem]:
    return desk_items.for_officer(user, now) + watching.desk_items(user)


def address_verified(user: User, email: str) -> None:
    contacts.address_verified(user, email)
    lifting.verified(email, now=timezone.now())


def tick(now: datetime) -> None:
    lifting.forget_old_events(now)


def health(now: datetime) -> list[Health]:
    return watching.health(now)


#: Whoever knows a topic stands below the pages, classes and events that are called by it.
BY_TOPIC = 0.12


def findable(user: User, now: datetime) -> list[Source]:
    """People by name, field or topic, as far as the directory shows them to `user`."""
    if not (user.is_authenticated and user.standing.reads_members_area):
        return []

    def matching(rows: Any, query: str) -> Any:
        # Who is asked for by name is who is meant.
        begins = When(name__istartswith=query, then=1.0)
        holds = When(name__icontains=query, then=0.6)
        return rows.matching(query, user).annotate(
            fit=Case(begins, holds, default=BY_TOPIC, output_field=FloatField())
        )

    topics = Topic.objects.filter(experts=OuterRef("pk")).order_by("name").values("name")[:4]
    return [
        Source(
            kind="Person",
            rows=User.objects.visible_to(user),
            title="name",
            matching=matching,
            facts={"name": "name", "handle": "handle", "topics": ArraySubquery(topics)},
            hit=_person,
            in_term=lambda rows, term: rows.filter(
                pk__in=Membership.objects.filter(term=term).active().values("person")
            ),
        )
    ]


def _person(row: dict[str, Any]) -> Hit:
    return Hit(
        kind="Person",
        title=row["name"] or row["handle"],
        url=reverse("members:person_detail", args=[row["handle"]]),
        meta=tuple(row["topics"]),
    )


def names_of_things() -> Iterator[str]:
    """What people and topics are called."""
    yield from User.objects.real().filter(is_listed=True).values_list("name", flat=True)
    yield from Topic.objects.values_list("name", flat=True)


def front(now: datetime) -> list[FrontItem]:
    """How many people are active this term."""
    term = Term.objects.current(standing.today(now))
    active = Membership.objects.filter(term=term).active().count()
    if not active:
        return []
    return [
        FrontItem(kind="number", title="active members", url=reverse("portal:front"), meta=(str(active),))
    ]


def personal_data(person: User) -> dict[str, Any]:
    """In words, what the tables say in rows."""
    return {
        "membership": [str(membership) for membership in person.memberships.select_related("term", "person")],
        "offices": [str(held) for held in person.office_terms.select_related("office", "person")],
        "thanks": [
            {"by": row.by.display_name, "sentence": row.sentence, "at": row.at.isoformat()}
            for row in person.thanks_got.select_related("by")
        ],
    }


def numbers(term: Term) -> list[Figure]:
    """How many people a term had, by kind."""
    counted = Membership.objects.filter(term=term, status=Membership.Status.ACTIVE).aggregate(
        all=Count("pk"),
        new=Count("pk", filter=Q(kind=Membership.Kind.NEW)),
        fellows=Count("pk", filter=Q(kind=Membership.Kind.FELLOW)),
    )
    n = counted["all"]
    return [
        Figure(
            name="Active members", value=n, n=n, definition="People whose membership in the term is active."
        ),
        Figure(name="New members", value=counted["new"], n=n, definition="Active members of kind new."),
        Figure(name="Fellows", value=counted["fellows"], n=n, definition="Active members of kind fellow."),
    ]


def audiences(user: User, now: datetime, key: str) -> list[Audience]:
    return of_the_club(user, now, key)


def office_permissions() -> dict[str, list[str]]:
    """The rights that the offices of a new club carry here."""
    everything = [
        f"members.{action}_{model}"
        for model in (
            "user",
            "term",
            "break",
            "membership",
            "office",
            "officeterm",
            "club",
            "invitation",
            "topic",
        )
        for action in ("view", "add", "change")
    ] + [
        "members.delete_break",
        "members.delete_officeterm",
        "members.delete_invitation",
        "members.delete_topic",
        "members.view_auditentry",
        "members.view_problemreport",
        "members.change_problemreport",
        "members.view_notification",
        "members.resend_notification",
        "members.view_suppression",
        "members.change_suppression",
        "members.delete_suppression",
        "members.view_mailevent",
        "members.view_webhook",
        "members.add_webhook",
        "members.change_webhook",
        "members.delete_webhook",
        "members.view_channelpost",
        "members.view_pairing",
        "members.change_pairing",
        "members.view_thanks",
        "members.delete_thanks",
        "members.import_people",
        "members.export_people",
        "members.suspend_user",
        "members.erase_user",
    ]
    outside = [
        f"members.{action}_{model}" for model in ("contact", "organization") for action in ("add", "change")
    ] + ["members.erase_contact"]
    everything += outside
    return {
        "*": [
            "members.view_desk",
            "members.view_contact",
            "members.view_organization",
            "members.view_user",
            "members.view_membership",
            "members.view_term",
            "members.view_break",
            "members.view_office",
            "members.view_officeterm",
            "members.view_topic",
            "members.view_problemreport",
            "members.view_notification",
            "members.view_announcement",
            "members.send_announcement",
        ],
        "president": everything,
        "webmaster": everything,
        "education": [
            "members.change_membership",
            "members.export_people",
            "members.view_pairing",
            "members.change_pairing",
            "members.view_pairingmember",
            "members.change_pairingmember",
            "members.view_pairingcheckin",
        ],
        "events": outside,
        "projects": outside,
        "recruiting": [
            "members.change_membership",
            "members.import_people",
            "members.view_invitation",
            "members.add_invitation",
        ],
    }
