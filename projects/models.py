from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from events.models import Series
from members.models import Term, Topic, User
from mlclub import slugs
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column
from wiki.models import Page, Post, ReaderNote

#: A running initiative without a word for this long is asked how it goes.
SILENT_AFTER_DAYS = 21


class InitiativeQuerySet(models.QuerySet["Initiative"]):
    def visible_to(self, user: Any) -> InitiativeQuerySet:
        """Public cards for anyone; the rest for readers of the members' area and whoever has a role."""
        if not user.is_authenticated:
            return self.filter(visibility=Initiative.Visibility.PUBLIC)
        if user.has_perm("projects.view_initiative"):
            return self
        mine = Role.objects.filter(initiative=OuterRef("pk"), person=user)
        allowed = Q(visibility=Initiative.Visibility.PUBLIC) | Q(Exists(mine))
        if user.standing.reads_members_area:
            allowed |= Q(visibility=Initiative.Visibility.MEMBERS)
        return self.filter(allowed)

    def running(self) -> InitiativeQuerySet:
        return self.filter(state=Initiative.State.RUNNING)

    def open_to_newer_members(self) -> InitiativeQuerySet:
        return self.running().exclude(opening="")

    def silent_since(self, moment: datetime) -> InitiativeQuerySet:
        """Running ones begun before `moment` that have had no update since."""
        recent = Update.objects.filter(initiative=OuterRef("pk"), created_at__gte=moment)
        return self.running().filter(created_at__lt=moment).exclude(Exists(recent))

    def with_team_of(self, term: Term | None) -> InitiativeQuerySet:
        """Prefetches the roles in `term` with their people as `team`."""
        roles = Role.objects.filter(term=term).select_related("person").leads_first()
        return self.prefetch_related(models.Prefetch("roles", roles, to_attr="team"))


class Initiative(models.Model):
    """Anything a few people do together over weeks: consulting, research, a competition, a study group."""

    class Kind(models.TextChoices):
        CONSULTING = "consulting", "Consulting"
        RESEARCH = "research", "Research"
        COMPETITION = "competition", "Competition"
        STUDY_GROUP = "study_group", "Study group"
        CAPSTONE = "capstone", "Capstone"
        FELLOWSHIP = "fellowship", "Fellow's initiative"
        OUTREACH = "outreach", "Outreach"
        OTHER = "other", "Other"

    class Face(models.TextChoices):
        INTERNAL = "internal", "With each other"
        EXTERNAL = "external", "With the world"
        BOTH = "both", "Both"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        ARCHIVED = "archived", "Archived"

    class Visibility(models.TextChoices):
        PUBLIC = "public", "Anyone"
        MEMBERS = "members", "Members"
        TEAM = "team", "The team and officers"

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=80, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    face = models.CharField(max_length=8, choices=Face.choices, default=Face.INTERNAL)
    summary = models.CharField(max_length=240, help_text="One or two sentences for the list.")
    description = models.TextField(
        blank=True, help_text="What you do, why, and how somebody can help. Markdown."
    )
    visibility = models.CharField(
        "who may see it", max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    opening = models.TextField(
        "places for newer members", max_length=500, blank=True, help_text="Leave empty while there are none."
    )
    topics = models.ManyToManyField(Topic, blank=True, related_name="initiatives")
    series = models.ForeignKey(
        Series,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Its regular meetings.",
    )
    started_on = models.DateField("first day", null=True, blank=True)
    ended_on = models.DateField("last day", null=True, blank=True)
    outcome = models.TextField(
        blank=True, help_text="One paragraph, once it is over: what came of it. Markdown."
    )
    # What it left in the wiki, once it was over.
    page = models.ForeignKey(
        Page, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    search = search_column(A=["name"], B=["summary"], C=["description", "outcome"], names=["name"])

    objects = InitiativeQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["name"]
        indexes = [GinIndex(fields=["search"], name="initiative_search")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="one_initiative_a_name",
                violation_error_message="There is already an initiative of this name.",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True)
                | Q(started_on__isnull=True)
                | Q(ended_on__gte=models.F("started_on")),
                name="initiative_ends_after_it_starts",
                violation_error_message="The last day must not come before the first.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            # What stands at these addresses is no project's.
            pages = {"new", "groups", "lineage", "from-note", "without-page"}
            self.slug = slugs.free(self.name, Initiative.objects, otherwise="initiative", besides=pages)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("projects:initiative_detail", args=[self.slug])

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.ARCHIVED}

    def is_edited_by(self, user: User) -> bool:
        """Its leads, while they may write in the club, and officers with the right."""
        if not user.is_authenticated:
            return False
        if user.has_perm("projects.change_initiative"):
            return True
        return user.standing.writes and self.roles.filter(person=user, kind=Role.Kind.LEAD).exists()

    def is_worked_on_by(self, user: User) -> bool:
        """Whether `user` may write an update: anybody with a role in it, and its editors."""
        if not user.is_authenticated or not user.standing.writes:
            return False
        return user.has_perm("projects.change_initiative") or self.roles.filter(person=user).exists()


class StudyGroup(models.Model):
    """The book or course that a study group works through; its chapters are the slots of its series."""

    initiative = models.OneToOneField(Initiative, on_delete=models.CASCADE, related_name="study")
    source = models.CharField("book or course", max_length=200)
    authors = models.CharField(max_length=200, blank=True)
    source_url = models.URLField("link", max_length=500, blank=True)
    # Written when it ends: how far it came, honestly.
    chapters_done = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    chapters_planned = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(chapters_done__isnull=True) | Q(chapters_done__lte=models.F("chapters_planned")),
                name="no_more_chapters_than_planned",
            )
        ]

    def __str__(self) -> str:
        return f"{self.initiative}: {self.source}"


