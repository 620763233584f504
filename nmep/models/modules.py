"""The library of what the club teaches: modules, what each needs, and the links that stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse

from mlclub.graphs import circle_in_words, way
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column


class ModuleQuerySet(models.QuerySet["Module"]):
    def public(self) -> ModuleQuerySet:
        return self.filter(is_public=True)

    def visible_to(self, user: Any) -> ModuleQuerySet:
        """Public modules to anyone; all of them to readers of the members' area and to officers who look after
        them; to everybody the one that they maintain."""
        if not user.is_authenticated:
            return self.public()
        if user.standing.reads_members_area or user.has_perm("nmep.view_module"):
            return self
        return self.filter(models.Q(is_public=True) | models.Q(maintainer=user))

    def editable_by(self, user: Any) -> ModuleQuerySet:
        """Those that `user` may write on: all for the officer for education, else what they maintain."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("nmep.change_module"):
            return self
        return self.filter(maintainer=user) if user.standing.reads_members_area else self.none()


class Module(models.Model):
    """A unit of teaching that any term may use again."""

    class Level(models.TextChoices):
        FUNDAMENTAL = "fundamental", "Fundamentals"
        MODERN = "modern", "Modern methods"
        RESEARCH = "research", "Active research"

    class Licence(models.TextChoices):
        BY = "cc-by-4.0", "CC BY 4.0"
        BY_SA = "cc-by-sa-4.0", "CC BY-SA 4.0"
        BY_NC_SA = "cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0"
        ZERO = "cc0-1.0", "CC0 1.0"
        RESERVED = "reserved", "All rights reserved"

    #: Where the licence is read, by its value.
    LICENCE_PAGES = {
        Licence.BY: "https://creativecommons.org/licenses/by/4.0/",
        Licence.BY_SA: "https://creativecommons.org/licenses/by-sa/4.0/",
        Licence.BY_NC_SA: "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        Licence.ZERO: "https://creativecommons.org/publicdomain/zero/1.0/",
    }
    title = models.CharField(max_length=120, unique=True)
    slug = models.SlugField("address", max_length=120, unique=True)
    level = models.CharField(max_length=12, choices=Level.choices, default=Level.FUNDAMENTAL)
    overview = models.TextField(
        blank=True, help_text="What people can do afterwards, for somebody who cannot yet. Markdown."
    )
    outline = models.TextField(
        blank=True,
        help_text="What it teaches, in order, and how you say it. Somebody you never met should be able to "
        "teach from this. Markdown.",
    )
    deck_url = models.URLField(
        "deck, as a link",
        max_length=500,
        blank=True,
        help_text="Slides for 50 minutes, without dates or rooms.",
    )
    deck_file = models.FileField("deck, as a file", upload_to="decks/%Y/", blank=True)
    before = models.TextField(
        "before class", blank=True, help_text="What to read, watch or do before: little. Markdown."
    )
    after = models.TextField(
        "after class",
        blank=True,
        help_text="Assignments and readings afterwards. For members; visitors never see it. Markdown.",
    )
    solutions = models.TextField(
        blank=True,
        help_text="Solutions, and how it is graded. Only for whoever teaches. Markdown.",
    )
    concerns = models.TextField(
        "open questions",
        blank=True,
        help_text="For the next teacher: what was too long, what nobody understood. Markdown.",
    )
    is_public = models.BooleanField("public", default=False, help_text="Shown to everybody, without a login.")
    licence = models.CharField(max_length=20, choices=Licence.choices, blank=True)
    maintainer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whoever keeps it good, and may edit it.",
    )
    revision = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The page of a wiki that an import took it from.
    imported_from = models.CharField(max_length=200, blank=True, editable=False)
    # What the import wrote, as a hash: a module that reads otherwise was edited here and is left alone.
    imported_as = models.CharField(max_length=24, blank=True, editable=False)

    search = search_column(A=["title"], C=["overview", "outline"], names=["title"])

    objects = ModuleQuerySet.as_manager()
    personal_data = Policy(
        owners=("maintainer",),
        on_erase=Erase.KEEP,
        is_exported=False,
        why="What the club teaches is the club's; only who keeps it good is named.",
    )

    class Meta:
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_public=False) | ~models.Q(licence=""),
                name="public_module_has_a_licence",
                violation_error_message="A public module says under which licence it may be used.",
            ),
            models.CheckConstraint(
                condition=models.Q(deck_url="") | models.Q(deck_file=""),
                name="deck_is_a_link_or_a_file",
                violation_error_message="Give the deck as a link or as a file, one of the two.",
            ),
            models.CheckConstraint(
                condition=~models.Q(slug="new"),
                name="module_address_is_free",
                violation_error_message="“new” is the address of another page.",
            ),
        ]
        indexes = [GinIndex(fields=["search"], name="module_search")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("learn:module_detail", args=[self.slug])

    @property
    def licence_url(self) -> str:
        """Where the licence is read, or nothing."""
        return self.LICENCE_PAGES.get(self.licence, "")  # type: ignore[call-overload]

    @property
    def has_deck(self) -> bool:
        return bool(self.deck_url or self.deck_file)


class ModuleNeed(models.Model):
    """That one module builds on another. The database refuses a circle, whoever adds its last piece."""

    class Strength(models.TextChoices):
        STRONG = "strong", "Needed"
        WEAK = "weak", "Good to know"

    module = models.ForeignKey(Module, on_delete=models.CASCADE, related_name="needs")
    needed = models.ForeignKey(
        Module, on_delete=models.CASCADE, related_name="needed_by", verbose_name="builds on"
    )
    strength = models.CharField(max_length=6, choices=Strength.choices, default=Strength.STRONG)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["strength", "needed__title"]
        verbose_name = "dependency"
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(
                fields=["module", "needed"],
                name="one_need_a_pair",
                violation_error_message="This module is already among what it needs.",
            ),
            models.CheckConstraint(
                condition=~models.Q(module=models.F("needed")),
                name="module_does_not_need_itself",
                violation_error_message="A module cannot need itself.",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.module} needs {self.needed}" if self.is_strong else f"{self.module}, after {self.needed}"
        )

    @property
    def is_strong(self) -> bool:
        return self.strength == self.Strength.STRONG

    def clean(self) -> None:
        """Refuses a dependency that would close a circle, and names the circle."""
        if self.module_id and self.needed_id and self.module_id != self.needed_id:
            others = ModuleNeed.objects.exclude(pk=self.pk).values_list("module", "needed")
            refuse_circle(self.module_id, [self.needed_id], others)


