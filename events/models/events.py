from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from events.models.kinds import Kind, RegistrationState, Visibility
from events.models.no_shows import NoShowRule
from events.models.rooms import Room
from events.models.series import Series
from members.models import Term, Topic
from mlclub.privacy import NOT_PERSONAL
from mlclub.search import search_column


def new_secret() -> str:
    return secrets.token_hex(32)


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, user: Any) -> EventQuerySet:
        """Public events to anyone, members' ones to readers of the members' area; to everybody what they are
        invited to, registered for or host; all to officers who look after events."""
        if not user.is_authenticated:
            return self.filter(visibility=Visibility.PUBLIC)
        if user.has_perm("events.view_event"):
            return self
        open_to = [Visibility.PUBLIC]
        if user.standing.reads_members_area:
            open_to.append(Visibility.MEMBERS)
        return self.filter(Q(visibility__in=open_to) | Q(self.concerning(user)))

    @staticmethod
    def concerning(user: Any) -> Q:
        """That `user` hosts, is invited to, speaks at or registered for the event."""
        return (
            Q(pk__in=user.hosted_events.values("pk"))
            | Q(pk__in=Event.invited.through.objects.filter(user=user).values("event"))
            | Q(pk__in=user.registrations.live().values("event"))
            | Q(pk__in=user.talks.values("event"))
        )

    def public(self) -> EventQuerySet:
        return self.filter(visibility=Visibility.PUBLIC)

    def scheduled(self) -> EventQuerySet:
        return self.filter(state=Event.State.SCHEDULED)

    def upcoming(self, now: datetime) -> EventQuerySet:
        """Not over yet, soonest first."""
        return self.filter(ends_at__gt=now).order_by("starts_at", "pk")

    def past(self, now: datetime) -> EventQuerySet:
        return self.filter(ends_at__lte=now).order_by("-starts_at", "-pk")

    def between(self, since: datetime, until: datetime) -> EventQuerySet:
        """Beginning from `since` on and before `until`, soonest first."""
        return self.filter(starts_at__gte=since, starts_at__lt=until).order_by("starts_at", "pk")

    def open_for_check_in(self, now: datetime) -> EventQuerySet:
        return self.scheduled().filter(
            starts_at__lte=now + Event.CHECK_IN_BEFORE, ends_at__gt=now - Event.CHECK_IN_AFTER
        )

    def in_room(self, room: Room, starts_at: datetime, ends_at: datetime) -> EventQuerySet:
        """In the room at some moment from `starts_at` to `ends_at`; beginning when another ends is no clash."""
        return self.scheduled().filter(room=room, starts_at__lt=ends_at, ends_at__gt=starts_at)

    def with_sign_up(self) -> EventQuerySet:
        """Adds `asks`, whether a question must be answered to sign up, and `is_watched`, whether a rule about
        seats that stayed empty is in force for the event."""
        asked = Q(questions__is_required=True, questions__retired_at=None) | Q(
            series__questions__is_required=True, series__questions__retired_at=None
        )
        rules = NoShowRule.objects.in_force().filter(Q(series=None) | Q(series=OuterRef("series")))
        return self.annotate(
            asks=Exists(Event.objects.filter(asked, pk=OuterRef("pk")).order_by()),
            is_watched=Exists(rules.order_by()),
        )

    def with_counts(self) -> EventQuerySet:
        """Adds `live_count`: how many want to go, seated or waiting; and what `with_sign_up` adds."""
        live = (
            Event.objects.filter(pk=OuterRef("pk"), registrations__state=RegistrationState.GOING)
            .order_by()
            .values("pk")
            .annotate(n=Count("registrations"))
            .values("n")
        )
        return self.with_sign_up().annotate(live_count=Coalesce(Subquery(live), 0))

    def with_parts(self, user: Any) -> EventQuerySet:
        """What `with_counts` adds, which parts an event has (`has_questions`, `has_agenda`, `has_slots`, `has_helpers`,
        `has_album`, `has_recording`) and whether `user` `was_there`; its preparation comes along. Its page then asks for
        no part that is not there."""
        parts = {
            "has_questions": Q(questions__retired_at=None, questions__isnull=False)
            | Q(series__questions__retired_at=None, series__questions__isnull=False),
            "has_agenda": Q(agenda__isnull=False),
            "has_slots": Q(slots__isnull=False),
            "has_helpers": Q(helper_offers__isnull=False, helper_offers__withdrawn_at=None),
            "has_album": Q(album__isnull=False),
            "has_recording": Q(materials__kind="recording"),
            "was_there": Q(attendances__user=user.pk, attendances__user__isnull=False),
        }
        found = {
            name: Exists(Event.objects.filter(part, pk=OuterRef("pk")).order_by())
            for name, part in parts.items()
        }
        return self.with_counts().annotate(**found).select_related("preparation")


