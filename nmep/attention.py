"""What of an offering needs somebody now. The page of the leads, their home, the digest and the desk ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, JSONObject
from django.urls import reverse

from events.feedback import MIN_ANSWERS
from events.models import Claim, Event, FeedbackAnswer, HelperOffer, Slot, Talk
from events.slots import ALARM
from nmep import mentoring, rosters, stale_text, unpaired
from nmep.models import (
    Absence,
    Assignment,
    Capstone,
    CapstoneMember,
    CapstonePolicy,
    CapstoneStep,
    CourseApplication,
    Departure,
    Enrolment,
    ExtensionRequest,
    Milestone,
    Offering,
    OfferingSheet,
    OralResult,
    PairingRound,
    Question,
    Review,
    Run,
    SecondLook,
    Session,
    ShowcaseTalk,
    Submission,
)
from nmep.models.assignments import at_wall_time

#: A hand-in that waits longer than this for its review is late.
REVIEW_PROMISE = timedelta(days=5)
#: Classes of so many days need somebody who teaches them.
STAFFED_AHEAD = timedelta(days=10)
#: A party of so many days needs somebody who helps.
HELPED_AHEAD = timedelta(days=2)
#: So many names stand beside the number.
NAMED = 3


@dataclass(frozen=True)
class Need:
    """One thing that needs somebody: how many, what, and the page that mends it."""

    key: str
    count: int
    title: str
    url: str
    action: str
    icon: str
    detail: str = ""


@dataclass(frozen=True)
class Rule:
    """One thing to look for. `rows` is a column of an offering, `read` makes of it what there is to name.

    `page` is where it is mended; it is given the offering's slug and what the rows name.
    """

    key: str
    one: str
    many: str
    action: str
    icon: str
    rows: Callable[[datetime], Any]
    page: Callable[[str, Sequence[Any]], str]
    read: Callable[[Offering, Any, datetime], Sequence[Any]] = lambda offering, value, now: value
    named: Callable[[Any], str] = lambda row: ""


def _to(name: str) -> Callable[[str, Sequence[Any]], str]:
    return lambda slug, rows: reverse(f"nmep:{name}", args=[slug])


def _itself(row: Any) -> str:
    return str(row)


def _keys(rows: QuerySet[Any], column: str = "pk") -> ArraySubquery:
    return ArraySubquery(rows.order_by().values(column))


# ── Classes, parties, slots ──


def without_teacher(now: datetime, ahead: timedelta = STAFFED_AHEAD) -> QuerySet[Session]:
    """Classes of the next ten days, or of the time `ahead`, that nobody teaches yet."""
    taught = Talk.objects.filter(event=OuterRef("event")).filter(
        Q(speakers__isnull=False) | ~Q(speaker_names="")
    )
    return (
        Session.objects.classes()
        .filter(
            event__starts_at__gte=now,
            event__starts_at__lt=now + ahead,
            event__state=Event.State.SCHEDULED,
        )
        .filter(~Exists(taught))
    )


def _classes(now: datetime) -> Any:
    label = Concat(
        Value("Week "), Cast("week", CharField()), Value(": "), F("title"), output_field=CharField()
    )
    rows = without_teacher(now).filter(offering=OuterRef("pk")).order_by("event__starts_at", "seq")
    return ArraySubquery(rows.annotate(said=label).values("said"))


def _parties(now: datetime) -> Any:
    helped = HelperOffer.objects.filter(event=OuterRef("event"), withdrawn_at=None)
    rows = Session.objects.filter(
        offering=OuterRef("pk"),
        kind=Session.Kind.PARTY,
        event__state=Event.State.SCHEDULED,
        event__starts_at__gt=now,
        event__starts_at__lt=now + HELPED_AHEAD,
    ).filter(~Exists(helped))
    return ArraySubquery(
        rows.order_by("event__starts_at").values(row=JSONObject(pk="event", slug="event__slug"))
    )


def _sheet(kind: OfferingSheet.Kind) -> QuerySet[Any]:
    return OfferingSheet.objects.filter(offering=OuterRef(OuterRef("pk")), kind=kind).values("sheet")


def _papers(now: datetime) -> Any:
    rows = Slot.objects.offered().between(now, now + ALARM).with_room()
    return ArraySubquery(rows.filter(sheet__in=_sheet(OfferingSheet.Kind.PAPER)).in_order().values("title"))


def _orals(now: datetime) -> Any:
    """Who has no exam ahead and none passed, and the places that are left for them."""
    sheets = OfferingSheet.objects.filter(
        offering=OuterRef(OuterRef("pk")), kind=OfferingSheet.Kind.ORAL
    ).values("sheet")
    own = OfferingSheet.objects.filter(offering=OuterRef("offering"), kind=OfferingSheet.Kind.ORAL)
    its = OfferingSheet.objects.filter(
        offering=OuterRef(OuterRef("offering")), kind=OfferingSheet.Kind.ORAL
    ).values("sheet")
    held = Claim.objects.filter(person=OuterRef("person"), slot__sheet__in=its).taking()
    passed = OralResult.objects.filter(enrolment=OuterRef("pk"), outcome=OralResult.Outcome.PASSED)
    wanting = (
        Enrolment.objects.active()
        .learners()
        .filter(offering=OuterRef("pk"))
        .filter(Exists(own), ~Exists(held), ~Exists(passed))
    )
    free = Slot.objects.offered().between(now, now + timedelta(days=365)).with_room().filter(sheet__in=sheets)
    return JSONObject(wanting=_keys(wanting), free=_keys(free))


def _missing_orals(offering: Offering, value: Any, now: datetime) -> Sequence[Any]:
    return value["wanting"][len(value["free"]) :]


# ── Work and its reviews ──


def _late_reviews(now: datetime) -> Any:
    rows = Submission.objects.waiting().filter(
        assignment__offering=OuterRef("pk"), handed_in_at__lt=now - REVIEW_PROMISE
    )
    return _keys(rows)


def _held_reviews(now: datetime) -> Any:
    rows = Review.objects.held().filter(submission__assignment__offering=OuterRef("pk"))
    by_work = rows.order_by("submission__assignment__position", "pk")
    return ArraySubquery(by_work.values("submission__assignment__key"))


def _second_looks(now: datetime) -> Any:
    rows = SecondLook.objects.open().filter(review__submission__assignment__offering=OuterRef("pk"))
    return ArraySubquery(rows.order_by("asked_at").values("review__submission"))


def _look_page(slug: str, rows: Sequence[Any]) -> str:
    if len(rows) == 1:
        return reverse("nmep:submission_detail", args=[slug, rows[0]]) + "#thread"
    return reverse("nmep:review_queue", args=[slug]) + "#looks"


def _runs(now: datetime) -> Any:
    rows = Run.objects.of_hand_ins().filter(
        state=Run.State.WAITING, submission__assignment__offering=OuterRef("pk")
    )
    return _keys(rows, "submission__assignment__key")


def _questions(now: datetime) -> Any:
    return _keys(Question.objects.unanswered().filter(offering=OuterRef("pk")))


# ── Learners ──


def _requests(now: datetime) -> Any:
    asked = Absence.objects.waiting().filter(enrolment__offering=OuterRef("pk"))
    wanted = ExtensionRequest.objects.waiting().filter(enrolment__offering=OuterRef("pk"))
    return JSONObject(absences=_keys(asked), more_time=_keys(wanted))


def _departures(now: datetime) -> Any:
    rows = Departure.objects.filter(enrolment__offering=OuterRef("pk"), state=Departure.State.ASKED)
    return _keys(rows, "enrolment")


def _unpaired(now: datetime) -> Any:
    rounds = unpaired.with_counts(unpaired.open_rounds(now).filter(assignment__offering=OuterRef("pk")))
    return ArraySubquery(
        rounds.filter(unpaired__gt=0)
        .order_by("assignment__due_at")
        .values(row=JSONObject(key="assignment__key", n="unpaired"))
    )


def _each_unpaired(offering: Offering, value: Any, now: datetime) -> Sequence[Any]:
    return [row["key"] for row in value for _ in range(row["n"])]


def _unmatched(now: datetime) -> Any:
    rows = Assignment.objects.released(now).filter(
        offering=OuterRef("pk"), partners=Assignment.Partners.REQUIRED, due_at__gt=now
    )
    return ArraySubquery(
        rows.exclude(pairing_round__state__in=PairingRound.TOLD).order_by("due_at").values("key")
    )


# ── Capstones ──


def _without_group(now: datetime) -> Any:
    groups = CapstonePolicy.objects.filter(offering=OuterRef("offering"))
    mine = CapstoneMember.objects.live().filter(enrolment=OuterRef("pk"))
    rows = Enrolment.objects.active().learners().filter(offering=OuterRef("pk"))
    return _keys(rows.filter(Exists(groups), ~Exists(mine)))


def _mentors(now: datetime) -> Any:
    rows = mentoring.needing(now).filter(offering=OuterRef("pk")).order_by("initiative__name")
    return ArraySubquery(rows.values("initiative__name"))


def _undecided(now: datetime) -> Any:
    rows = Capstone.objects.undecided().filter(offering=OuterRef("pk")).order_by("initiative__name")
    return ArraySubquery(rows.values("initiative__name"))


def _steps(now: datetime) -> Any:
    """The steps of the capstones with the groups that have not handed them in; which are due is for the wall clock."""
    handed_in = CapstoneStep.objects.filter(
        capstone=OuterRef("pk"), milestone=OuterRef(OuterRef("pk"))
    ).exclude(state=CapstoneStep.State.OPEN)
    people = CapstoneMember.objects.live().filter(capstone=OuterRef("pk"))
    owing = (
        Capstone.objects.filter(offering=OuterRef("offering"))
        .exclude(state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
        .filter(Exists(people), ~Exists(handed_in))
    )
    steps = Milestone.objects.filter(
        offering=OuterRef("pk"), kind=Milestone.Kind.CAPSTONE, due_session__isnull=False
    ).order_by()
    return ArraySubquery(
        steps.values(
            row=JSONObject(
                title="title",
                days="due_days",
                time="due_time",
                starts_at="due_session__event__starts_at",
                groups=ArraySubquery(owing.order_by("initiative__name").values("initiative__name")),
            )
        )
    )


def _overdue(offering: Offering, value: Any, now: datetime) -> Sequence[Any]:
    late = [
        row
        for row in value
        if at_wall_time(
            datetime.fromisoformat(row["starts_at"]),
            days=row["days"],
            hour=time.fromisoformat(row["time"]),
            offering=offering,
        )
        < now
    ]
    return [f"{name}: {row['title']}" for row in late for name in row["groups"]]


def _feedback(now: datetime) -> Any:
    """Talks of a showcase that is over, with enough answers, whose group waits to read them."""
    answers = FeedbackAnswer.objects.filter(form=OuterRef("form")).order_by().values("form")
    counted = answers.annotate(n=Count("pk")).filter(n__gte=MIN_ANSWERS)
    rows = ShowcaseTalk.objects.filter(
        showcase__session__offering=OuterRef("pk"),
        form__released_at=None,
        showcase__session__event__ends_at__lte=now,
    ).filter(Exists(counted))
    return _keys(rows)


# ── Courses ──


def _applications(now: datetime) -> Any:
    rows = CourseApplication.objects.filter(
        offering=OuterRef("pk"), state=CourseApplication.State.APPLIED, user__isnull=False
    )
    return _keys(rows)


RULES: list[Rule] = [
    Rule(
        key="classes",
        one="Class of the next 10 days without a lecturer",
        many="Classes of the next 10 days without a lecturer",
        action="Find one",
        icon="academic-cap",
        rows=_classes,
        page=_to("lecturer_list"),
        named=_itself,
    ),
    Rule(
        key="parties",
        one="Party in two days without a helper",
        many="Parties in two days without a helper",
        action="Ask for help",
        icon="lifebuoy",
        rows=_parties,
        page=lambda slug, rows: reverse("events:event_detail", args=[rows[0]["pk"], rows[0]["slug"]]),
    ),
    Rule(
        key="papers",
        one="Paper slot of the next 10 days with room",
        many="Paper slots of the next 10 days with room",
        action="Put somebody down",
        icon="document-text",
        rows=_papers,
        page=_to("paper_list"),
        named=_itself,
    ),
    Rule(
        key="reviews",
        one="Hand-in waits more than 5 days for a review",
        many="Hand-ins wait more than 5 days for a review",
        action="Open the queue",
        icon="inbox-stack",
        rows=_late_reviews,
        page=_to("review_queue"),
    ),
    Rule(
        key="held",
        one="Finished review is held",
        many="Finished reviews are held",
        action="Look and release",
        icon="pause-circle",
        rows=_held_reviews,
        page=lambda slug, rows: reverse("nmep:review_release", args=[slug, rows[0]]),
        named=lambda row: row.upper(),
    ),
    Rule(
        key="looks",
        one="Learner asked for another look at a review",
        many="Learners asked for another look at a review",
        action="Answer",
        icon="eye",
        rows=_second_looks,
        page=_look_page,
    ),
    Rule(
        key="requests",
        one="Request of a learner waits for its answer",
        many="Requests of learners wait for an answer",
        action="Answer",
        icon="hand-raised",
        rows=_requests,
        read=lambda offering, value, now: [*value["absences"], *value["more_time"]],
        page=_to("request_list"),
    ),
    Rule(
        key="departures",
        one="Learner asked to leave",
        many="Learners asked to leave",
        action="Answer",
        icon="arrow-right-start-on-rectangle",
        rows=_departures,
        page=lambda slug, rows: reverse("nmep:leave_detail", args=[slug, rows[0]]),
    ),
    Rule(
        key="unpaired",
        one="Learner without a partner",
        many="Learners without a partner",
        action="Find one",
        icon="user-plus",
        rows=_unpaired,
        read=_each_unpaired,
        page=lambda slug, rows: reverse("nmep:pair_detail", args=[slug, rows[0]]),
    ),
    Rule(
        key="unmatched",
        one="Homework asks for partners and has no pairs yet",
        many="Homeworks ask for partners and have no pairs yet",
        action="Make pairs",
        icon="users",
        rows=_unmatched,
        page=lambda slug, rows: reverse("nmep:pair_detail", args=[slug, rows[0]]),
        named=lambda row: row.upper(),
    ),
    Rule(
        key="orals",
        one="Oral slot is missing",
        many="Oral slots are missing",
        action="Add slots",
        icon="chat-bubble-left-right",
        rows=_orals,
        read=_missing_orals,
        page=_to("oral_list"),
    ),
    Rule(
        key="groups",
        one="Learner is in no capstone group",
        many="Learners are in no capstone group",
        action="Look",
        icon="user-group",
        rows=_without_group,
        page=_to("capstone_list"),
    ),
    Rule(
        key="mentors",
        one="Capstone has no mentor, has not met it for three weeks, or asks for help",
        many="Capstones have no mentor, have not met it for three weeks, or ask for help",
        action="Look",
        icon="user-group",
        rows=_mentors,
        page=_to("capstone_list"),
        named=_itself,
    ),
    Rule(
        key="steps",
        one="Capstone step is overdue",
        many="Capstone steps are overdue",
        action="Look",
        icon="clock",
        rows=_steps,
        read=_overdue,
        page=_to("capstone_list"),
        named=_itself,
    ),
    Rule(
        key="feedback",
        one="Talk has feedback to read and release",
        many="Talks have feedback to read and release",
        action="Read it",
        icon="megaphone",
        rows=_feedback,
        page=lambda slug, rows: reverse("nmep:feedback_read", args=[slug, rows[0]]),
    ),
    Rule(
        key="undecided",
        one="Presented capstone has not said what happens next",
        many="Presented capstones have not said what happens next",
        action="Look",
        icon="arrow-right-circle",
        rows=_undecided,
        page=_to("capstone_list"),
        named=_itself,
    ),
    Rule(
        key="runs",
        one="Check of a hand-in waits for a person",
        many="Checks of hand-ins wait for a person",
        action="See why",
        icon="cpu-chip",
        rows=_runs,
        page=lambda slug, rows: reverse("nmep:check_list", args=[slug, rows[0]]),
        named=lambda row: row.upper(),
    ),
    Rule(
        key="questions",
        one="Question has no answer yet",
        many="Questions have no answer yet",
        action="Answer",
        icon="question-mark-circle",
        rows=_questions,
        page=_to("question_list"),
    ),
    Rule(
        key="applications",
        one="Application to decide",
        many="Applications to decide",
        action="Decide",
        icon="inbox-arrow-down",
        rows=_applications,
        page=_to("application_list"),
    ),
]


def columns(now: datetime) -> Mapping[str, Any]:
    """`needs_json`: what every rule finds in an offering, in the offering's own query."""
    return {"needs_json": JSONObject(**{rule.key: rule.rows(now) for rule in RULES})}


