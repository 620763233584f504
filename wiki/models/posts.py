from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from members.models import Topic
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column
from wiki.models.papers import Paper

#: What stands at these addresses of the blog is no post.
RESERVED = frozenset({"new", "desk", "notes", "feed", "atom"})


def in_one(title: str, excerpt: str, text: str) -> str:
    """Title, excerpt and text in one, to be compared."""
    return "\n\n".join(part for part in (f"# {title}", excerpt, text) if part)


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, user: Any) -> PostQuerySet:
        """Published ones for anyone; one's own, and for editors all of them, whatever state they are in."""
        if not user.is_authenticated:
            return self.published()
        if user.has_perm("wiki.publish_post"):
            return self
        mine = PostAuthor.objects.filter(post=OuterRef("pk"), user=user)
        return self.filter(Q(state=Post.State.PUBLISHED) | Exists(mine))

    def published(self) -> PostQuerySet:
        return self.filter(state=Post.State.PUBLISHED)

    def unfinished(self) -> PostQuerySet:
        """On their way to readers: ideas, drafts, in review, scheduled."""
        return self.exclude(state__in=[Post.State.PUBLISHED, Post.State.WITHDRAWN])

    def of(self, user: Any) -> PostQuerySet:
        """Those that `user` writes."""
        return self.filter(Exists(PostAuthor.objects.filter(post=OuterRef("pk"), user=user)))

    def newest_first(self) -> PostQuerySet:
        return self.order_by("-published_at", "-pk")

    def for_lists(self) -> PostQuerySet:
        """Without what only the post's own page needs."""
        return self.defer("search", "headings", "plain_text")

    def with_authors(self) -> PostQuerySet:
        """Prefetches the authors with their people as `credited`, in their order."""
        people = PostAuthor.objects.select_related("user", "imported_author").order_by("position", "pk")
        return self.prefetch_related(models.Prefetch("authors", people, to_attr="credited"))


class Post(models.Model):
    """Something that members write for everybody. Its words are those of its newest revision."""

    class State(models.TextChoices):
        IDEA = "idea", "Idea"
        DRAFT = "draft", "Draft"
        REVIEW = "review", "In review"
        SCHEDULED = "scheduled", "Scheduled"
        PUBLISHED = "published", "Published"
        WITHDRAWN = "withdrawn", "Withdrawn"

    slug = models.SlugField("address", max_length=80, unique=True)
    topics = models.ManyToManyField(Topic, blank=True, related_name="posts")
    cover = models.ForeignKey(
        "Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="covered_posts"
    )
    cover_alt = models.CharField(
        "what the picture shows",
        max_length=300,
        blank=True,
        help_text="For readers who do not see it.",
    )
    cover_caption = models.CharField("caption", max_length=300, blank=True)

    # What follows from the words; `wiki.posts` keeps it in step.
    title = models.CharField(max_length=200, editable=False)
    excerpt = models.TextField(max_length=600, blank=True, editable=False)
    headings = models.TextField(blank=True, editable=False)
    plain_text = models.TextField(blank=True, editable=False)
    opening = models.CharField(max_length=400, blank=True, editable=False)
    reading_minutes = models.PositiveSmallIntegerField(default=1, editable=False)
    papers = models.ManyToManyField(Paper, blank=True, editable=False, related_name="posts")
    search = search_column(A=["title"], B=["excerpt", "headings"], C=["plain_text"], names=["title"])
    head = models.OneToOneField(
        "PostRevision", on_delete=models.PROTECT, null=True, editable=False, related_name="headed_post"
    )

    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT, editable=False)
    # Since when it is in this state: how long it has waited for whoever it waits for.
    state_at = models.DateTimeField(default=timezone.now, editable=False)
    publish_at = models.DateTimeField(
        "to be published", null=True, blank=True, editable=False, help_text="In the club's time."
    )
    # The revision that an editor said yes to; what came later nobody has looked at.
    approved_number = models.PositiveIntegerField(default=0, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    content_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="When the words last changed."
    )
    # The file that it came from, by which a second import knows it again.
    origin = models.CharField(max_length=300, blank=True, editable=False)

    objects = PostQuerySet.as_manager()
    personal_data = Policy(
        owners=("published_by",),
        on_erase=Erase.KEEP,
        why="Posts are the club's; the key goes to the pseudonym.",
    )

    class Meta:
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("slug"),
                name="one_post_an_address",
                violation_error_message="There is already a post at this address.",
            ),
            models.UniqueConstraint(fields=["origin"], condition=~Q(origin=""), name="one_post_an_origin"),
            models.CheckConstraint(
                condition=Q(state="scheduled", publish_at__isnull=False)
                | (~Q(state="scheduled") & Q(publish_at=None)),
                name="scheduled_post_has_its_time",
                violation_error_message="A scheduled post has a time, and no other has one.",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False, head__isnull=False),
                name="published_post_has_its_day",
                violation_error_message="A published post has words and the moment it came out.",
            ),
            models.CheckConstraint(
                condition=Q(cover=None) | ~Q(cover_alt=""),
                name="cover_is_described",
                violation_error_message="Say what the picture shows, for readers who do not see it.",
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="post_search"),
            models.Index(fields=["-published_at", "-id"], name="post_newest", condition=Q(state="published")),
            models.Index(fields=["publish_at"], name="post_due", condition=Q(state="scheduled")),
        ]
        permissions = [("publish_post", "Can review, schedule, publish and withdraw posts")]

    def __str__(self) -> str:
        return self.title or self.slug

    def get_absolute_url(self) -> str:
        return reverse("wiki:post_detail", args=[self.slug])

    @property
    def text(self) -> str:
        return self.head.text if self.head else ""

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def was_published(self) -> bool:
        """Whether readers may have seen it, today or before it was withdrawn."""
        return self.published_at is not None

    @property
    def lead(self) -> str:
        """What a list says of it: the excerpt, or the beginning of the text."""
        return self.excerpt or self.opening

    @property
    def updated_at(self) -> datetime:
        """When readers last got something new."""
        return max(self.content_at, self.published_at or self.content_at)

    def credits(self) -> list[PostAuthor]:
        """The authors in their order, from `with_authors` where it was asked."""
        found = getattr(self, "credited", None)
        if found is None:
            found = list(self.authors.select_related("user", "imported_author").order_by("position", "pk"))
            self.credited = found
        return found

    def is_written_by(self, user: Any) -> bool:
        return any(author.user_id == user.pk for author in self.credits())

    def is_edited_by(self, user: Any) -> bool:
        """Its authors while they write in the club, and editors."""
        if not user.is_authenticated:
            return False
        if user.has_perm("wiki.publish_post"):
            return True
        return user.standing.writes and self.is_written_by(user)


