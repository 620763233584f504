"""Who works with whom for a while: homework partners, mentors of a capstone or of a talk, outreach."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.terms import Term
from mlclub.privacy import Erase, Policy


class PairingQuerySet(models.QuerySet["Pairing"]):
    def active(self) -> PairingQuerySet:
        """Published and not over."""
        return self.filter(state=Pairing.State.ACTIVE)

    def of(self, person: Any) -> PairingQuerySet:
        """Those that `person` is in now."""
        mine = PairingMember.objects.present().filter(person=person)
        return self.filter(pk__in=mine.values("pairing"))

    def visible_to(self, user: Any) -> PairingQuerySet:
        """One's own from the moment one is told or asked, and all for officers who look after pairs."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("members.view_pairing"):
            return self
        mine = PairingMember.objects.filter(person=user)
        asked = mine.exclude(answer=PairingMember.Answer.NOT_ASKED)
        return self.filter(
            Q(pk__in=mine.values("pairing")) & ~Q(state=Pairing.State.PROPOSED)
            | Q(pk__in=asked.values("pairing"))
        )

    def with_people(self) -> PairingQuerySet:
        """Brings along the people who have not left, in one query."""
        present = PairingMember.objects.present().select_related("person")
        return self.prefetch_related(models.Prefetch("members", present, to_attr="present"))


class Pairing(models.Model):
    """Two or three people who were brought together, and why. Rows are ended, never deleted, once published."""

    class Kind(models.TextChoices):
        HOMEWORK = "homework", "Homework partners"
        CAPSTONE_MENTOR = "capstone_mentor", "Mentor of a capstone"
        PRESENTATION_MENTOR = "presentation_mentor", "Mentor of a talk"
        OUTREACH = "outreach", "Outreach mentor"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        ACTIVE = "active", "Active"
        ENDED = "ended", "Ended"
        DECLINED = "declined", "Declined"

    kind = models.CharField(max_length=19, choices=Kind.choices)
    term = models.ForeignKey(Term, on_delete=models.PROTECT, null=True, blank=True, related_name="pairings")
    reason = models.CharField(
        max_length=300, blank=True, help_text="Why these people. Everybody in it reads this."
    )
    goal = models.CharField(max_length=300, blank=True, help_text="What they meet for.")
    starts_on = models.DateField("from", null=True, blank=True)
    ends_on = models.DateField("until", null=True, blank=True)

    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_why = models.CharField("why it ended", max_length=200, blank=True)

    objects = PairingQuerySet.as_manager()
    personal_data = Policy(
        owners=("members__person",),
        on_erase=Erase.ANONYMISE,
        why="The others keep that they worked with somebody; the name goes with the account.",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["kind", "state"], name="pairing_kind_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gte=models.F("starts_on")),
                name="pairing_ends_after_it_starts",
                violation_error_message="The last day must not come before the first.",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(published_at__isnull=False, ended_at=None),
                name="active_pairing_is_published",
                violation_error_message="A pairing is active from its publication until its end.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ended", "declined"]) | Q(ended_at__isnull=False),
                name="ended_pairing_has_an_end",
                violation_error_message="What is over has a time at which it ended.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_state_display().lower()}"

    def publish(self, now: datetime) -> bool:
        """Make it count. False means that it was published, or dropped, before."""
        won = Pairing.objects.filter(pk=self.pk, state=self.State.PROPOSED).update(
            state=self.State.ACTIVE, published_at=now
        )
        if won:
            self.state, self.published_at = self.State.ACTIVE, now
        return bool(won)

    def end(self, now: datetime, *, why: str = "", state: str = State.ENDED) -> bool:
        """End it (or, with `state`, decline it). False means that it was over before."""
        going = Pairing.objects.filter(pk=self.pk, state__in=[self.State.PROPOSED, self.State.ACTIVE])
        won = going.update(state=state, ended_at=now, ended_why=why)
        if won:
            self.state, self.ended_at, self.ended_why = state, now, why
        return bool(won)


class PairingMemberQuerySet(models.QuerySet["PairingMember"]):
    def present(self) -> PairingMemberQuerySet:
        """Those who have not left and did not decline."""
        return self.filter(left_at=None).exclude(answer=PairingMember.Answer.DECLINED)


class PairingMember(models.Model):
    """That somebody is in a pairing, as what, and what they said when asked."""

    class Part(models.TextChoices):
        PEER = "peer", "Partner"
        MENTOR = "mentor", "Mentor"
        MENTEE = "mentee", "Mentee"

    class Answer(models.TextChoices):
        NOT_ASKED = "not_asked", "Not asked"
        ASKED = "asked", "Asked"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"

    pairing = models.ForeignKey(Pairing, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pairings")
    part = models.CharField(max_length=6, choices=Part.choices, default=Part.PEER)
    answer = models.CharField(max_length=9, choices=Answer.choices, default=Answer.NOT_ASKED)
    answered_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = PairingMemberQuerySet.as_manager()
    personal_data = Policy(
        owners=("person",), on_erase=Erase.ANONYMISE, why="The others keep that they worked with somebody."
    )

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["person", "left_at"], name="pairing_member_person")]
        constraints = [
            models.UniqueConstraint(
                fields=["pairing", "person"],
                name="one_place_in_a_pairing",
                violation_error_message="This person is in this pairing already.",
            ),
            models.CheckConstraint(
                condition=~Q(answer__in=["accepted", "declined"]) | Q(answered_at__isnull=False),
                name="answered_pairing_has_a_time",
                violation_error_message="An answer has a time at which it was given.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_part_display().lower()}"

    def settle(self, answer: str, now: datetime) -> bool:
        """Write down the answer to what was asked. False means that it was answered before."""
        won = PairingMember.objects.filter(pk=self.pk, answer=self.Answer.ASKED).update(
            answer=answer, answered_at=now
        )
        if won:
            self.answer, self.answered_at = answer, now
        return bool(won)

    def leave(self, now: datetime) -> bool:
        """Take the person out; the pairing keeps that they were in it. False means that they had left."""
        won = PairingMember.objects.filter(pk=self.pk, left_at=None).update(left_at=now)
        if won:
            self.left_at = now
        return bool(won)


class PairingCheckIn(models.Model):
    """One tap of somebody in a pairing: we met, not yet, we need help."""

    class Said(models.TextChoices):
        MET = "met", "We met"
        NOT_YET = "not_yet", "Not yet"
        HELP = "help", "We need help"

    pairing = models.ForeignKey(Pairing, on_delete=models.CASCADE, related_name="check_ins")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    said = models.CharField(max_length=7, choices=Said.choices)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(owners=("person",), on_erase=Erase.ANONYMISE, blank={"note": ""})

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "check-in of a pairing"
        verbose_name_plural = "check-ins of pairings"
        indexes = [models.Index(fields=["pairing", "-at"], name="pairing_check_in_latest")]

    def __str__(self) -> str:
        return self.get_said_display()
