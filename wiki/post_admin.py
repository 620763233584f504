"""Mending posts: who is credited, where they were. What they say is written on their own pages."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from wiki import authors
from wiki.models import ImportedAuthor, Post, PostAddress, PostAuthor, ReaderNote


class AuthorInline(admin.TabularInline):
    model = PostAuthor
    extra = 0
    fields = ("user", "imported_author", "position")
    raw_id_fields = ("user", "imported_author")


class AddressInline(admin.TabularInline):
    model = PostAddress
    extra = 0
    fields = ("path",)
    verbose_name = "old address"
    verbose_name_plural = "old addresses"


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):
    list_display = ("title", "state", "state_at", "published_at", "names")
    list_filter = ("state",)
    search_fields = ("title", "slug", "plain_text")
    date_hierarchy = "published_at"
    fields = (
        "slug",
        "title",
        "state",
        "publish_at",
        "published_at",
        "published_by",
        "origin",
        "topics",
        "cover_alt",
        "cover_caption",
    )
    readonly_fields = ("title", "state", "publish_at", "published_at", "published_by", "origin")
    filter_horizontal = ("topics",)
    inlines = (AuthorInline, AddressInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        return Post.objects.for_lists().with_authors()

    @admin.display(description="authors")
    def names(self, obj: Post) -> str:
        return ", ".join(author.name for author in obj.credits())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A post is begun on the blog, where it gets its first words."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Post | None = None) -> bool:
        """A post is withdrawn, not deleted."""
        return False


@admin.register(ReaderNote)
class ReaderNoteAdmin(admin.ModelAdmin):
    list_display = ("post", "author", "at", "wants_to_work", "answered_at")
    list_filter = ("wants_to_work",)
    list_select_related = ("post", "author")
    search_fields = ("post__title", "author__name")
    fields = ("post", "author", "text", "wants_to_work", "at", "answered_at", "answered_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ReaderNote | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReaderNote | None = None) -> bool:
        return False


@admin.register(ImportedAuthor)
class ImportedAuthorAdmin(admin.ModelAdmin):
    """Whose account an author from before is. Addresses are shown to nobody."""

    list_display = ("name", "user")
    list_filter = (("user", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("name",)
    fields = ("name", "user")
    readonly_fields = ("name",)
    raw_id_fields = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An import makes them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ImportedAuthor | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: ImportedAuthor, form: forms.ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if obj.user is not None:
            authors.credit(obj.user, ImportedAuthor.objects.filter(pk=obj.pk))
            messages.info(request, "Their posts are credited to the account.")
