from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from events.models.events import Event
from events.models.registrations import Registration
from members.models import Contact, Organization, Topic
from mlclub.privacy import NOT_PERSONAL, Erase, Policy

MOST_WORDS = 150


def at_most_150_words(text: str) -> None:
    """Raises a ValidationError for an abstract that is too long."""
    count = len(text.split())
    if count > MOST_WORDS:
        raise ValidationError(f"An abstract has at most {MOST_WORDS} words; this has {count}.")


class TstzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Symposium(models.Model):
    """An event with other clubs at which people show their work: a call, a review, a programme."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="symposium")
    slug = models.SlugField("address", max_length=60, unique=True)
    call = models.TextField("call for abstracts", max_length=8000, blank=True, help_text="Markdown.")
    topics = models.ManyToManyField(Topic, blank=True, related_name="+")
    deadline = models.DateTimeField("abstracts until")
    talk_minutes = models.PositiveSmallIntegerField(
        "minutes a talk", default=15, validators=[MinValueValidator(5), MaxValueValidator(120)]
    )
    reviews_each = models.PositiveSmallIntegerField("reviews an abstract", default=2)

    # Decisions are told once, together; the programme is public from its own moment on.
    released_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-event__starts_at"]
        verbose_name_plural = "symposia"

    def __str__(self) -> str:
        return self.event.title

    def get_absolute_url(self) -> str:
        return reverse("events:symposium_detail", args=[self.slug])

    def is_open(self, now: datetime) -> bool:
        """Whether abstracts are taken and may be changed."""
        return now < self.deadline and not self.event.is_cancelled and self.released_at is None


class CoHost(models.Model):
    """A club that holds the symposium with ours, and its lead, who has a page by a magic link."""

    symposium = models.ForeignKey(Symposium, on_delete=models.CASCADE, related_name="co_hosts")
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", verbose_name="club"
    )
    lead = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(
        owners=("lead__user",), on_erase=Erase.KEEP, why="Who held a symposium with us stays."
    )

    class Meta:
        ordering = ["organization__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["symposium", "organization"],
                name="one_co_host_a_club",
                violation_error_message="This club is a co-host already.",
            )
        ]

    def __str__(self) -> str:
        return str(self.organization)


class Track(models.Model):
    """A room of the symposium: what is in one track follows one after the other."""

    symposium = models.ForeignKey(Symposium, on_delete=models.CASCADE, related_name="tracks")
    name = models.CharField(max_length=60)
    place = models.CharField("room", max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["symposium", "name"],
                name="one_track_a_name",
                violation_error_message="There is a track of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProgrammeSession(models.Model):
    """An hour or two in one track: talks one after the other, or posters all at once, and who chairs it."""

    class Kind(models.TextChoices):
        TALKS = "talks", "Talks"
        POSTERS = "posters", "Posters"
        OTHER = "other", "Welcome, break, panel"

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.TALKS)
    title = models.CharField(max_length=120)
    starts_at = models.DateTimeField("begins")
    ends_at = models.DateTimeField("ends")
    chair_name = models.CharField("chair", max_length=120, blank=True)
    chair_email = models.EmailField("address of the chair", blank=True)

    personal_data = Policy(on_erase=Erase.ANONYMISE, blank={"chair_name": "", "chair_email": ""})

    class Meta:
        ordering = ["starts_at", "track__position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="session_ends_after_it_starts",
                violation_error_message="It must end after it begins.",
            ),
            ExclusionConstraint(
                name="one_session_at_a_time_in_a_track",
                expressions=[
                    (TstzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                    ("track", RangeOperators.EQUAL),
                ],
                violation_error_message="This track has a session at that time already.",
            ),
            models.CheckConstraint(
                condition=Q(chair_name="", chair_email="") | Q(chair_name__gt="", chair_email__gt=""),
                name="chair_has_name_and_address",
                violation_error_message="Give name and address of the chair, or neither.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AbstractQuerySet(models.QuerySet["Abstract"]):
    def live(self) -> AbstractQuerySet:
        """Handed in, with a proven address."""
        return self.filter(state=Abstract.State.SUBMITTED)

    def accepted(self) -> AbstractQuerySet:
        return self.live().filter(decision__in=[Abstract.Decision.TALK, Abstract.Decision.POSTER])


class Abstract(models.Model):
    """What somebody would like to show at a symposium. It counts once its address is proven."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", "Not confirmed"
        SUBMITTED = "submitted", "Handed in"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Wants(models.TextChoices):
        TALK = "talk", "A talk"
        POSTER = "poster", "A poster"
        EITHER = "either", "Either"

    class Decision(models.TextChoices):
        TALK = "talk", "Accepted as a talk"
        POSTER = "poster", "Accepted as a poster"
        DECLINED = "declined", "Declined"

    symposium = models.ForeignKey(Symposium, on_delete=models.CASCADE, related_name="abstracts")
    title = models.CharField(max_length=200)
    text = models.TextField("abstract", max_length=3000, validators=[at_most_150_words])
    wants = models.CharField("would like", max_length=6, choices=Wants.choices, default=Wants.EITHER)
    topics = models.ManyToManyField(Topic, blank=True, related_name="+")
    # The address that was proven: who may change it, and who is told.
    email = models.EmailField("mail address")
    link = models.URLField("slides, poster or recording", max_length=500, blank=True)

    state = models.CharField(max_length=11, choices=State.choices, default=State.UNCONFIRMED, editable=False)
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    session = models.ForeignKey(
        ProgrammeSession, on_delete=models.SET_NULL, null=True, blank=True, related_name="abstracts"
    )
    position = models.PositiveSmallIntegerField(default=0)
    poster_number = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AbstractQuerySet.as_manager()
    personal_data = Policy(
        on_erase=Erase.ANONYMISE, blank={"email": ""}, why="What was shown at a symposium is its record."
    )

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                "symposium",
                Lower("email"),
                Lower("title"),
                condition=Q(state__in=["unconfirmed", "submitted"]) & Q(email__gt=""),
                name="one_abstract_a_title_and_address",
                violation_error_message="You have handed in an abstract with this title already.",
            ),
            models.UniqueConstraint(
                fields=["symposium", "poster_number"],
                name="one_poster_a_number",
                violation_error_message="This number belongs to another poster.",
            ),
        ]
        indexes = [models.Index(fields=["symposium", "state"], name="abstract_state")]

    def __str__(self) -> str:
        return self.title