class PostAuthor(models.Model):
    """Who is named as an author of a post, and at which place: an account, or somebody from before."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="authors")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="post_credits",
        verbose_name="account",
    )
    imported_author = models.ForeignKey(
        "ImportedAuthor",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="post_credits",
        verbose_name="author from before",
    )
    position = models.PositiveSmallIntegerField(default=1)

    personal_data = Policy(
        owners=("user",),
        on_erase=Erase.KEEP,
        why="What somebody wrote for everybody stays, under a pseudonym.",
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(imported_author__isnull=False),
                name="post_author_is_somebody",
                violation_error_message="Choose an account or an author from before.",
            ),
            models.UniqueConstraint(
                fields=["post", "user"],
                name="one_credit_a_person",
                violation_error_message="This person is an author of the post already.",
            ),
            models.UniqueConstraint(
                fields=["post", "imported_author"],
                name="one_credit_an_imported_author",
                violation_error_message="This person is an author of the post already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        if self.user is not None:
            return self.user.display_name
        return self.imported_author.name if self.imported_author else ""


class PostRevision(models.Model):
    """The words of a post as somebody left them. Never changed, never deleted."""

    class Source(models.TextChoices):
        WEB = "web", "Written here"
        IMPORT = "import", "Imported"
        MERGE = "merge", "Merged"

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    base_number = models.PositiveIntegerField(default=0, help_text="The revision that the author began from.")
    title = models.CharField(max_length=200)
    excerpt = models.TextField(max_length=600, blank=True)
    text = models.TextField(blank=True)
    summary = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=6, choices=Source.choices, default=Source.WEB)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="post_revisions",
    )
    # Whoever wrote it elsewhere, before the post came here.
    imported_author = models.ForeignKey(
        "ImportedAuthor", on_delete=models.SET_NULL, null=True, blank=True, related_name="post_revisions"
    )
    # The commit and the file that it came from, by which a second import knows it again.
    origin = models.CharField(max_length=300, blank=True, editable=False)
    at = models.DateTimeField()

    personal_data = Policy(
        owners=("author",),
        on_erase=Erase.KEEP,
        why="What somebody wrote for everybody stays, under a pseudonym.",
    )

    class Meta:
        ordering = ["-at", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["post", "number"], name="one_post_revision_a_number"),
            models.CheckConstraint(
                condition=Q(base_number__lt=F("number")), name="post_revision_follows_its_base"
            ),
            models.UniqueConstraint(
                fields=["origin"], condition=~Q(origin=""), name="one_post_revision_an_origin"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id} #{self.number}"

    @property
    def byline(self) -> str:
        if self.author is not None:
            return self.author.display_name
        return self.imported_author.name if self.imported_author else "Imported"

    @property
    def whole(self) -> str:
        """Title, excerpt and text in one, to be compared."""
        return in_one(self.title, self.excerpt, self.text)


class PostAddress(models.Model):
    """Where a post once was, below `/blog/`. It leads to it for good."""

    path = models.CharField(max_length=300)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="old_addresses")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name_plural = "post addresses"
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                Lower("path"),
                name="one_post_an_old_address",
                violation_error_message="This address leads to a post already.",
            )
        ]

    def __str__(self) -> str:
        return self.path


class ReviewNote(models.Model):
    """What authors and editors say to each other about a post before it comes out."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="review_notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    # What it was said with: asking for a review, giving it back, and so on.
    state = models.CharField(max_length=9, choices=Post.State.choices)
    revision_number = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    personal_data = Policy(
        owners=("author",), on_erase=Erase.KEEP, why="The record of how a post came out, under a pseudonym."
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="review_note_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}, {self.at:%Y-%m-%d}"


class ReaderNoteQuerySet(models.QuerySet["ReaderNote"]):
    def visible_to(self, user: Any) -> ReaderNoteQuerySet:
        """Whoever wrote it, the authors of the post, and editors."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("wiki.publish_post"):
            return self
        written = PostAuthor.objects.filter(post=OuterRef("post"), user=user)
        return self.filter(Q(author=user) | Exists(written))


class ReaderNote(models.Model):
    """What a member writes to the authors of a post: a question, an idea, "I should like to work on this"."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reader_notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reader_notes"
    )
    text = models.TextField("your note", max_length=2000)
    wants_to_work = models.BooleanField("I should like to work on this", default=False)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = ReaderNoteQuerySet.as_manager()
    personal_data = Policy(owners=("author",), on_erase=Erase.DELETE, why="A message between two people.")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reader_note_says_something"),
        ]
        indexes = [models.Index(fields=["author", "-at"], name="reader_note_pace")]

    def __str__(self) -> str:
        return f"{self.author} on {self.post}"
