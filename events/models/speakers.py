from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from events.models.events import Event
from events.models.talks import Talk
from members.models import Contact, Topic
from mlclub.privacy import Erase, Policy


class SpeakerVisitQuerySet(models.QuerySet["SpeakerVisit"]):
    def visible_to(self, user: Any) -> SpeakerVisitQuerySet:
        """What one hosts or suggested, and whoever comes to an event that one hosts; all to officers."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("events.view_speakervisit"):
            return self
        return self.filter(Q(host=user) | Q(suggested_by=user) | Q(event__in=user.hosted_events.values("pk")))

    def open(self) -> SpeakerVisitQuerySet:
        """Those in which somebody still has to do something."""
        return self.exclude(state__in=[SpeakerVisit.State.THANKED, SpeakerVisit.State.DECLINED])

    def shown(self) -> SpeakerVisitQuerySet:
        """Those whose speaker agreed to be shown with the event."""
        held = [SpeakerVisit.State.CONFIRMED, SpeakerVisit.State.SPOKE, SpeakerVisit.State.THANKED]
        return self.filter(state__in=held, is_shown=True)


class SpeakerVisit(models.Model):
    """That somebody may come and speak: from the idea to the thanks. The contact's history is made of these."""

    class State(models.TextChoices):
        IDEA = "idea", "Idea"
        INVITED = "invited", "Invited"
        PUT_OFF = "put_off", "Another time"
        CONFIRMED = "confirmed", "Confirmed"
        SPOKE = "spoke", "Spoke"
        THANKED = "thanked", "Thanked"
        DECLINED = "declined", "Declined"

    class Recording(models.TextChoices):
        YES = "yes", "Yes, picture and sound"
        AUDIO = "audio", "Only the sound"
        NO = "no", "No"

    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="+", verbose_name="who is asked"
    )
    event = models.ForeignKey(
        Event, on_delete=models.SET_NULL, null=True, blank=True, related_name="speaker_visits"
    )
    # Made when the speaker says yes and the event is known; what it says of recording is the speaker's word.
    talk = models.OneToOneField(
        Talk, on_delete=models.SET_NULL, null=True, blank=True, related_name="visit", editable=False
    )
    host = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who writes to them, meets them and thanks them.",
    )
    topics = models.ManyToManyField(Topic, blank=True, related_name="+")
    why = models.CharField("why them", max_length=500, blank=True, help_text="What we would learn from them.")
    suggested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )

    # What the host writes
    subject = models.CharField(max_length=160, blank=True)
    letter = models.TextField(max_length=6000, blank=True)
    proposed = ArrayField(
        models.DateTimeField(),
        default=list,
        blank=True,
        verbose_name="dates to choose from",
        help_text="Where there is no event yet.",
    )
    audience = models.CharField(
        max_length=300, blank=True, help_text="How many come, and what they know already."
    )
    getting_in = models.CharField(
        "how to get in", max_length=300, blank=True, help_text="Door, floor, whom to ask; parking."
    )
    thanks = models.TextField("thank-you", max_length=6000, blank=True)

    # What the speaker says
    title = models.CharField(max_length=200, blank=True)
    abstract = models.TextField(max_length=4000, blank=True)
    affiliation = models.CharField(max_length=160, blank=True)
    bio = models.TextField(max_length=2000, blank=True)
    photo = models.ImageField(upload_to="speakers/", blank=True)
    is_shown = models.BooleanField(
        "shown with the event",
        default=False,
        help_text="Name, affiliation and bio, for whoever sees the event.",
    )
    shows_photo = models.BooleanField("photo shown with the event", default=False)
    equipment = models.CharField(max_length=500, blank=True)
    recording = models.CharField("may be recorded", max_length=5, choices=Recording.choices, blank=True)
    agreed_on = models.DateTimeField("the date they chose", null=True, blank=True)
    answer = models.CharField("what they wrote", max_length=500, blank=True)

    state = models.CharField(max_length=9, choices=State.choices, default=State.IDEA, editable=False)
    # Since when whoever has the next step has had it.
    since = models.DateTimeField(default=timezone.now, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    invited_at = models.DateTimeField(null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    thanked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SpeakerVisitQuerySet.as_manager()
    personal_data = Policy(
        owners=("contact__user",),
        on_erase=Erase.ANONYMISE,
        blank={
            "why": "",
            "subject": "",
            "letter": "",
            "thanks": "",
            "affiliation": "",
            "bio": "",
            "photo": "",
            "is_shown": False,
            "shows_photo": False,
            "answer": "",
        },
        why="That the club had a speaker, and what the talk was called, is its record.",
    )

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(state="invited"),
                name="one_open_invitation_a_speaker",
                violation_error_message="They are invited already, and have not answered yet.",
            ),
            models.UniqueConstraint(
                fields=["contact", "event"],
                condition=Q(state__in=["invited", "confirmed"]),
                name="one_visit_an_event_and_speaker",
                violation_error_message="They are invited to this event already.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["idea", "declined", "put_off"])
                | Q(invited_at__isnull=False)
                | Q(answered_at__isnull=False),
                name="speaker_was_asked",
                violation_error_message="Whoever comes was invited, or has said yes.",
            ),
            models.CheckConstraint(
                condition=~Q(state="thanked") | Q(thanked_at__isnull=False),
                name="thanked_speaker_has_a_time",
            ),
        ]
        indexes = [models.Index(fields=["state", "since"], name="speaker_visit_stage")]

    def __str__(self) -> str:
        return f"{self.contact}, {self.get_state_display().lower()}"

    def get_absolute_url(self) -> str:
        return reverse("events:speaker_detail", args=[self.pk])

    # Questions

    @property
    def starts_at(self) -> datetime | None:
        """When they come: the event's beginning, or the date that they chose."""
        return self.event.starts_at if self.event else self.agreed_on

    @property
    def can_be_invited(self) -> bool:
        return self.state in (self.State.IDEA, self.State.PUT_OFF, self.State.DECLINED)

    def can_answer(self, now: datetime) -> bool:
        """Whether the speaker may say yes or no, or change what they said."""
        if self.state not in (
            self.State.INVITED,
            self.State.CONFIRMED,
            self.State.DECLINED,
            self.State.PUT_OFF,
        ):
            return False
        return self.event is None or (not self.event.is_cancelled and not self.event.has_begun(now))

    def takes_slides(self, now: datetime) -> bool:
        """Slides come until the day is over."""
        return bool(
            self.event
            and self.state in (self.State.CONFIRMED, self.State.SPOKE)
            and not self.event.is_cancelled
            and now < self.event.ends_at
        )

    def is_run_by(self, user: Any) -> bool:
        """Whether `user` may write to them: the host, a host of the event, or an officer who looks after events."""
        if not user.is_authenticated:
            return False
        if user.has_perm("events.change_speakervisit") or (
            self.host_id is not None and self.host_id == user.pk
        ):
            return True
        return self.event is not None and self.event.is_hosted_by(user)

    @property
    def waits_for(self) -> str:
        """Who has the next step, in words; empty where nobody has."""
        host = self.host.display_name if self.host else ""
        match self.state:
            case self.State.IDEA:
                return f"{host} to write to them" if host else "somebody to host them"
            case self.State.INVITED:
                return "their answer"
            case self.State.PUT_OFF:
                return f"{host or 'a host'} to offer another date"
            case self.State.CONFIRMED:
                return "" if self.event else f"{host or 'a host'} to make the event"
            case self.State.SPOKE:
                return f"{host or 'a host'} to thank them"
        return ""