def refuse_circle(module: int, needed: Iterable[int], others: Iterable[tuple[int, int]]) -> None:
    """Raises a ValidationError that names the circle if `module`, needing `needed`, closes one with `others`."""
    edges = list(others)
    for each in needed:
        steps = way(edges, each, module)
        if steps:
            titles = Module.objects.in_bulk([*steps, module])
            named = [titles[pk].title for pk in [module, *steps]]
            raise ValidationError(circle_in_words(named), code="circle")


class ModuleLinkQuerySet(models.QuerySet["ModuleLink"]):
    def broken(self) -> ModuleLinkQuerySet:
        return self.filter(broken_since__isnull=False)

    def told_to(self, user: Any) -> ModuleLinkQuerySet:
        """Those of modules that `user` keeps or may edit; officers know of all."""
        if user.has_perm("nmep.view_modulelink"):
            return self
        return self.filter(module__in=Module.objects.editable_by(user))

    def due(self, now: datetime) -> ModuleLinkQuerySet:
        """Never looked at, or not for a week."""
        return self.filter(models.Q(next_check_at__isnull=True) | models.Q(next_check_at__lte=now))


class ModuleLink(models.Model):
    """An address in a public module, and what came of following it last."""

    module = models.ForeignKey(Module, on_delete=models.CASCADE, related_name="links")
    url = models.CharField("address", max_length=500)
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    broken_since = models.DateTimeField(null=True, blank=True)
    # Why it counts as broken, or why nothing can be said; empty if it answers.
    problem = models.CharField(max_length=120, blank=True)

    objects = ModuleLinkQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["url"]
        verbose_name = "link"
        constraints = [
            models.UniqueConstraint(
                fields=["module", "url"],
                name="one_row_a_link",
                violation_error_message="This link is already known.",
            )
        ]

    def __str__(self) -> str:
        return self.url
