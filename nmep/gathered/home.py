"""What is due from somebody, where they go next, and what they review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from events.models import Event, HelperOffer
from members.models import User
from mlclub.gather import (
    Card,
    Section,
    Stand,
)
from nmep import attention, papers, progress, requirements
from nmep.attention import REVIEW_PROMISE
from nmep.gathered import capstone_news
from nmep.models import (
    Absence,
    Completion,
    Enrolment,
    Offering,
    OfferingSheet,
    OralResult,
    PairingRound,
    Session,
    Submission,
    TeamPlace,
)
from nmep.progress import Work
from projects.models import Initiative, Role

#: Parties of so many days ask for helpers, and answers of so many days are news.
PARTY_AHEAD = timedelta(days=5)
ANSWERED = timedelta(days=7)
#: So long after completing a programme home says where to go next, and so much of it.
WHERE_NEXT = timedelta(days=120)
NEXT_SHOWN = 4


def home(user: User, now: datetime) -> list[Card]:
    """Work that is due, and the review queue: three queries, one more for reviewers and for those who may be mentors; one
    for whoever is in no programme."""
    enrolments = _current(user, now)
    offerings = {row.offering_id: row.offering for row in enrolments}
    learning = [row for row in enrolments if row.role == Enrolment.Role.LEARNER]
    works = progress.work_of(offerings, learning, now) if learning else {}
    user._nmep_works = works  # type: ignore[attr-defined]
    cards = [card for row in learning for card in _due_cards(row, works[row.pk], now)]
    cards = [
        replace(card, is_primary=at == 0)
        for at, card in enumerate(sorted(cards, key=lambda card: card.when or now))
    ]
    cards += [card for row in learning for card in papers.cards(row, now)]
    cards += [card for row in learning for card in _class_cards(row)]
    cards += capstone_news.cards(user, enrolments, now)
    cards += [card for row in learning for card in _learner_cards(row, now)]
    for row in enrolments:
        if row.role == Enrolment.Role.LEAD:
            cards += _lead_cards(row, now)
        elif row.role in Enrolment.STAFF:
            cards += _party_cards(row)
    if not enrolments:
        cards += _next_cards(user, now)
    return cards + _review_cards(user, [row for row in enrolments if row.role in Enrolment.STAFF], now)


def _lead_cards(enrolment: Any, now: datetime) -> list[Card]:
    """One card for everything that needs a lead; what it is stands on their page."""
    needs = attention.found(enrolment.offering, enrolment.needs_json, now)
    if not needs:
        return []
    n, url = len(needs), reverse("nmep:staff", args=[enrolment.offering.slug])
    named = [f"{need.count} {need.title[0].lower()}{need.title[1:]}" for need in needs[:2]]
    return [
        Card(
            section=Section.NEEDED,
            title=f"{n} thing{' needs' if n == 1 else 's need'} you in {enrolment.offering.program}",
            url=url,
            meta=(*named, *((f"{n - 2} more",) if n > 2 else ())),
            icon="clipboard-document-check",
            action="Look",
            action_url=url,
            weight=25,
        )
    ]


def _party_cards(enrolment: Any) -> list[Card]:
    """For whoever helps: the next homework party that has hardly a helper yet."""
    return [
        Card(
            section=Section.NEEDED,
            title=f"Can you help at {_day(row['starts_at'], enrolment)}'s party?",
            url=(url := reverse("events:event_detail", args=[row["pk"], row["slug"]])),
            meta=("nobody has said so yet" if not row["helpers"] else "one person helps so far",),
            icon="lifebuoy",
            action="I can help",
            action_url=url,
            weight=16,
        )
        for row in enrolment.parties_wanting_json[:1]
    ]


def _day(moment: str, enrolment: Any) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(enrolment.offering.zone):%A}"


def _learner_cards(enrolment: Any, now: datetime) -> list[Card]:
    """An exam that nobody has a time for yet, and what a lead has answered."""
    slug, cards = enrolment.offering.slug, []
    facts = requirements.Facts(enrolment, enrolment.offering, now, (), ())
    held = requirements.Held.read(facts, OfferingSheet.Kind.ORAL)
    is_passed = enrolment.oral_result_json == OralResult.Outcome.PASSED
    is_open = held.last_slot is not None and held.last_slot > now
    if is_open and not is_passed and held.coming is None and not held.given:
        cards.append(
            Card(
                section=Section.DUE,
                title="You have no time for your oral exam yet",
                url=(url := reverse("nmep:oral_list", args=[slug])),
                meta=(f"the last one is on {held.last_slot.astimezone(enrolment.offering.zone):%-d %B}",)
                if held.last_slot
                else (),
                icon="chat-bubble-left-right",
                action="Pick one",
                action_url=url,
                weight=4,
            )
        )
    return cards + [
        Card(
            section=Section.NEW,
            title=f"Your leads answered about week {row['week']}",
            url=reverse("nmep:absence_mine", args=[slug]),
            badge=Absence.State(row["state"]).label,
            tone="ok" if row["state"] == Absence.State.EXCUSED else "warn",
            icon="chat-bubble-left",
            weight=8,
        )
        for row in enrolment.absences_json
        if row["decided_at"] and datetime.fromisoformat(row["decided_at"]) > now - ANSWERED
    ]


def _next_cards(user: User, now: datetime) -> list[Card]:
    """Where somebody goes who has just completed a programme: what takes newer members now."""
    completed = Completion.objects.valid().filter(enrolment__person=user, at__gte=now - WHERE_NEXT)
    takes = Initiative.objects.visible_to(user).open_to_newer_members().filter(Exists(completed))
    mine = Role.objects.filter(initiative=OuterRef("pk"), person=user)
    return [
        Card(
            section=Section.NEW,
            title=f"Where next? {row.name}",
            url=row.get_absolute_url(),
            meta=(row.get_kind_display(), row.opening),
            icon="map",
            action="See it",
            action_url=row.get_absolute_url(),
            weight=15,
        )
        for row in takes.exclude(Exists(mine)).order_by("kind", "name")[:NEXT_SHOWN]
    ]


def _class_cards(enrolment: Any) -> list[Card]:
    """The next meetings of a learner: the class, and the party before or after it."""
    return [
        Card(
            section=Section.NEXT,
            title=row["title"]
            if row["kind"] != Session.Kind.CLASS
            else f"Class, week {row['week']}: {row['title']}",
            url=reverse("nmep:week_detail", args=[enrolment.offering.slug, row["week"]]),
            when=datetime.fromisoformat(row["starts_at"]),
            meta=(row["place"] or "no place yet", "you are expected")
            if row["kind"] == Session.Kind.CLASS
            else (row["place"] or "no place yet",),
            icon="academic-cap",
            instead_of=reverse("events:event_detail", args=[row["event"], row["slug"]]),
        )
        for row in enrolment.next_json
    ]


def _current(user: User, now: datetime) -> list[Enrolment]:
    """Where somebody is in now, with what they handed in; kept on the object for the other cards of a page."""
    kept: list[Enrolment] | None = getattr(user, "_nmep_current", None)
    if kept is None:
        rows = Enrolment.objects.active().filter(person=user, offering__in=Offering.objects.live())
        # For the ORM to build all that follows takes longer than everything else of the page: only where it says something.
        roles = set(rows.order_by().values_list("role", flat=True))
        kept = _with_everything(rows, now, is_lead=Enrolment.Role.LEAD in roles) if roles else []
        user._nmep_current = kept  # type: ignore[attr-defined]
    return kept


def _with_everything(rows: Any, now: datetime, *, is_lead: bool) -> list[Enrolment]:
    coming = Session.objects.filter(
        offering=OuterRef("offering"), event__ends_at__gt=now, event__state=Event.State.SCHEDULED
    ).order_by("event__starts_at")
    meetings = coming.values(
        row=JSONObject(
            title="title",
            kind="kind",
            week="week",
            starts_at="event__starts_at",
            place="event__place",
            event="event",
            slug="event__slug",
        )
    )[:2]
    with_all = capstone_news.with_capstone(
        progress.with_records(rows.select_related("offering__program", "offering__term")), now
    )
    return list(
        with_all.annotate(
            next_json=ArraySubquery(meetings),
            parties_wanting_json=_parties_wanting(now),
            partners_json=_partners(),
            **papers.columns(now),
            **(attention.columns_of_leads(now) if is_lead else {}),
        )
    )


def _parties_wanting(now: datetime) -> ArraySubquery:
    """The parties of the next days with fewer than two helpers, which the person has not offered to help at."""
    offers = HelperOffer.objects.filter(event=OuterRef("event"), withdrawn_at=None).order_by()
    mine = offers.filter(person=OuterRef(OuterRef("person")))
    counted = offers.values("event").annotate(n=Count("pk")).values("n")
    rows = (
        Session.objects.filter(
            offering=OuterRef("offering"),
            kind=Session.Kind.PARTY,
            event__state=Event.State.SCHEDULED,
            event__starts_at__gt=now,
            event__starts_at__lt=now + PARTY_AHEAD,
        )
        .annotate(helpers=Coalesce(Subquery(counted), 0))
        .filter(~Exists(mine), helpers__lt=2)
        .order_by("event__starts_at")
    )
    return ArraySubquery(
        rows.values(
            row=JSONObject(pk="event", slug="event__slug", starts_at="event__starts_at", helpers="helpers")
        )
    )


def _partners() -> ArraySubquery:
    """With whom somebody works on which homework."""
    others = TeamPlace.objects.filter(team=OuterRef("team")).exclude(pk=OuterRef("pk"))
    rows = TeamPlace.objects.filter(enrolment=OuterRef("pk"), round__state__in=PairingRound.TOLD).order_by()
    return ArraySubquery(
        rows.values(
            row=JSONObject(
                assignment="round__assignment",
                names=ArraySubquery(
                    others.order_by("enrolment__person__name").values("enrolment__person__name")
                ),
            )
        )
    )


def _due_cards(enrolment: Enrolment, works: Sequence[Work], now: datetime) -> list[Card]:
    work = [row for row in works if row.is_owed]
    work.sort(key=lambda row: (row.due_at or now, row.assignment.position))
    cards = []
    partners = {row["assignment"]: row["names"] for row in enrolment.partners_json}  # type: ignore[attr-defined]
    for row in work:
        names = partners.get(row.assignment.pk)
        words = {"returned": "Read the review", "draft": "Continue", "do_over": "Do it over"}
        url = reverse("nmep:assignment_detail", args=[enrolment.offering.slug, row.assignment.key])
        cards.append(
            Card(
                section=Section.DUE,
                title=str(row.assignment),
                url=url,
                when=row.due_at,
                meta=(f"with {requirements.listed(names)}",) if names else (),
                badge="" if row.state == "open" else row.word,
                tone=row.tone,
                icon="pencil-square",
                action=f"{words.get(row.state, 'Submit')}{' ' + row.assignment.label if row.state == 'draft' else ''}",
                action_url=url if row.state == "returned" else f"{url}#hand-in",
                weight=10,
            )
        )
    return cards


def _review_cards(user: User, staffed: Sequence[Enrolment], now: datetime) -> list[Card]:
    if not staffed:
        return []
    offerings = {row.offering_id: row.offering for row in staffed}
    waiting = Submission.objects.waiting().filter(assignment__offering__in=offerings)
    waiting = waiting.exclude(pk__in=Submission.objects.authored_by(user)).filter(
        Q(reviewer=user)
        | Q(reviewer=None, authors__enrolment__reviewer=user)
        | Q(reviewer=None, authors__enrolment__reviewer=None)
    )
    counts: dict[int, list[datetime]] = defaultdict(list)
    for offering, at in waiting.distinct().order_by().values_list("assignment__offering", "handed_in_at"):
        counts[offering].append(at or now)
    cards = []
    for key, moments in counts.items():
        oldest = (now - min(moments)).days
        n = len(moments)
        cards.append(
            Card(
                section=Section.NEEDED,
                title=f"{n} hand-in{'' if n == 1 else 's'} to review",
                url=reverse("nmep:review_queue", args=[offerings[key].slug]),
                meta=(str(offerings[key]), f"the oldest waits {oldest} day{'' if oldest == 1 else 's'}"),
                badge="Overdue" if oldest > REVIEW_PROMISE.days else "",
                tone="warn" if oldest > REVIEW_PROMISE.days else "",
                icon="inbox-stack",
                action="Start",
                action_url=reverse("nmep:review_next", args=[offerings[key].slug]),
                post=True,
                weight=20,
            )
        )
    return cards


def stand(user: User, now: datetime) -> list[Stand]:
    """How a learner stands, as the leads see it."""
    lines: list[Stand] = []
    learning = [row for row in _current(user, now) if row.role == Enrolment.Role.LEARNER]
    for enrolment in learning:
        where = f", {enrolment.offering.program}" if len(learning) > 1 else ""
        row = progress.of(enrolment, now, getattr(user, "_nmep_works", None))
        url = reverse("nmep:progress_mine", args=[enrolment.offering.slug])
        spare = enrolment.offering.max_absences - row.absences
        lines.append(
            Stand(
                label=f"Attendance{where}",
                text=f"{row.attended_count} of {row.held_count}"
                + (f", {row.excused_count} excused" if row.excused_count else ""),
                detail=f"{spare} more absence{' is' if spare == 1 else 's are'} fine"
                if spare > 0
                else "no more absences, please",
                tone="" if spare > 0 else "warn",
                url=url,
                ticks=row.ticks,
            )
        )
        handed_in = sum(1 for work in row.work if work.submission or work.is_settled)
        lines.append(
            Stand(
                label=f"Homework{where}",
                text=f"{handed_in} of {len(row.work)} handed in",
                detail=f"{len(row.done)} done" + (f", {len(row.owed)} owed" if row.owed else ""),
                url=url,
            )
        )
        lines += [Stand(label="To look after", text=reason, tone="warn", url=url) for reason in row.reasons]
    return lines
