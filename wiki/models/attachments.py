from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from mlclub.privacy import Erase, Policy
from wiki.models.pages import Page
from wiki.models.posts import Post


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: Any) -> AttachmentQuerySet:
        """All for readers of the members' area; for others those that a public page or post shows, and their own."""
        if user.is_authenticated and (user.standing.reads_members_area or user.is_superuser):
            return self
        public: Any = Exists(
            Attachment.pages.through.objects.filter(
                attachment=OuterRef("pk"), page__in=Page.objects.visible_to(user)
            )
        )
        public |= Exists(
            Attachment.posts.through.objects.filter(
                attachment=OuterRef("pk"), post__in=Post.objects.visible_to(user)
            )
        )
        return self.filter(public | Q(uploader=user) if user.is_authenticated else public)


class Attachment(models.Model):
    """A picture, re-encoded when it came, or the original of what is not run here; stored under the hash of its bytes."""

    #: The content type of an original; a browser is never told it.
    ORIGINAL = "text/html"
    _EXTENSIONS: ClassVar = {
        "image/png": "png",
        "image/jpeg": "jpg",
        "image/webp": "webp",
        "image/gif": "gif",
        ORIGINAL: "html",
    }

    file = models.FileField(upload_to="wiki/", max_length=200)
    sha256 = models.CharField(max_length=64, db_index=True)
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    # The pages that show it; `wiki.editing` keeps them in step.
    pages = models.ManyToManyField(Page, blank=True, related_name="attachments")
    posts = models.ManyToManyField(Post, blank=True, related_name="pictures")
    # Where an import found it, below the folder of the wiki; pages name pictures by it.
    path = models.CharField(max_length=300, blank=True)
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    uploaded_at = models.DateTimeField()

    objects = AttachmentQuerySet.as_manager()
    personal_data = Policy(
        owners=("uploader",), on_erase=Erase.KEEP, why="A picture belongs to the page that shows it."
    )

    class Meta:
        ordering = ["-uploaded_at"]
        constraints = [
            models.UniqueConstraint(fields=["path"], condition=~Q(path=""), name="one_picture_a_path"),
            models.UniqueConstraint(fields=["sha256"], condition=Q(path=""), name="one_picture_a_hash"),
        ]

    def __str__(self) -> str:
        return self.path or self.filename

    def get_absolute_url(self) -> str:
        return reverse("wiki:attachment_file", args=[self.sha256, self.extension])

    @property
    def extension(self) -> str:
        return self._EXTENSIONS[self.content_type]

    @property
    def is_picture(self) -> bool:
        return self.content_type != self.ORIGINAL

    @property
    def filename(self) -> str:
        return f"{self.sha256}.{self.extension}"