class AbstractAuthor(models.Model):
    """Somebody whose work it is. Who presents may not be in two rooms at once."""

    abstract = models.ForeignKey(Abstract, on_delete=models.CASCADE, related_name="authors")
    name = models.CharField(max_length=120)
    email = models.EmailField("mail address")
    organization = models.ForeignKey(
        Organization, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="club"
    )
    presents = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    personal_data = Policy(
        on_erase=Erase.ANONYMISE,
        blank={"name": "Former participant", "email": ""},
        why="The others keep that they worked with somebody.",
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                "abstract",
                Lower("email"),
                condition=Q(email__gt=""),
                name="one_author_an_address",
                violation_error_message="Each author has an address of their own.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class AbstractReview(models.Model):
    """What one reviewer thinks of one abstract. Score and comment are for the other organisers alone."""

    abstract = models.ForeignKey(Abstract, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    comment = models.TextField(max_length=2000, blank=True)
    done_at = models.DateTimeField(null=True, blank=True, editable=False)

    personal_data = Policy(owners=("reviewer",), on_erase=Erase.ANONYMISE, blank={"comment": ""})

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["abstract", "reviewer"],
                name="one_review_a_reviewer_and_abstract",
                violation_error_message="They review this already.",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=1, score__lte=5),
                name="abstract_score_1_to_5",
                violation_error_message="A score is from 1 to 5.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.abstract}"


class SymposiumGuest(models.Model):
    """Somebody of another club who asked for a seat; they have it once the link in their mail says yes."""

    symposium = models.ForeignKey(Symposium, on_delete=models.CASCADE, related_name="guests")
    name = models.CharField(max_length=120)
    email = models.EmailField("mail address")
    organization = models.ForeignKey(
        Organization, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="club"
    )
    registration = models.OneToOneField(
        Registration, on_delete=models.SET_NULL, null=True, blank=True, related_name="symposium_guest"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(on_erase=Erase.DELETE, why="Found by the address of the person.")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "symposium",
                Lower("email"),
                name="one_symposium_guest_an_address",
                violation_error_message="This address has asked for a seat already.",
            )
        ]

    def __str__(self) -> str:
        return self.name
