"""The records of people, in one module a subject."""

from members.admin import (
    announcements,
    audit,
    club,
    contacts,
    invitations,
    mail,
    offices,
    pairings,
    people,
    reports,
    terms,
    thanks,
)

__all__ = [
    "announcements",
    "audit",
    "club",
    "contacts",
    "invitations",
    "mail",
    "offices",
    "pairings",
    "people",
    "reports",
    "terms",
    "thanks",
]