class RoleQuerySet(models.QuerySet["Role"]):
    def leads_first(self) -> RoleQuerySet:
        """Leads, advisors, mentors, contributors; by name within each."""
        places = [models.When(kind=kind, then=place) for place, kind in enumerate(Role.Kind.values)]
        return self.order_by(models.Case(*places, output_field=models.IntegerField()), "person__name")


class Role(models.Model):
    """What somebody is to an initiative in one term."""

    class Kind(models.TextChoices):
        LEAD = "lead", "Lead"
        ADVISOR = "advisor", "Advisor"
        MENTOR = "mentor", "Mentor"
        CONTRIBUTOR = "contributor", "Contributor"

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="roles")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="initiative_roles"
    )
    kind = models.CharField("role", max_length=11, choices=Kind.choices, default=Kind.CONTRIBUTOR)
    does = models.CharField("does", max_length=120, blank=True, help_text="What this person takes care of.")

    objects = RoleQuerySet.as_manager()
    history = HistoricalRecords()
    personal_data = Policy(
        owners=("person",), on_erase=Erase.KEEP, why="Who was in a team is the team's record."
    )

    class Meta:
        ordering = ["person__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "term", "person"],
                name="one_role_a_term",
                violation_error_message="This person already has a role in that term.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_kind_display().lower()} of {self.initiative}"


class Update(models.Model):
    """A few lines on how it goes: done, next, blocked."""

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="updates")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done = models.TextField(max_length=2000, help_text="What you did since the last one. Markdown.")
    next = models.TextField(max_length=2000, blank=True, help_text="What comes next.")
    blocked = models.TextField(max_length=1000, blank=True, help_text="What you wait for, and from whom.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(owners=("author",), on_erase=Erase.KEEP, why="Part of the team's record.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["initiative", "-created_at"], name="update_newest")]

    def __str__(self) -> str:
        return f"{self.initiative}, {self.created_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return f"{self.initiative.get_absolute_url()}#update-{self.pk}"


class Output(models.Model):
    """Something that is left when the work is over: a paper, code, a talk, a rank."""

    class Kind(models.TextChoices):
        PAPER = "paper", "Paper"
        CODE = "code", "Code"
        TALK = "talk", "Talk"
        POST = "post", "Blog post"
        RANK = "rank", "Competition result"
        OTHER = "other", "Other"

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="outputs")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    title = models.CharField(max_length=200)
    url = models.URLField("link", blank=True)
    made_on = models.DateField("day")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-made_on", "-pk"]

    def __str__(self) -> str:
        return self.title


class InitiativeLink(models.Model):
    """That one initiative came of another. A trigger refuses circles, whoever writes and however many at once."""

    class Kind(models.TextChoices):
        GREW_INTO = "grew_into", "grew into"
        SPUN_OFF = "spun_off", "spun off"
        MERGED = "merged", "merged into"
        CONTINUES = "continues", "is continued by"
        INSPIRED = "inspired", "inspired"

    #: The same, said from the later one.
    BACKWARDS = {
        Kind.GREW_INTO: "grew out of",
        Kind.SPUN_OFF: "spun off from",
        Kind.MERGED: "took in",
        Kind.CONTINUES: "continues",
        Kind.INSPIRED: "was inspired by",
    }

    earlier = models.ForeignKey(Initiative, on_delete=models.PROTECT, related_name="links_on")
    later = models.ForeignKey(Initiative, on_delete=models.PROTECT, related_name="links_back")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    note = models.CharField(max_length=240, blank=True, help_text="Which direction it took, in a sentence.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["earlier", "later"],
                name="one_link_a_pair",
                violation_error_message="These two are linked already.",
            ),
            models.CheckConstraint(
                condition=~Q(earlier=models.F("later")),
                name="link_of_two",
                violation_error_message="A project cannot come of itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.earlier} {self.get_kind_display()} {self.later}"

    @property
    def backwards(self) -> str:
        return self.BACKWARDS[self.Kind(self.kind)]


class Inspiration(models.Model):
    """That an initiative came of a post, or of what a reader wrote to its authors."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="+")
    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="inspirations")
    note = models.OneToOneField(
        ReaderNote, on_delete=models.SET_NULL, null=True, blank=True, related_name="inspiration"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["post", "initiative"],
                name="one_inspiration_a_pair",
                violation_error_message="These two are linked already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.post} inspired {self.initiative}"


class NothingLeft(models.Model):
    """That an initiative which is over leaves no page, and why: nobody asks for one any more."""

    initiative = models.OneToOneField(Initiative, on_delete=models.CASCADE, related_name="nothing_left")
    reason = models.CharField("why there is nothing to keep", max_length=300)
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    personal_data = Policy(
        owners=("said_by",),
        on_erase=Erase.KEEP,
        why="The project's record; the key goes to the pseudonym.",
    )

    class Meta:
        verbose_name_plural = "nothing left"
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="nothing_left_has_a_reason",
                violation_error_message="Say why there is nothing to keep.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.initiative}: {self.reason}"
