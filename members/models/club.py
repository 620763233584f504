from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models, transaction

from mlclub.privacy import NOT_PERSONAL

CLUB_PK = 1
CACHE_KEY = "club"
# The club as it was looked up within `Club.kept()`: an empty list until somebody asks.
_kept: ContextVar[list[Club] | None] = ContextVar("club", default=None)


def validate_zone(name: str) -> None:
    """Raises ValidationError unless `name` is an IANA time zone such as Europe/Berlin."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Berlin.")


def validate_macros(macros: object) -> None:
    """Raises ValidationError unless `macros` maps TeX commands such as RR to their text."""
    if not isinstance(macros, dict) or not all(
        isinstance(name, str) and isinstance(text, str) and name.isalpha() and len(text) <= 200
        for name, text in macros.items()
    ):
        raise ValidationError(
            'Write macros as {"RR": "\\\\mathbb{R}"}: letters to TeX of at most 200 characters.'
        )


class Club(models.Model):
    """The one row that says whose portal this is. Nothing else in the code knows a club's name."""

    class TermSystem(models.TextChoices):
        SEMESTER = "semester", "Two semesters"
        TRIMESTER = "trimester", "Three trimesters"
        QUARTER = "quarter", "Four quarters"

    name = models.CharField(max_length=120, default="Our machine-learning club")
    short_name = models.CharField(
        max_length=30, blank=True, help_text="Where there is little room, e.g. the phone."
    )
    claim = models.CharField(max_length=160, blank=True, help_text="The one line on the public front page.")
    about = models.TextField(blank=True, help_text="What the club is, for the public pages. Markdown.")
    how_to_join = models.TextField(blank=True, help_text="How somebody joins, and when. Markdown.")
    logo = models.ImageField(upload_to="club/", blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    term_system = models.CharField(max_length=12, choices=TermSystem.choices, default=TermSystem.SEMESTER)
    programme_name = models.CharField(
        max_length=60,
        default="New-member programme",
        help_text="What the club calls its programme for newcomers.",
    )
    member_label = models.CharField(max_length=30, default="member")
    officer_label = models.CharField(max_length=30, default="officer")
    contact_email = models.EmailField(blank=True, help_text="Answers to the portal's mail go here.")
    postal_address = models.CharField(
        max_length=200, blank=True, help_text="At the foot of mail that goes to many."
    )
    tex_macros = models.JSONField(default=dict, blank=True, validators=[validate_macros])
    # Overrides EMAIL_URL from the first-run page on; the password is encrypted with the secret key.
    mail_server = models.JSONField(default=dict, blank=True, editable=False)
    set_up_at = models.DateTimeField(null=True, blank=True, editable=False)
    # After a restored backup: rows that fell due before this instant wait for an officer.
    mail_held_at = models.DateTimeField(null=True, blank=True, editable=False)
    mail_hold_reason = models.CharField(max_length=200, blank=True, editable=False)
    # The mail server refuses the portal itself (its name, its password, its sender): nothing goes until somebody
    # mends it, and the sender only knocks now and then.
    mail_problem = models.CharField(max_length=300, blank=True, editable=False)
    mail_problem_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_tick_at = models.DateTimeField(null=True, blank=True, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=CLUB_PK), name="one_club")]
        verbose_name_plural = "club"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Club:
        """The club, from the cache or the database; an unsaved one with defaults before the first run."""
        kept = _kept.get()
        if kept:
            return kept[0]
        club: Club | None = cache.get(CACHE_KEY)
        if club is None:
            club = cls.objects.filter(pk=CLUB_PK).first() or cls(pk=CLUB_PK)
            cache.set(CACHE_KEY, club, 300)
        if kept is not None:
            kept.append(club)
        return club

    @staticmethod
    @contextmanager
    def kept() -> Iterator[None]:
        """Within it the club is looked up once, unless it is saved: for one request, or one batch of a worker."""
        token = _kept.set([])
        try:
            yield
        finally:
            _kept.reset(token)

    @staticmethod
    def forget() -> None:
        """Drop what is kept of it, so that it is read anew."""
        (_kept.get() or []).clear()
        cache.delete(CACHE_KEY)

    def save(self, *args: object, **kwargs: object) -> None:
        super().save(*args, **kwargs)  # type: ignore[arg-type]
        self.forget()
        # Again after the commit: meanwhile another process may have put back what it still read.
        transaction.on_commit(self.forget)

    @cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone in which the club's hours are meant and shown."""
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def brief(self) -> str:
        return self.short_name or self.name