class Event(models.Model):
    """Something that takes place: a meeting, a class, a workshop. The waitlist is derived from the order of
    its registrations; nothing here counts them."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        CANCELLED = "cancelled", "Cancelled"

    #: Check-in by code or at the door opens this long before the start and closes this long after the end.
    CHECK_IN_BEFORE = timedelta(hours=1)
    CHECK_IN_AFTER = timedelta(hours=1)
    #: Dietary and access notes are erased this long after the end.
    NOTES_KEPT = timedelta(days=14)

    was_there: bool  # where `with_parts` was asked for

    series = models.ForeignKey(Series, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.MEETING)
    title = models.CharField(max_length=160)
    slug = models.SlugField(max_length=100, blank=True, editable=False)
    summary = models.CharField(max_length=240, blank=True, help_text="One or two sentences for lists.")
    description = models.TextField(blank=True, help_text="Agenda, what to bring, access, food. Markdown.")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField("begins")
    ends_at = models.DateTimeField("ends")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    # What people read. A room writes its name here (`rooms.py`), so that lists, mails and calendars ask no more.
    place = models.CharField(
        max_length=200, blank=True, help_text="Where it is when it is in none of the club's rooms."
    )
    online_url = models.URLField("meeting link", blank=True, help_text="Shown only to those who are going.")
    visibility = models.CharField("for", max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)
    invited = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Who sees it when it is by invitation.",
    )
    capacity = models.PositiveIntegerField(
        "seats", null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: as many as come."
    )
    guests_allowed = models.PositiveSmallIntegerField(
        "guests each", default=0, help_text="How many people somebody may bring; each takes a seat."
    )
    registration_opens_at = models.DateTimeField("registration opens", null=True, blank=True)
    registration_closes_at = models.DateTimeField(
        "registration closes", null=True, blank=True, help_text="Empty: when the event begins."
    )
    cancel_until = models.DateTimeField(
        "cancel until", null=True, blank=True, help_text="Later than that, people are asked to tell a host."
    )
    uses_offers = models.BooleanField(
        "ask before moving somebody up from the line",
        default=False,
        help_text="A freed seat is offered for a time.",
    )
    uses_draw = models.BooleanField(
        "draw the seats",
        default=False,
        help_text="Instead of first come: people put themselves in until registration closes.",
    )
    asks_note = models.BooleanField("ask what people cannot eat or need", default=False)
    hosts = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="hosted_events")
    helpers_wanted = models.PositiveSmallIntegerField(
        "helpers wanted", default=0, help_text="Members are asked on the event's page to lend a hand."
    )
    topics = models.ManyToManyField(Topic, blank=True, related_name="events", help_text="What it is about.")

    state = models.CharField(max_length=9, choices=State.choices, default=State.SCHEDULED, editable=False)
    cancelled_reason = models.CharField(max_length=200, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    drawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    # A host said that everybody who was there is on the list; without it nobody counts as missing.
    door_list_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Rises with every change of time, place or state: the SEQUENCE of the calendar and the slot of the mail.
    schedule_version = models.PositiveIntegerField(default=0, editable=False)
    place_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What the series' rule says; differs from starts_at for an exception.
    original_starts_at = models.DateTimeField(null=True, blank=True, editable=False)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    check_in_secret = models.CharField(max_length=64, default=new_secret, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    search = search_column(A=["title"], B=["summary"], C=["description"], D=["place"], names=["title"])

    objects = EventQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_it_starts",
                violation_error_message="It must end after it begins.",
            ),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(capacity__gte=1),
                name="event_has_a_seat",
                violation_error_message="An event has at least one seat.",
            ),
            models.CheckConstraint(
                condition=Q(uses_draw=False)
                | Q(capacity__isnull=False, registration_closes_at__isnull=False),
                name="event_with_a_draw_has_seats_and_an_end",
                violation_error_message="A draw needs a number of seats and the hour at which registration closes.",
            ),
            models.UniqueConstraint(
                fields=["series", "original_starts_at"],
                name="one_event_an_occurrence",
                violation_error_message="The series already has an event at that time.",
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="event_search"),
            models.Index(fields=["starts_at"], name="event_start"),
            models.Index(fields=["ends_at"], name="event_end"),
            models.Index(fields=["visibility", "starts_at"], name="event_open_to"),
            models.Index(fields=["room", "starts_at"], condition=Q(room__isnull=False), name="event_in_room"),
        ]
        permissions = [("export_registration", "Can export registrations")]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the slug and `updated_at`, which calendars and caches go by, in step with the row."""
        self.slug = slugify(self.title)[:100] or "event"
        self.updated_at = timezone.now()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "slug", "updated_at"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("events:event_detail", args=[self.pk, self.slug or "event"])

    # Questions

    @property
    def is_cancelled(self) -> bool:
        return self.state == self.State.CANCELLED

    @property
    def is_online(self) -> bool:
        return bool(self.online_url)

    @property
    def is_public(self) -> bool:
        return self.visibility == Visibility.PUBLIC

    @property
    def is_exception(self) -> bool:
        """An occurrence that somebody moved away from its series' rule."""
        return self.original_starts_at is not None and self.original_starts_at != self.starts_at

    @property
    def where(self) -> str:
        """The place for people, or "Online"; empty while nobody knows."""
        return self.place or ("Online" if self.online_url else "")

    @property
    def closes_at(self) -> datetime:
        return self.registration_closes_at or self.starts_at

    @property
    def awaits_draw(self) -> bool:
        """Whether people put themselves in and nobody has a seat yet."""
        return self.uses_draw and self.drawn_at is None

    @property
    def seats_given(self) -> int | None:
        """How many seats have been given out or may be: none before the draw, all where there is no limit (None)."""
        return 0 if self.awaits_draw else self.capacity

    def has_begun(self, now: datetime) -> bool:
        return self.starts_at <= now

    def is_over(self, now: datetime) -> bool:
        return self.ends_at <= now

    def is_open(self, now: datetime) -> bool:
        """Whether people may register at `now`."""
        return (
            not self.is_cancelled
            and (self.registration_opens_at is None or self.registration_opens_at <= now)
            and now < self.closes_at
        )

    def can_cancel_registration(self, now: datetime) -> bool:
        return not self.is_cancelled and now < (self.cancel_until or self.starts_at) and now < self.starts_at

    def takes_check_in(self, now: datetime) -> bool:
        return (
            not self.is_cancelled
            and self.starts_at - self.CHECK_IN_BEFORE <= now < self.ends_at + self.CHECK_IN_AFTER
        )

    def is_run_by(self, user: Any) -> bool:
        """Whether `user` may run the event: a host, or an officer who may change events."""
        if not user.is_authenticated:
            return False
        return bool(user.has_perm("events.change_event") or self.is_hosted_by(user))

    def is_hosted_by(self, user: Any) -> bool:
        if not user.is_authenticated:
            return False
        return any(host.pk == user.pk for host in self.hosts.all())
