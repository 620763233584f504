"""What can be told: the kinds of message that the apps declare in their `notifications.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.module_loading import autodiscover_modules

from members.models import Notification, User


class Category(Enum):
    """How a kind behaves. The order is the order of sending: nobody waits behind ten thousand digests."""

    TRANSACTIONAL = 0  # somebody is waiting for it; goes to a paused address too
    REMINDER = 1
    ANNOUNCEMENT = 2
    DIGEST = 3  # rather not at all than twice

    @property
    def heading(self) -> str:
        return {
            Category.TRANSACTIONAL: "When something happens to what you take part in",
            Category.REMINDER: "Reminders",
            Category.ANNOUNCEMENT: "Announcements",
            Category.DIGEST: "Digests",
        }[self]

    @property
    def is_bulk(self) -> bool:
        """Whether it stays away from an address that bounced or complained."""
        return self is not Category.TRANSACTIONAL


@dataclass(frozen=True)
class Due:
    """A message that has fallen due by the clock. `slot` holds the instant it reminds of (see `at`)."""

    person: User | int | None = None
    about: models.Model | str = ""
    slot: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    address: str = ""
    data: dict[str, Any] = field(default_factory=dict)


class Kind:
    """One kind of message. The decorator `kind` mixes this into the class that an app writes."""

    slug: ClassVar[str]
    label: ClassVar[str]
    template: ClassVar[str]
    category: ClassVar[Category]
    why: ClassVar[str]
    is_required: ClassVar[bool]
    is_on: ClassVar[bool]
    is_for_accounts: ClassVar[bool]

    def due(self, now: datetime) -> Iterable[Due]:
        """What falls due by the clock at `now`. Asked every 30 seconds; offering a row again is harmless."""
        return ()

    def prepare(self, rows: Sequence[Notification]) -> None:
        """Called once for a batch of rows, so that `context` need not ask the database for each."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        """Asked just before sending: True, or False or the reason why the message is not needed any more."""
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        """What the three templates need."""
        return {}

    def attachments(self, row: Notification) -> Sequence[tuple[str, bytes, str]]:
        """Files to go with it: (name, content, mimetype)."""
        return ()


#: Every kind by its slug. Ask `every()` or `find()`, which make sure that all apps have been heard.
REGISTRY: dict[str, Kind] = {}


def kind(
    slug: str,
    *,
    label: str,
    template: str,
    category: Category,
    why: str,
    is_required: bool = False,
    is_on: bool = True,
    is_for_accounts: bool = True,
) -> Callable[[type], type[Kind]]:
    """Declare a class as a kind of message.

    `label` is how the settings page calls it (plural), `why` completes "You get this mail …".
    An `is_required` kind cannot be switched off; `is_on=False` is sent only to those who switched it on.
    A kind that only goes to addresses without an account (`is_for_accounts=False`) is not on the settings page.
    """

    def declare(declared: type) -> type[Kind]:
        bases = (declared,) if issubclass(declared, Kind) else (declared, Kind)
        made: type[Kind] = type(
            declared.__name__,
            bases,
            {
                "__doc__": declared.__doc__,
                "__module__": declared.__module__,
                "__qualname__": declared.__qualname__,
                "slug": slug,
                "label": label,
                "template": template,
                "category": category,
                "why": why,
                "is_required": is_required,
                "is_on": is_on,
                "is_for_accounts": is_for_accounts,
            },
        )
        known = REGISTRY.get(slug)
        if known and (type(known).__module__, type(known).__qualname__) != (
            made.__module__,
            made.__qualname__,
        ):
            raise ImproperlyConfigured(f"Two kinds of notification are called {slug}.")
        REGISTRY[slug] = made()
        return made

    return declare


@lru_cache
def hear_all_apps() -> None:
    """Read what the apps declare in their `notifications`; once a process."""
    autodiscover_modules("notifications")


def every() -> list[Kind]:
    """All kinds, in the order of sending and then by label."""
    hear_all_apps()
    return sorted(REGISTRY.values(), key=lambda each: (each.category.value, each.label))


def find(slug: str) -> Kind | None:
    """The kind called `slug`, or None where no app declares it any more."""
    hear_all_apps()
    return REGISTRY.get(slug)


def known(slug: str) -> Kind:
    """The kind called `slug`, which an app declares: a row of another kind does not come this far."""
    found = find(slug)
    if found is None:
        raise LookupError(slug)
    return found


#: What allauth calls its mails, and what people call them.
ACCOUNT_MAILS = {
    "email_confirmation": "Confirm your address",
    "email_confirmation_signup": "Confirm your address",
    "login_code": "Sign-in code",
    "password_reset_key": "Password reset",
    "password_reset_code": "Password reset",
    "unknown_account": "Somebody tried to sign in",
    "account_already_exists": "Somebody tried to sign up",
    "password_changed": "Password changed",
    "password_reset": "Password was reset",
    "password_set": "Password set",
    "email_changed": "Address changed",
    "email_confirm": "Address confirmed",
    "email_deleted": "Address removed",
    "totp_activated": "Authenticator app added",
    "totp_deactivated": "Authenticator app removed",
    "webauthn_added": "Passkey added",
    "webauthn_removed": "Passkey removed",
    "recovery_codes_generated": "Recovery codes made",
    "account_connected": "Sign-in connected",
    "account_disconnected": "Sign-in disconnected",
}


def label_of(slug: str) -> str:
    """What people call the kind `slug`, also when it is one of allauth's or no longer exists."""
    known = find(slug)
    if known:
        return known.label
    plain = slug.removeprefix("account-")
    return ACCOUNT_MAILS.get(plain, plain.replace("-", " ").replace("_", " ").capitalize())


def at(instant: datetime, *more: str) -> str:
    """A slot that holds an instant, the same whatever zone it is written in: at(event.starts_at, "24h")."""
    return " ".join([instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), *more])
