"""Who wants what: preferences, the link that stops a kind of mail, and addresses that bounced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from members.ledger.kinds import Kind, every
from members.models import Notification, Preference, Suppression, User

SALT = "members.unsubscribe"


@dataclass(frozen=True)
class Stop:
    """What a link of a mail may stop: its kind, or kinds, for one person or one address."""

    kinds: tuple[str, ...]
    person_pk: int | None = None
    address: str | None = None


def token_of(*rows: Notification) -> str:
    """The signed, unstored token in the unsubscribe link of the mail that carries `rows`, which go to one recipient.
    It never expires and cannot sign anybody in."""
    first = rows[0]
    slugs = " ".join(dict.fromkeys(row.kind for row in rows))
    whose = {"p": first.person_id} if first.person_id else {"a": first.address}
    return signing.Signer(salt=SALT).sign_object({"k": slugs, **whose}).replace(":", "~")


def read_token(token: str) -> Stop | None:
    """What the link stops, or None for one that we did not sign."""
    try:
        found = signing.Signer(salt=SALT).unsign_object(token.replace("~", ":"))
        return Stop(tuple(found["k"].split()), found.get("p"), found.get("a"))
    except (signing.BadSignature, KeyError, ValueError, TypeError, AttributeError):
        return None


def link(token: str) -> str:
    return settings.SITE_URL + reverse("members:unsubscribe", args=[token])


def choose(
    kind: Kind,
    *,
    is_wanted: bool,
    now: datetime,
    person: User | int | None = None,
    address: str | None = None,
) -> None:
    """Keep somebody's yes or no to a kind; running it twice is harmless."""
    Preference.objects.update_or_create(
        person_id=person.pk if isinstance(person, User) else person,
        address=address,
        kind=kind.slug,
        channel=Notification.Channel.MAIL,
        defaults={"is_wanted": is_wanted, "changed_at": now},
    )


def wanted_by(person: User) -> dict[str, bool]:
    """For every kind, whether `person` gets it by mail."""
    chosen = dict(
        Preference.objects.filter(person=person, channel=Notification.Channel.MAIL).values_list(
            "kind", "is_wanted"
        )
    )
    return {kind.slug: kind.is_required or chosen.get(kind.slug, kind.is_on) for kind in every()}


@dataclass(frozen=True)
class Wishes:
    """What the recipients of a batch have said, fetched at once."""

    chosen: dict[tuple[int | None, str | None, str], bool]
    paused: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Notification]) -> Wishes:
        rows = list(rows)
        people = {row.person_id for row in rows if row.person_id}
        addresses = {row.address for row in rows if row.address}
        said = Preference.objects.filter(
            channel=Notification.Channel.MAIL, kind__in={row.kind for row in rows}
        )
        mine = said.filter(person__in=people) | said.filter(address__in=addresses)
        return cls(
            {
                (person, address, kind): is_wanted
                for person, address, kind, is_wanted in mine.values_list(
                    "person_id", "address", "kind", "is_wanted"
                )
            },
            frozenset(paused(row.to for row in rows)),
        )

    def wants(self, row: Notification, kind: Kind) -> bool:
        return kind.is_required or self.chosen.get((row.person_id, row.address, row.kind), kind.is_on)


def paused(addresses: Iterable[str]) -> set[str]:
    """Those of `addresses` to which nothing in bulk goes."""
    lowered = {address.lower() for address in addresses if address}
    return set(Suppression.objects.standing().filter(address__in=lowered).values_list("address", flat=True))


def pause(
    address: str,
    reason: str,
    *,
    now: datetime,
    cause: Suppression.Cause = Suppression.Cause.BOUNCE,
    event_id: str = "",
) -> bool:
    """Send nothing in bulk to `address` until somebody lifts it. False: it was paused, or the event is an old one."""
    address = address.strip().lower()
    if not address or (event_id and Suppression.objects.filter(event_id=event_id).exists()):
        return False
    made = Suppression.objects.bulk_create(
        [Suppression(address=address, cause=cause, reason=reason[:200], created_at=now, event_id=event_id)],
        ignore_conflicts=True,
    )
    return bool(made)


def lift(address: str, *, now: datetime, reason: str, by: User | None = None) -> bool:
    """Send to `address` again; what the provider says of older events no longer counts."""
    standing = Suppression.objects.standing().filter(address=address.strip().lower())
    return bool(standing.update(lifted_at=now, lifted_by=by, lift_reason=reason[:200]))


# ── Proving that an address works again

PROOF_SALT = "members.address-works"
PROOF_HOLDS = timedelta(days=3)


def proof_token(address: str) -> str:
    """What the link of a proof carries: whoever can click it reads mail at `address`."""
    return signing.TimestampSigner(salt=PROOF_SALT).sign_object(address.lower()).replace(":", "~")


def proven_address(token: str) -> str:
    """The address that the link proves; empty for one that we did not sign or that ran out."""
    try:
        signer = signing.TimestampSigner(salt=PROOF_SALT)
        return str(signer.unsign_object(token.replace("~", ":"), max_age=PROOF_HOLDS))
    except (signing.BadSignature, ValueError, TypeError):
        return ""
