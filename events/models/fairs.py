from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from events.models.events import Event
from members.models import Contact, Organization
from mlclub.privacy import NOT_PERSONAL, Erase, Policy


class FairQuerySet(models.QuerySet["Fair"]):
    def visible_to(self, user: Any) -> FairQuerySet:
        """Those whose event `user` may see."""
        return self.filter(event__in=Event.objects.visible_to(user).values("pk"))


class Fair(models.Model):
    """A career fair: what an event has beyond time, place and sign-up. Companies come to booths, students say whom
    they wish to meet."""

    #: Companies are reminded this long before, and get their report this long after.
    REMINDED_BEFORE = timedelta(days=7)
    REPORT_AFTER = timedelta(days=7)
    #: Who wrote for a company is kept so long after the fair, so that it can be asked again, and then erased.
    CONTACTS_KEPT = timedelta(days=400)

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="fair", editable=False)
    slug = models.SlugField(
        "address", max_length=60, unique=True, help_text="Its page is /events/fair/…/, for instance fa26."
    )
    about = models.TextField(
        "for students", max_length=8000, blank=True, help_text="What to expect and what to bring. Markdown."
    )
    for_companies = models.TextField(
        "for companies",
        max_length=8000,
        blank=True,
        help_text="How to get there, parking, building up, power, food. Everybody may read it. Markdown.",
    )
    tiers = models.TextField(
        max_length=2000,
        blank=True,
        help_text="What a company may choose from, one to a line, in your words: "
        "“Table: one table, two chairs”. Empty: nothing to choose.",
    )
    companies_until = models.DateTimeField(
        "companies register until", help_text="The form for companies closes then."
    )
    build_up_at = models.DateTimeField(
        "building up from", null=True, blank=True, help_text="When companies find the doors open."
    )
    resumes_from = models.DateTimeField(
        "companies read résumés from", help_text="Not before this, and only companies that are accepted."
    )
    resumes_until = models.DateTimeField(
        "résumés are deleted on", help_text="Students are told this date. The files are gone then."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FairQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-event__starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(resumes_until__gt=F("resumes_from")),
                name="fair_deletes_resumes_after_they_are_read",
                violation_error_message="Résumés are deleted after the day from which companies read them.",
            ),
        ]

    def __str__(self) -> str:
        return self.event.title

    def get_absolute_url(self) -> str:
        return reverse("events:fair_detail", args=[self.slug])

    @property
    def tier_choices(self) -> list[str]:
        """What a company may choose from, in the officers' order."""
        return list(dict.fromkeys(line.strip() for line in self.tiers.splitlines() if line.strip()))

    @property
    def report_at(self) -> datetime:
        """When companies get their report."""
        return self.event.ends_at + self.REPORT_AFTER

    @property
    def contacts_until(self) -> datetime:
        """When who wrote for the companies is erased."""
        return self.event.ends_at + self.CONTACTS_KEPT

    def takes_companies(self, now: datetime) -> bool:
        return not self.event.is_cancelled and now < min(self.companies_until, self.event.starts_at)

    def takes_wishes(self, now: datetime) -> bool:
        """Students may say and unsay whom they want to meet and who may know them, until the résumés are deleted."""
        return not self.event.is_cancelled and now < self.resumes_until

    def shows_resumes(self, now: datetime) -> bool:
        """Whether accepted companies read what students opened to them."""
        return not self.event.is_cancelled and self.resumes_from <= now < self.resumes_until


class Booth(models.Model):
    """A numbered place for one company."""

    fair = models.ForeignKey(Fair, on_delete=models.CASCADE, related_name="booths")
    row = models.CharField("row or room", max_length=60, help_text="Such as: Row A, Atrium, Room 12.")
    number = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    note = models.CharField(max_length=120, blank=True, help_text="Such as: by the door, with power.")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["fair", "number"],
                name="one_booth_a_number",
                violation_error_message="The fair has a booth of this number already.",
            ),
        ]

    def __str__(self) -> str:
        return f"Booth {self.number}, {self.row}"


