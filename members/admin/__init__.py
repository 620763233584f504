"""The records of people, in one module a subject."""

from members.admin import audit, club, invitations, mail, offices, pairings, people, reports, terms

__all__ = ["audit", "club", "invitations", "mail", "offices", "pairings", "people", "reports", "terms"]
