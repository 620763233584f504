"""What the floor of people tells: invitations to their address, and problems to the officers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from members import link_purposes
from members.ledger import Category, Kind, kind, stopping
from members.models import Announcement, Invitation, MagicLink, Notification, ProblemReport, Thanks
from mlclub.mail import from_markdown


@kind(
    "invitation",
    label="Invitations",
    template="members/mail/invitation",
    category=Category.TRANSACTIONAL,
    why="because an officer of the club invited this address",
    is_for_accounts=False,
)
class Invited(Kind):
    """Somebody may make an account; the link is made when the mail is."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        invitation = Invitation.objects.filter(pk=row.about_pk).first()
        if invitation is None or not invitation.is_open(now):
            return "taken up or withdrawn"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        invitation = Invitation.objects.select_related("term", "invited_by").get(pk=row.about_pk)
        return {"invitation": invitation, "url": settings.SITE_URL + invitation.get_absolute_url()}


@kind(
    "problem-reported",
    label="Reported problems",
    template="members/mail/problem_reported",
    category=Category.TRANSACTIONAL,
    why="because you hold an office and somebody reported a problem",
)
class ProblemReported(Kind):
    """A visitor told the officers that something does not work."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        if ProblemReport.objects.filter(pk=row.about_pk, settled_at=None).exists():
            return True
        return "settled meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        return {"report": ProblemReport.objects.get(pk=row.about_pk), "url": f"{settings.SITE_URL}/desk/"}


@kind(
    "magic-link-again",
    label="Your link, once more",
    template="members/mail/magic_link_again",
    category=Category.TRANSACTIONAL,
    why="because somebody, probably you, asked for a new link to a page that is yours",
    is_required=True,
    is_for_accounts=False,
)
class LinkSentAgain(Kind):
    """A page of somebody without an account, whose link had run out or was lost."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        link = MagicLink.objects.filter(pk=row.about_pk).first()
        return (link is not None and link.is_live(now)) or "the link is over"

    def context(self, row: Notification) -> dict[str, Any]:
        link = MagicLink.objects.select_related("contact").get(pk=row.about_pk)
        purpose = link_purposes.find(link.purpose)
        return {
            "link": link,
            "label": purpose.label if purpose else "your page",
            "url": link_purposes.url_of(link),
        }


@kind(
    "thanked",
    label="Thanks",
    template="members/mail/thanked",
    category=Category.TRANSACTIONAL,
    why="because somebody thanked you for something you gave",
)
class Thanked(Kind):
    """Somebody said thank you; their sentence, and for what."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return Thanks.objects.filter(pk=row.about_pk).exists() or "taken back"

    def context(self, row: Notification) -> dict[str, Any]:
        thanks = Thanks.objects.select_related("by", "to").get(pk=row.about_pk)
        return {
            "thanks": thanks,
            "title": row.data.get("title", ""),
            "url": settings.SITE_URL + thanks.to.get_absolute_url(),
        }


class AboutAnnouncement(Kind):
    """Words that a person wrote to a group."""

    def prepare(self, rows: Sequence[Notification]) -> None:
        """The text is fetched and made once for a whole batch."""
        texts: dict[int, tuple[Announcement, Any]] = {}
        wanted = {row.about_pk for row in rows}
        for found in Announcement.objects.filter(pk__in=wanted).select_related("sent_by", "written_by"):
            texts[found.pk] = (found, SimpleLazyObject(partial(from_markdown, found.body)))
        for row in rows:
            row.written = texts.get(row.about_pk)  # type: ignore[attr-defined]

    def text_of(self, row: Notification) -> tuple[Announcement, Any]:
        if not hasattr(row, "written"):
            self.prepare([row])
        if row.written is None:  # type: ignore[attr-defined]
            raise Announcement.DoesNotExist
        written: tuple[Announcement, Any] = row.written  # type: ignore[attr-defined]
        return written

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        # Asked anew, not from the batch: the stop must hold for whoever is next.
        if Announcement.objects.filter(pk=row.about_pk, state=Announcement.State.STOPPED).exists():
            return "stopped by whoever sent it, before it left"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        announcement, html = self.text_of(row)
        found = {
            "announcement": announcement,
            "html": html,
            "author": announcement.sent_by or announcement.written_by,
        }
        if row.data.get("why"):
            found["why"] = row.data["why"]
        return found


@kind(
    "announcement",
    label="Announcements of the club",
    template="members/mail/announcement",
    category=Category.ANNOUNCEMENT,
    why="because an officer wrote to a group that you are in",
)
class AnnouncementMail(AboutAnnouncement):
    """From an officer to a group of the club."""


@kind(
    "words-from-hosts",
    label="Words from those who run what you take part in",
    template="members/mail/announcement",
    category=Category.ANNOUNCEMENT,
    why="because you take part in what the writer runs",
)
class WordsFromHosts(AboutAnnouncement):
    """From the hosts of an event, or the leads of a course, to those who are in it."""


@kind(
    "announcement-test",
    label="Announcements that you try on yourself",
    template="members/mail/announcement",
    category=Category.TRANSACTIONAL,
    why="because you asked for a test of it",
    is_required=True,
)
class AnnouncementTest(AboutAnnouncement):
    """What everybody would get, to its writer alone."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        return {**super().context(row), "is_test": True}


@kind(
    "address-check",
    label="Whether your address works again",
    template="members/mail/address_check",
    category=Category.TRANSACTIONAL,
    why="because you asked on the portal whether mail arrives here",
    is_required=True,
)
class AddressCheck(Kind):
    """Mail came back from an address; its owner says that it works, and this mail proves it."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return bool(stopping.paused([row.to])) or "mail goes there again"

    def context(self, row: Notification) -> dict[str, Any]:
        path = reverse("members:address_prove", args=[stopping.proof_token(row.to)])
        return {"url": settings.SITE_URL + path}