class FairCompanyQuerySet(models.QuerySet["FairCompany"]):
    def proven(self) -> FairCompanyQuerySet:
        """Those that followed the link to their address: the others are nobody's business yet."""
        return self.filter(confirmed_at__isnull=False)

    def accepted(self) -> FairCompanyQuerySet:
        return self.filter(state=FairCompany.State.ACCEPTED)

    def waiting(self) -> FairCompanyQuerySet:
        """Those that wait for the officers' answer."""
        return self.proven().filter(state=FairCompany.State.ASKED)


class FairCompany(models.Model):
    """A company's registration for a fair. Its people have no account: they come through a link in their mail."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    LIVE = (State.ASKED, State.ACCEPTED)
    #: A registration whose address nobody proves is forgotten after this.
    PROVEN_WITHIN = timedelta(days=7)

    fair = models.ForeignKey(Fair, on_delete=models.CASCADE, related_name="companies")
    name = models.CharField("company", max_length=120)
    website = models.URLField(max_length=300, blank=True)
    about = models.CharField(
        "what you do", max_length=400, blank=True, help_text="One or two sentences for students."
    )
    # Made anew from its pixels by `mlclub.uploads.image` before it comes here.
    logo = models.ImageField(upload_to="fairs/", blank=True)
    contact_name = models.CharField("your name", max_length=120, blank=True)
    contact_email = models.EmailField("your mail address", blank=True)
    representatives = models.TextField(
        "who comes", max_length=1000, blank=True, help_text="Names for the badges, one to a line."
    )
    roles = models.TextField("roles you offer", max_length=2000, blank=True)
    needs = models.TextField(
        "what you need", max_length=1000, blank=True, help_text="Power, a screen, step-free access …"
    )
    tier = models.CharField(max_length=200, blank=True)

    # Known to the club from the acceptance on; what is above is what the form said.
    organization = models.ForeignKey(
        Organization, on_delete=models.SET_NULL, null=True, blank=True, related_name="fairs", editable=False
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED, editable=False)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    # What the officers wrote with their answer: the company reads it.
    answer = models.CharField(max_length=600, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    booth = models.OneToOneField(
        Booth, on_delete=models.SET_NULL, null=True, blank=True, related_name="company", editable=False
    )
    # The version of the schedule that the company knew when it was accepted; later ones are told.
    schedule_version = models.PositiveIntegerField(default=0, editable=False)
    # How many wished to meet it: counted when what the students said is deleted.
    wished = models.PositiveIntegerField(null=True, blank=True, editable=False)
    notes = models.TextField("notes of the officers", max_length=4000, blank=True)

    objects = FairCompanyQuerySet.as_manager()
    personal_data = Policy(
        # Found by its proven address; the officer who decided is no owner.
        on_erase=Erase.ANONYMISE,
        blank={"contact_name": "", "contact_email": "", "representatives": "", "notes": ""},
        is_exported=False,
        why="That a company came to a fair is the club's record; who wrote for it goes.",
    )

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "company at a fair"
        verbose_name_plural = "companies at fairs"
        constraints = [
            models.UniqueConstraint(
                F("fair"),
                Lower("name"),
                condition=Q(state__in=["asked", "accepted"], confirmed_at__isnull=False),
                name="one_live_registration_a_company",
                violation_error_message="This company is registered already.",
            ),
            models.UniqueConstraint(
                F("fair"),
                Lower("contact_email"),
                condition=Q(state__in=["asked", "accepted"]) & ~Q(contact_email=""),
                name="one_live_company_an_address",
                violation_error_message="This address has registered a company already.",
            ),
            models.CheckConstraint(
                condition=Q(booth__isnull=True) | Q(state="accepted"),
                name="booth_of_an_accepted_company",
                violation_error_message="Only an accepted company has a booth.",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(confirmed_at__isnull=False, decided_at__isnull=False),
                name="accepted_company_was_proven_and_decided",
                violation_error_message="A company is accepted after its address is proven.",
            ),
            models.CheckConstraint(
                condition=Q(name__gt=""),
                name="fair_company_has_a_name",
                violation_error_message="Give the name.",
            ),
        ]
        indexes = [models.Index(fields=["fair", "state"], name="fair_company_state")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_accepted(self) -> bool:
        return self.state == self.State.ACCEPTED

    @property
    def is_proven(self) -> bool:
        return self.confirmed_at is not None

    def reads_resumes(self, now: datetime) -> bool:
        """Whether its people may read what students opened to it."""
        return self.is_accepted and self.fair.shows_resumes(now)


def resume_path(student: FairStudent, filename: str) -> str:
    """A name that says nothing, whatever the file was called."""
    return f"resumes/{secrets.token_hex(16)}.pdf"


class FairStudentQuerySet(models.QuerySet["FairStudent"]):
    def visible_to(self, user: Any) -> FairStudentQuerySet:
        """One's own; officers do not see what a student told to companies."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def open_to(self, company: FairCompany) -> FairStudentQuerySet:
        """Those who let this company know them: by name, or with all of the fair. Whether it may look now is
        `FairCompany.reads_resumes`."""
        named = FairTick.objects.filter(student=OuterRef("pk"), company=company, is_open=True)
        return self.filter(fair=company.fair_id, user__is_active=True).filter(
            Q(is_open_to_all=True) | models.Exists(named)
        )


