from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from members.models import User
from mlclub import slugs
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column
from wiki.models.papers import Paper


class ReadingListQuerySet(models.QuerySet["ReadingList"]):
    def visible_to(self, user: Any) -> ReadingListQuerySet:
        """Public lists to anyone, members' ones to readers of the members' area and to their curators."""
        if not user.is_authenticated:
            return self.filter(visibility=ReadingList.Visibility.PUBLIC)
        if user.standing.reads_members_area or user.is_superuser or user.has_perm("wiki.view_readinglist"):
            return self
        curated = ReadingList.curators.through.objects.filter(user=user).values("readinglist")
        return self.filter(Q(visibility=ReadingList.Visibility.PUBLIC) | Q(pk__in=curated))

    def with_keeping(self, today: date) -> Any:
        """Adds `is_unkept`: nobody who is still here keeps it in order."""
        keepers = User.objects.still_here(today).filter(curated_lists=OuterRef("pk"))
        return self.annotate(is_unkept=~Exists(keepers))


class ReadingList(models.Model):
    """Papers on one subject, in an order, under topics."""

    class Visibility(models.TextChoices):
        PUBLIC = "public", "Anyone"
        MEMBERS = "members", "Members"

    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True, editable=False)
    description = models.TextField(blank=True, help_text="What it is for, and where to begin. Markdown.")
    visibility = models.CharField(
        "who may see it", max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS
    )
    curators = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="curated_lists",
        help_text="Who keeps it in order.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    search = search_column(A=["title"], C=["description"], names=["title"])

    objects = ReadingListQuerySet.as_manager()
    personal_data = Policy(owners=("curators",), on_erase=Erase.KEEP, why="Who curates is the list's record.")

    class Meta:
        ordering = ["title"]
        indexes = [GinIndex(fields=["search"], name="reading_list_search")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title=""),
                name="reading_list_has_a_title",
                violation_error_message="Give the list a title.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = slugs.free(self.title, ReadingList.objects, otherwise="list", besides={"new"})
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("wiki:reading_list_detail", args=[self.slug])

    def is_kept_by(self, user: Any) -> bool:
        """Whether `user` may change it: a curator who may still write, or an officer with the right."""
        if not user.is_authenticated:
            return False
        if user.has_perm("wiki.change_readinglist"):
            return True
        return bool(user.standing.writes and any(each.pk == user.pk for each in self.curators.all()))


class ReadingTopic(models.Model):
    """A heading of a list; headings stand below others."""

    list = models.ForeignKey(ReadingList, on_delete=models.CASCADE, related_name="topics")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    title = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(default=0)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "parent", "title"],
                nulls_distinct=False,
                name="one_topic_a_title",
                violation_error_message="There is already a topic of this name there.",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=models.F("pk")),
                name="topic_is_not_below_itself",
                violation_error_message="A topic cannot stand below itself.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Placement(models.Model):
    """That a paper stands in a list, and where. The same paper may stand under two topics."""

    class Relevance(models.IntegerChoices):
        ASIDE = 0, "On the side"
        USEFUL = 1, "Useful"
        IMPORTANT = 2, "Important"
        START = 3, "Start here"

    list = models.ForeignKey(ReadingList, on_delete=models.CASCADE, related_name="placements")
    topic = models.ForeignKey(
        ReadingTopic, on_delete=models.RESTRICT, null=True, blank=True, related_name="placements"
    )
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="placements")
    relevance = models.PositiveSmallIntegerField(
        choices=Relevance.choices, null=True, blank=True, validators=[MaxValueValidator(3)]
    )
    note = models.CharField(max_length=300, blank=True, help_text="Why it stands here, in a sentence.")
    position = models.PositiveIntegerField(default=0)
    # It came here because it is presented; taken back with the talk as long as nobody has written anything to it.
    is_automatic = models.BooleanField("came by itself", default=False, editable=False)
    # Presented where only members are: nobody else learns of it from a public list.
    is_for_members = models.BooleanField("for members only", default=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(owners=("added_by",), on_erase=Erase.KEEP, why="A list keeps its papers.")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "topic", "paper"],
                nulls_distinct=False,
                name="one_place_a_topic",
                violation_error_message="This paper stands there already.",
            ),
            models.CheckConstraint(
                condition=Q(relevance=None) | Q(relevance__lte=3),
                name="relevance_is_up_to_three",
                violation_error_message="Relevance goes from 0 to 3.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paper} in {self.list}"