def columns_of_leads(now: datetime) -> Mapping[str, Any]:
    """The same on the enrolments of leads, in their own query; None on those of everybody else."""
    led: Any = Offering.objects.filter(pk=OuterRef("offering")).order_by().annotate(**columns(now))
    return {
        "needs_json": Case(
            When(role=Enrolment.Role.LEAD, then=Subquery(led.values("needs_json"))),
            output_field=JSONField(),
        )
    }


def found(offering: Offering, value: Mapping[str, Any], now: datetime) -> list[Need]:
    """What `needs_json` says, in the order of the rules; an archived offering needs nobody."""
    if offering.state == Offering.State.ARCHIVED:
        return []
    needs = []
    for rule in RULES:
        rows = rule.read(offering, value[rule.key], now)
        if rows:
            names = list(dict.fromkeys(name for row in rows if (name := rule.named(row))))
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            needs.append(
                Need(
                    rule.key,
                    len(rows),
                    rule.one if len(rows) == 1 else rule.many,
                    rule.page(offering.slug, rows),
                    rule.action,
                    rule.icon,
                    ", ".join(names[:NAMED]) + more,
                )
            )
    return needs


def to_look_after(offering: Offering, now: datetime) -> list[Need]:
    """The learners whom the roster flags, as one line; four queries."""
    if offering.state not in (Offering.State.RUNNING, Offering.State.CLOSING):
        return []
    n = rosters.table(offering, now).flagged
    url = f"{reverse('nmep:roster', args=[offering.slug])}?show=flagged"
    title = "Learner to look after" if n == 1 else "Learners to look after"
    return [Need("flagged", n, title, url, "See why", "flag")] if n else []


def stale(offering: Offering) -> list[Need]:
    """Texts of a draft that still speak of another term."""
    if offering.state != Offering.State.DRAFT:
        return []
    n = stale_text.findings(offering).stale_texts
    url = reverse("nmep:offering_stale", args=[offering.slug])
    title = "Text speaks of another term" if n == 1 else "Texts speak of another term"
    return [Need("stale", n, title, url, "Mend them", "calendar")] if n else []


def of(offering: Offering, now: datetime) -> list[Need]:
    """Everything that needs a lead of `offering` now; six queries, a few more for a draft."""
    row: Any = Offering.objects.filter(pk=offering.pk).annotate(**columns(now)).get()
    return [*to_look_after(offering, now), *found(offering, row.needs_json, now), *stale(offering)]


def of_many(offerings: Iterable[int], now: datetime) -> dict[int, tuple[Offering, list[Need]]]:
    """The same for several, without what only their roster or their texts say; one query."""
    rows: Any = Offering.objects.filter(pk__in=list(offerings)).select_related("program", "term")
    return {row.pk: (row, found(row, row.needs_json, now)) for row in rows.annotate(**columns(now))}