class FairStudent(models.Model):
    """What a student told for one fair. Deleted with its file on the day that the fair says."""

    fair = models.ForeignKey(Fair, on_delete=models.CASCADE, related_name="students")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    field = models.CharField("what you study", max_length=80, blank=True)
    graduates_in = models.PositiveSmallIntegerField(
        "year you graduate",
        null=True,
        blank=True,
        validators=[MinValueValidator(1950), MaxValueValidator(2100)],
    )
    resume = models.FileField("résumé", upload_to=resume_path, blank=True, max_length=120)
    resume_at = models.DateTimeField(null=True, blank=True, editable=False)
    pages = models.PositiveSmallIntegerField(default=0, editable=False)
    # The consent that names no company: every accepted one of this fair, also those that come later.
    is_open_to_all = models.BooleanField(default=False)
    opened_to_all_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FairStudentQuerySet.as_manager()
    personal_data = Policy(owners=("user",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["pk"]
        verbose_name = "student at a fair"
        verbose_name_plural = "students at fairs"
        constraints = [
            models.UniqueConstraint(
                fields=["fair", "user"],
                name="one_fair_student_a_person",
                violation_error_message="This person is down for the fair already.",
            ),
            models.CheckConstraint(
                condition=Q(is_open_to_all=False) | Q(opened_to_all_at__isnull=False),
                name="consent_to_all_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.fair}"


class FairTick(models.Model):
    """What one student said of one company: that they wish to meet it, that it may know them."""

    student = models.ForeignKey(FairStudent, on_delete=models.CASCADE, related_name="ticks")
    company = models.ForeignKey(FairCompany, on_delete=models.CASCADE, related_name="ticks")
    wants_to_meet = models.BooleanField(default=False)
    # The consent: name, address, subject and résumé of the student, to this company, until the fair's date.
    is_open = models.BooleanField(default=False)
    opened_at = models.DateTimeField(null=True, blank=True, editable=False)

    personal_data = Policy(owners=("student__user",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["student", "company"], name="one_tick_a_company"),
            models.CheckConstraint(
                condition=Q(is_open=False) | Q(opened_at__isnull=False), name="consent_says_when"
            ),
            models.CheckConstraint(
                condition=Q(wants_to_meet=True) | Q(is_open=True), name="tick_says_something"
            ),
        ]
        indexes = [models.Index(fields=["company", "wants_to_meet"], name="fair_tick_wishes")]

    def __str__(self) -> str:
        return f"{self.student}: {self.company}"


class FairDisclosure(models.Model):
    """That a company took what a student opened to it. Kept with the student's record; a trigger refuses changes."""

    class What(models.TextChoices):
        RESUME = "resume", "Your résumé"
        LIST = "list", "The list with your name"

    company = models.ForeignKey(FairCompany, on_delete=models.PROTECT, related_name="disclosures")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=6, choices=What.choices)
    at = models.DateTimeField()
    # Only the network it came from: enough to say "somebody else", too little to follow anybody.
    network = models.CharField(max_length=60, blank=True)

    personal_data = Policy(
        owners=("person",),
        on_erase=Erase.KEEP,
        why="To whom something was given stays written down; the name is a pseudonym.",
    )

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["person", "-at"], name="fair_disclosure_person")]

    def __str__(self) -> str:
        return f"{self.get_what_display()} to {self.company}"
