from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Length, Lower, Upper
from django.urls import reverse
from django.utils import timezone

from members.models import User
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column
from wiki import paths

#: A page nobody has looked over for this long is asked for a check.
STALE_AFTER = timedelta(days=365)
#: Fewer characters than this are a beginning, not yet a page.
STUB = 280
#: Of the columns of `with_care`, what asks for a look of whoever looks after the page; and of anybody.
WANTS_A_LOOK = Q(is_stale=True) | Q(has_broken_links=True) | Q(has_dead_pictures=True)
NEGLECTED = WANTS_A_LOOK | Q(is_unkept=True)


class PageQuerySet(models.QuerySet["Page"]):
    def visible_to(self, user: Any) -> PageQuerySet:
        """Public pages for anyone, all of them for whoever reads the members' area; nothing from the trash."""
        pages = self.filter(trashed_at=None)
        return pages if reads_everything(user) else pages.filter(is_public=True)

    def trashed(self) -> PageQuerySet:
        return self.exclude(trashed_at=None)

    def with_care(self, today: date) -> Any:
        """Adds `is_overdue`, `is_stale` (which an overdue one is too), `has_broken_links`, `has_dead_pictures`,
        `is_orphan`, `is_short` and `is_unkept`: nobody who is still here looks after it."""
        broken = Link.objects.filter(source=OuterRef("pk"), target=None)
        inbound = Link.objects.filter(target=OuterRef("pk"), source__trashed_at=None).exclude(
            source=OuterRef("pk")
        )
        a_year_ago = _midnight(today) - STALE_AFTER
        unseen = Q(review_by=None, content_at__lt=a_year_ago) & (
            Q(checked_at=None) | Q(checked_at__lt=a_year_ago)
        )
        return self.alias(plain_length=Length("plain_text")).annotate(
            is_overdue=_whether(Q(review_by__lte=today)),
            is_stale=_whether(Q(review_by__lte=today) | unseen),
            has_broken_links=Exists(broken),
            has_dead_pictures=_whether(~Q(dead_pictures="")),
            # The home of a folder is what the folder itself shows.
            is_orphan=_whether(~Q(Exists(inbound)) & ~Q(path__endswith=f"/{paths.HOME}")),
            is_short=_whether(Q(plain_length__lt=STUB)),
            is_unkept=~Exists(User.objects.still_here(today).filter(pk=OuterRef("owner"))),
        )

    def needing_care(self, today: date) -> PageQuerySet:
        """What somebody has to do something about: stale, a link or a picture that leads nowhere, or nobody who looks
        after it; the most neglected first."""
        return (
            self.with_care(today).filter(NEGLECTED).order_by("-is_stale", "-has_broken_links", "content_at")
        )

    def in_question(self, today: date) -> PageQuerySet:
        """All that could be better: what needs care, and what nothing leads to or is only a beginning."""
        return (
            self.with_care(today)
            .filter(NEGLECTED | Q(is_orphan=True) | Q(is_short=True))
            .exclude(Q(path__startswith="_") | Q(path__contains="/_"))
        )


def reads_everything(user: Any) -> bool:
    """Whether `user` reads the pages of the members' area, and not only those for anyone."""
    return bool(
        user.is_authenticated
        and (user.standing.reads_members_area or user.is_superuser or user.has_perm("wiki.view_page"))
    )


def _whether(condition: Q) -> models.Case:
    """A yes or no of the row, never nothing."""
    return models.Case(models.When(condition, then=True), default=False, output_field=models.BooleanField())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())


