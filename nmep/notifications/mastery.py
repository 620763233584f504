"""Requests to the leads and their answers, offers of help, and completion. None of them says why or which."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from members.ledger import Category, Kind, kind
from members.models import Notification
from nmep.models import Absence, Completion, ExtensionRequest, HelpOffer


def _request(row: Notification) -> Absence | ExtensionRequest | None:
    """The absence or the request for more time that a message is about."""
    model: Any = Absence if row.about.startswith("nmep.absence:") else ExtensionRequest
    found: Absence | ExtensionRequest | None = (
        model.objects.select_related("enrolment__offering__program", "enrolment__offering__term")
        .filter(pk=row.about_pk)
        .first()
    )
    return found


def _page(name: str, *args: Any) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


@kind(
    "nmep-request-waits",
    label="Requests of your learners",
    template="nmep/mail/request_waits",
    category=Category.TRANSACTIONAL,
    why="because you lead this offering",
)
class RequestWaits(Kind):
    """A learner asked a lead for something; the page says who and what, with one button to answer."""

    def still_wanted(self, row: Notification, now: Any) -> bool | str:
        request = _request(row)
        if request is None:
            return "taken back"
        return True if request.state == request.State.ASKED else "answered already"

    def context(self, row: Notification) -> dict[str, Any]:
        request = _request(row)
        if request is None:
            return {"offering": None, "url": settings.SITE_URL}
        name = "nmep:absence_decide" if isinstance(request, Absence) else "nmep:extension_decide"
        offering = request.enrolment.offering
        return {"offering": offering, "url": _page(name, offering.slug, request.pk)}


@kind(
    "nmep-request-answered",
    label="Answers of your leads",
    template="nmep/mail/request_answered",
    category=Category.TRANSACTIONAL,
    why="because you asked for something",
)
class RequestAnswered(Kind):
    """A lead has answered; which way is on the page."""

    def still_wanted(self, row: Notification, now: Any) -> bool | str:
        return True if _request(row) is not None else "taken back"

    def context(self, row: Notification) -> dict[str, Any]:
        request = _request(row)
        if request is None:
            return {"offering": None, "url": settings.SITE_URL}
        offering = request.enrolment.offering
        return {"offering": offering, "url": _page("nmep:progress_mine", offering.slug)}


@kind(
    "nmep-help-offered",
    label="Help offered to you, or asked of you",
    template="nmep/mail/help_offered",
    category=Category.TRANSACTIONAL,
    why="because a lead brought the two of you together",
)
class HelpOffered(Kind):
    """That help is there, to the learner and to the helper; never why."""

    def still_wanted(self, row: Notification, now: Any) -> bool | str:
        return True if HelpOffer.objects.open().filter(pk=row.about_pk).exists() else "it is over"

    def context(self, row: Notification) -> dict[str, Any]:
        offer = HelpOffer.objects.select_related(
            "enrolment__person", "enrolment__offering__program", "enrolment__offering__term", "helper"
        ).get(pk=row.about_pk)
        offering = offer.enrolment.offering
        is_helper = row.person_id == offer.helper_id
        other = offer.enrolment.person if is_helper else offer.helper
        return {
            "offering": offering,
            "other": other,
            "is_helper": is_helper,
            "url": _page("nmep:syllabus" if is_helper else "nmep:progress_mine", offering.slug),
        }


@kind(
    "nmep-completed",
    label="Completing a programme",
    template="nmep/mail/completed",
    category=Category.TRANSACTIONAL,
    why="because you completed this programme",
)
class Completed(Kind):
    """Well done: where the certificate is, and where to go next."""

    def still_wanted(self, row: Notification, now: Any) -> bool | str:
        return True if Completion.objects.valid().filter(pk=row.about_pk).exists() else "revoked"

    def context(self, row: Notification) -> dict[str, Any]:
        completion = Completion.objects.select_related(
            "enrolment__offering__program", "enrolment__offering__term"
        ).get(pk=row.about_pk)
        return {
            "offering": completion.enrolment.offering,
            "url": f"{settings.SITE_URL}{completion.get_absolute_url()}",
            "home_url": f"{settings.SITE_URL}/home/",
        }
