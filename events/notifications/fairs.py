"""What companies are told about a career fair. Nothing of a student ever stands in a mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format

from events.models import Event, FairCompany
from events.notifications.registrations import spoken, version_slot
from members.ledger import Category, Due, Kind, at, kind
from members.link_purposes import Purpose, declare, link_in, url_in
from members.models import Club, Notification

FAIR_COMPANY = declare(
    Purpose(
        "fair-company",
        page="events:company_detail",
        label="your page for the career fair",
        lasts=timedelta(days=240),
    )
)

WHY = "because you registered your company for our career fair"
#: How long after a change or a report fell due it is still told.
STILL = timedelta(days=3)


class AboutCompany(Kind):
    """Messages to whoever registered a company; each leads to the company's own page."""

    def company(self, row: Notification) -> FairCompany | None:
        rows = FairCompany.objects.select_related("fair__event", "booth", "decided_by")
        return rows.filter(pk=row.about_pk).first()

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        """Whether the message still holds for a company that is there and still written for by this address."""
        return company.is_accepted or "not accepted any more"

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        company = self.company(row)
        if company is None:
            return "the registration is gone"
        if company.contact_email.lower() != (row.address or ""):
            return "somebody else writes for the company now"
        link = link_in(row, FAIR_COMPANY)
        if link is None or not link.is_live(now):
            return "the link to its page was ended"
        return self.wanted_by(company, row, now)

    def context(self, row: Notification) -> dict[str, Any]:
        company = self.company(row)
        assert company is not None  # noqa: S101  still_wanted has looked
        event, zone = company.fair.event, Club.current().zone
        build_up = company.fair.build_up_at
        return {
            "company": company,
            "fair": company.fair,
            "event": event,
            "when": spoken(event),
            "build_up": date_format(build_up.astimezone(zone), "D j F, H:i") if build_up else "",
            "resumes_until": date_format(company.fair.resumes_until.astimezone(zone), "j F Y"),
            "url": url_in(row, FAIR_COMPANY),
            "fair_url": settings.SITE_URL + company.fair.get_absolute_url(),
        }


def accepted(events: Any) -> Iterable[FairCompany]:
    """The accepted companies of some fairs."""
    return FairCompany.objects.accepted().filter(fair__event__in=events).select_related("fair__event")


@kind(
    "fair-company-confirm",
    label="Confirm your registration for a career fair",
    template="events/mail/company_confirm",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyConfirm(AboutCompany):
    """Somebody filled in the form with this address."""

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        return not company.is_proven or "confirmed already"


@kind(
    "fair-company-link",
    label="Your page for a career fair",
    template="events/mail/company_link",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyLink(AboutCompany):
    """The link again, to whoever registers a second time or writes for the company from now on."""

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        return company.is_live or "not at the fair any more"


@kind(
    "fair-company-asked",
    label="Your company is registered",
    template="events/mail/company_asked",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyAsked(AboutCompany):
    """The registration has arrived; the officers answer it."""

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        return company.state == FairCompany.State.ASKED or "answered meanwhile"


@kind(
    "fair-company-accepted",
    label="Your company comes to the fair",
    template="events/mail/company_accepted",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyAccepted(AboutCompany):
    """The officers said yes; with the booth, where there is one."""


@kind(
    "fair-company-declined",
    label="Your company cannot come to the fair",
    template="events/mail/company_declined",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyDeclined(AboutCompany):
    """The officers said no."""

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        return company.state == FairCompany.State.DECLINED or "accepted after all"


@kind(
    "fair-company-booth",
    label="Your booth at a career fair",
    template="events/mail/company_booth",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyBooth(AboutCompany):
    """Another booth. Only where a company ended is told."""

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        if not company.is_accepted:
            return "not accepted any more"
        return company.booth_id == row.data.get("booth") or "the booth changed again"


@kind(
    "fair-company-moved",
    label="A career fair moved or was cancelled",
    template="events/mail/company_moved",
    category=Category.TRANSACTIONAL,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyMoved(AboutCompany):
    """Another time or place, or it does not take place. The slot is the version of the schedule, so that each change
    is told once and only the latest."""

    def due(self, now: datetime) -> Iterable[Due]:
        changed = Event.objects.filter(
            fair__isnull=False, schedule_version__gt=0, ends_at__gt=now, updated_at__gt=now - STILL
        )
        for company in accepted(changed):
            if company.fair.event.schedule_version > company.schedule_version:
                yield Due(
                    None,
                    company,
                    slot=version_slot(company.fair.event),
                    address=company.contact_email,
                    due_at=now,
                )

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        if not company.is_accepted:
            return "not accepted any more"
        return row.slot == version_slot(company.fair.event) or "it changed again"


@kind(
    "fair-company-reminder",
    label="A career fair in a week",
    template="events/mail/company_reminder",
    category=Category.REMINDER,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyReminder(AboutCompany):
    """A week before, with booth, times and the way."""

    def due(self, now: datetime) -> Iterable[Due]:
        soon = Event.objects.scheduled().filter(
            fair__isnull=False,
            starts_at__gt=now + timedelta(days=1),
            starts_at__lte=now + timedelta(days=7),
        )
        for company in accepted(soon):
            event = company.fair.event
            due_at = event.starts_at - company.fair.REMINDED_BEFORE
            # Whoever was accepted later than that has just read all of it.
            if company.decided_at is not None and company.decided_at <= due_at:
                yield Due(
                    None,
                    company,
                    slot=at(event.starts_at, "7d"),
                    address=company.contact_email,
                    due_at=due_at,
                    expires_at=event.starts_at - timedelta(days=1),
                )

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        event = company.fair.event
        if not company.is_accepted:
            return "not accepted any more"
        if event.is_cancelled:
            return "the fair was cancelled"
        return row.slot == at(event.starts_at, "7d") or "the fair moved"


@kind(
    "fair-company-report",
    label="Your report of a career fair",
    template="events/mail/company_report",
    category=Category.REMINDER,
    why=WHY,
    is_required=True,
    is_for_accounts=False,
)
class CompanyReport(AboutCompany):
    """A week after: the page has the report. The mail holds no number and no name."""

    def due(self, now: datetime) -> Iterable[Due]:
        past = Event.objects.scheduled().filter(
            fair__isnull=False,
            ends_at__lte=now - timedelta(days=7),
            ends_at__gt=now - timedelta(days=7) - STILL,
        )
        for company in accepted(past):
            yield Due(
                None,
                company,
                slot="report",
                address=company.contact_email,
                due_at=company.fair.report_at,
                expires_at=company.fair.report_at + STILL,
            )

    def wanted_by(self, company: FairCompany, row: Notification, now: datetime) -> bool | str:
        if not company.is_accepted:
            return "not accepted any more"
        if company.fair.event.is_cancelled:
            return "the fair was cancelled"
        return now >= company.fair.report_at or "the fair moved"