class Page(models.Model):
    """One page of the library. Its text is that of its newest revision; the other columns follow from the text."""

    path = models.CharField(
        max_length=paths.LONGEST,
        validators=[paths.validate_path],
        help_text="Folders and name, such as Basics/Gradient descent.",
    )
    is_public = models.BooleanField("anyone may read it", default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_pages",
        help_text="Who looks after it.",
    )
    review_by = models.DateField(null=True, blank=True, help_text="When somebody should look it over again.")

    # How often readers opened it in the last ninety days; `wiki.viewing` adds it up.
    seen = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    # What follows from the text and the path; `wiki.editing` keeps it in step.
    key = models.CharField(max_length=paths.LONGEST, editable=False)
    title = models.CharField(max_length=paths.LONGEST, editable=False)
    aliases = models.TextField(blank=True, editable=False)
    names = models.TextField(blank=True, editable=False)
    headings = models.TextField(blank=True, editable=False)
    plain_text = models.TextField(blank=True, editable=False)
    # The names, one a line, of pictures that the text shows and that are not here.
    dead_pictures = models.TextField(blank=True, editable=False)
    search = search_column(A=["title", "names"], B=["headings"], C=["plain_text"], names=["title", "names"])
    # Of all pages that hold a common word, those called by it must be found first: see `mlclub.search.rank`.
    names_search = search_column(A=["title", "names"], names=["title", "names"])

    head = models.OneToOneField(
        "Revision", on_delete=models.PROTECT, null=True, editable=False, related_name="headed_page"
    )
    content_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="When the text last changed."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    trashed_at = models.DateTimeField(null=True, blank=True, editable=False)
    trashed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = PageQuerySet.as_manager()
    personal_data = Policy(
        owners=("owner", "checked_by", "trashed_by"),
        on_erase=Erase.KEEP,
        why="Pages are the club's; the keys go to the pseudonym.",
    )

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                Lower("path"),
                name="one_page_a_path",
                violation_error_message="There is already a page of this name.",
            )
        ]
        indexes = [
            # What `[[` and the first letters may become, whatever their case.
            models.Index(OpClass(F("key"), name="varchar_pattern_ops"), name="page_key_begins"),
            models.Index(OpClass(Upper("title"), name="text_pattern_ops"), name="page_title_begins"),
            models.Index(OpClass(Upper("path"), name="text_pattern_ops"), name="page_path_begins"),
            GinIndex(fields=["search"], name="page_search"),
            GinIndex(fields=["names_search"], name="page_names_search"),
            models.Index(fields=["key"], name="page_key"),
            # Whoever types the name of a new page is asked at each pause whether there is one already.
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="page_title_trigrams"),
            GinIndex(fields=["names"], opclasses=["gin_trgm_ops"], name="page_names_trigrams"),
            models.Index(fields=["-content_at"], name="page_changes"),
        ]
        permissions = [
            ("trash_page", "Can move pages to the trash and back"),
            ("publish_page", "Can open pages to everybody and close them again"),
        ]

    def __str__(self) -> str:
        return self.title or self.path

    def get_absolute_url(self) -> str:
        return reverse("wiki:page_detail", args=[self.path])

    @property
    def folder(self) -> str:
        return paths.segments_of(self.path)[0]

    @property
    def name(self) -> str:
        return paths.segments_of(self.path)[1]

    @property
    def area(self) -> str:
        """The first folder, by which the front page sorts; empty for pages at the top."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    @property
    def text(self) -> str:
        return self.head.text if self.head else ""

    @property
    def is_stub(self) -> bool:
        return len(self.plain_text) < STUB

    @property
    def reading_minutes(self) -> int:
        return max(1, round(len(self.plain_text.split()) / 200))

    def is_adoptable(self) -> bool:
        """Whether nobody who is still here looks after it."""
        if hasattr(self, "is_unkept"):
            return bool(self.is_unkept)
        return not User.objects.still_here().filter(pk=self.owner_id).exists()

    def check_off(self, *, by: Any, now: datetime) -> None:
        """Record that somebody read it over and it is still right; the next check is due in a year, or on the later day
        that somebody has set."""
        next_year = now.date() + STALE_AFTER
        Page.objects.filter(pk=self.pk).update(
            checked_at=now,
            checked_by=by,
            review_by=models.Case(
                models.When(review_by__gt=now.date(), then=F("review_by")), default=models.Value(next_year)
            ),
        )

    def adopt(self, *, by: Any, seen: Any) -> bool:
        """Make `by` the owner; False when the owner is no longer the one (`seen`) that the person saw."""
        return bool(Page.objects.filter(pk=self.pk, owner=seen).update(owner=by))


class RevisionQuerySet(models.QuerySet["Revision"]):
    def visible_to(self, user: Any) -> RevisionQuerySet:
        return self.filter(page__in=Page.objects.visible_to(user))


class Revision(models.Model):
    """The whole text of a page as somebody left it. Never changed, never deleted."""

    class Source(models.TextChoices):
        WEB = "web", "Edited here"
        IMPORT = "import", "Imported"
        REVERT = "revert", "Brought back"
        MERGE = "merge", "Merged"
        SUGGESTION = "suggest", "Suggested"

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    base_number = models.PositiveIntegerField(default=0, help_text="The revision that the author began from.")
    text = models.TextField(blank=True)
    summary = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.WEB)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="wiki_revisions",
    )
    # Whoever wrote it elsewhere, before the page came here.
    author_name = models.CharField(max_length=120, blank=True)
    imported_author = models.ForeignKey(
        "ImportedAuthor", on_delete=models.SET_NULL, null=True, blank=True, related_name="revisions"
    )
    # The commit and the file that it came from, by which a second import knows it again.
    origin = models.CharField(max_length=300, blank=True, editable=False)
    at = models.DateTimeField()
    added = models.PositiveIntegerField(default=0, help_text="Characters that the change added.")
    removed = models.PositiveIntegerField(default=0)

    objects = RevisionQuerySet.as_manager()
    personal_data = Policy(
        owners=("author",),
        on_erase=Erase.ANONYMISE,
        blank={"author_name": ""},
        why="What somebody wrote for everybody stays, under a pseudonym.",
    )

    class Meta:
        ordering = ["-at", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="one_revision_a_number"),
            models.UniqueConstraint(
                fields=["origin"], condition=~Q(origin=""), name="one_revision_an_origin"
            ),
            models.CheckConstraint(
                condition=Q(base_number__lt=F("number")), name="revision_follows_its_base"
            ),
        ]
        indexes = [models.Index(fields=["-at"], name="revision_at")]

    def __str__(self) -> str:
        return f"{self.page_id} #{self.number}"

    def get_absolute_url(self) -> str:
        return f"{reverse('wiki:page_diff', args=[self.page.path])}?from={self.number - 1}&to={self.number}"

    @property
    def byline(self) -> str:
        """Who wrote it, in words."""
        if self.author is not None:
            return self.author.display_name
        return self.author_name or "Somebody before this wiki"


class Redirect(models.Model):
    """A path where a page once was, or is also looked for. A page at the same path goes first."""

    path = models.CharField(max_length=paths.LONGEST)
    key = models.CharField(max_length=paths.LONGEST, editable=False)
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="redirects")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(Lower("path"), name="one_redirect_a_path")]
        indexes = [models.Index(fields=["key"], name="redirect_key")]

    def __str__(self) -> str:
        return self.path


class Link(models.Model):
    """A `[[name]]` in the text of a page, and the page it leads to today. Without one it is a red link."""

    source = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="links")
    name = models.CharField(max_length=500)
    key = models.CharField(max_length=500)
    target = models.ForeignKey(
        Page, on_delete=models.SET_NULL, null=True, blank=True, related_name="backlinks"
    )

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="one_link_a_name")]
        indexes = [
            models.Index(fields=["key"], name="link_key"),
            models.Index(fields=["key"], name="link_wanted", condition=Q(target=None)),
        ]

    def __str__(self) -> str:
        return self.name
