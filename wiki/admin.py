from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html

from members import audit, standing
from members.models import Term, User
from wiki import care_admin, citing, lookups, post_admin  # noqa: F401  (their tables)
from wiki.models import (
    Attachment,
    BibEntry,
    FormerPaper,
    Move,
    OtherKey,
    Page,
    Paper,
    PaperLookup,
    PaperNote,
    Placement,
    ReadingList,
    ReadingTopic,
    ReadMark,
    Redirect,
    Revision,
    Suggestion,
)


class CareFilter(admin.SimpleListFilter):
    """Pages that need somebody."""

    title = "care"
    parameter_name = "care"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("stale", "Stale"),
            ("broken", "With links to nowhere"),
            ("picture", "With a missing picture"),
            ("orphan", "Nothing leads to it"),
            ("short", "Only a beginning"),
            ("ownerless", "Without an owner"),
            ("left", "Whose owner has left"),
            ("trash", "In the trash"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        if chosen == "stale":
            return queryset.filter(is_stale=True)
        if chosen == "broken":
            return queryset.filter(has_broken_links=True)
        if chosen == "ownerless":
            return queryset.filter(owner=None)
        if chosen == "left":
            return queryset.exclude(owner=None).filter(is_unkept=True)
        columns = {"picture": "has_dead_pictures", "orphan": "is_orphan", "short": "is_short"}
        if chosen in columns:
            return queryset.filter(**{columns[chosen]: True})
        if chosen == "trash":
            return queryset.exclude(trashed_at=None)
        return queryset


class OwnerForm(forms.Form):
    """To whom the pages go."""

    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, label="New owner", empty_label="Nobody: anybody may adopt them"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        term = Term.objects.current(standing.today())
        self.fields["owner"].queryset = (  # type: ignore[attr-defined]
            User.objects.real().active_in(term) if term else User.objects.none()
        )


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    list_display = ("title", "path", "owner", "content_at", "checked_at", "review_by", "care", "is_public")
    list_filter = (CareFilter, "is_public", ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("owner",)
    list_per_page = 50
    search_fields = ("path", "title", "owner__name")
    search_help_text = "Name of the page or of its owner"
    show_full_result_count = False
    actions = ("change_owner",)
    autocomplete_fields = ("owner",)
    fields = (
        "page",
        "owner",
        "review_by",
        "is_public",
        "content_at",
        "checked_at",
        "checked_by",
        "trashed_at",
    )
    readonly_fields = ("page", "content_at", "checked_at", "checked_by", "trashed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        pages: Any = super().get_queryset(request)
        return pages.with_care(standing.today()).defer("search", "names_search", "plain_text", "headings")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Pages are written in the wiki."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        """Pages go to the trash, in the wiki."""
        return False

    @admin.display(description="page")
    def page(self, obj: Page) -> str:
        return format_html('<a href="{}">{}</a>', obj.get_absolute_url(), obj.path)

    @admin.display(description="care")
    def care(self, obj: Any) -> str:
        reasons = [
            ("stale", obj.is_stale),
            ("link to nowhere", obj.has_broken_links),
            ("in the trash", obj.trashed_at),
        ]
        return ", ".join(reason for reason, applies in reasons if applies)

    @admin.action(description="Give the chosen pages to somebody", permissions=["change"])
    def change_owner(self, request: HttpRequest, queryset: QuerySet[Page]) -> HttpResponse | None:
        """Ask to whom, then do it, with a line in the audit trail for each page."""
        form = OwnerForm(request.POST if "confirmed" in request.POST else None)
        if form.is_bound and form.is_valid():
            owner = form.cleaned_data["owner"]
            pages = list(queryset.select_related("owner"))
            for page in pages:
                audit.record(
                    request.user if isinstance(request.user, User) else None,
                    "wiki.page-owner",
                    page,
                    before=page.owner.handle if page.owner else None,
                    after=owner.handle if owner else None,
                )
            Page.objects.filter(pk__in=[page.pk for page in pages]).update(owner=owner)
            self.message_user(
                request, f"{len(pages)} pages now belong to {owner or 'nobody'}.", messages.SUCCESS
            )
            return None
        return TemplateResponse(
            request,
            "admin/wiki/page/change_owner.html",
            {
                **self.admin_site.each_context(request),
                "title": "Give pages to somebody",
                "form": form,
                "pages": queryset.select_related(None).only("title", "path"),
                "opts": self.model._meta,
                "checkbox_name": ACTION_CHECKBOX_NAME,
            },
        )


@admin.register(Revision)
class RevisionAdmin(admin.ModelAdmin):
    list_display = ("page", "number", "byline", "summary", "at", "source")
    list_filter = ("source", "at")
    list_select_related = ("page", "author")
    search_fields = ("page__path", "author__name", "summary")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        return (
            super()
            .get_queryset(request)
            .defer("text", "page__search", "page__names_search", "page__plain_text", "page__headings")
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        """What somebody wrote is never changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False


class BibEntryInline(admin.TabularInline):
    model = BibEntry
    extra = 0


@admin.register(Paper)
class PaperAdmin(admin.ModelAdmin):
    list_display = ("title", "authors_text", "year", "arxiv_id", "doi", "keys")
    list_filter = ("year",)
    search_fields = ("title", "authors_text", "arxiv_id", "doi")
    inlines = (BibEntryInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Paper]:
        return super().get_queryset(request).annotate(key_count=Count("entries"))

    @admin.display(description="citation keys")
    def keys(self, obj: Any) -> int:
        return int(obj.key_count)


@admin.register(PaperLookup)
class PaperLookupAdmin(admin.ModelAdmin):
    list_display = ("paper", "state", "attempts", "asked_at", "answered_at", "problem")
    list_filter = ("state",)
    list_select_related = ("paper",)
    search_fields = ("paper__title", "paper__arxiv_id", "paper__doi")
    readonly_fields = ("paper", "asked_at", "attempts", "answer", "problem")
    actions = ("ask_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Naming a paper asks for it."""
        return False

    @admin.action(description="Ask again", permissions=["change"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[PaperLookup]) -> None:
        asked = lookups.ask_again(queryset, now=timezone.now())
        self.message_user(request, f"{asked} will be asked again.")


@admin.register(PaperNote)
class PaperNoteAdmin(admin.ModelAdmin):
    list_display = ("paper", "author", "written_at", "hidden_at")
    list_filter = ("hidden_at",)
    list_select_related = ("paper", "author")
    search_fields = ("paper__title", "author__name")
    readonly_fields = ("paper", "author", "text", "written_at", "changed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Members write them, on the page of the paper."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PaperNote | None = None) -> bool:
        """A note is hidden; only its author takes it away."""
        return False


@admin.register(OtherKey)
class OtherKeyAdmin(admin.ModelAdmin):
    """Which paper a former key means; where that changes or the key goes, the pages that cite it follow."""

    list_display = ("key", "paper")
    list_select_related = ("paper",)
    search_fields = ("key", "paper__title")
    raw_id_fields = ("paper",)
    readonly_fields = ("key",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A paper that gets another key, and a file that is brought, make them."""
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: OtherKey, form: Any, change: bool) -> None:
        was = OtherKey.objects.select_related("paper").get(pk=obj.pk).paper
        super().save_model(request, obj, form, change)
        citing.ask_again(obj.key, was=was)

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: OtherKey) -> None:
        was = obj.paper
        super().delete_model(request, obj)
        citing.ask_again(obj.key, was=was)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[OtherKey]) -> None:
        for row in queryset.select_related("paper"):
            self.delete_model(request, row)


@admin.register(ReadMark)
class ReadMarkAdmin(admin.ModelAdmin):
    """For looking only, and only what its reader shows to everybody."""

    list_display = ("paper", "person", "state", "marked_at")
    list_filter = ("state",)
    list_select_related = ("paper", "person")
    search_fields = ("paper__title", "person__name")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReadMark]:
        return super().get_queryset(request).filter(shows_name=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ReadMark | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReadMark | None = None) -> bool:
        """A mark is its reader's own."""
        return False


@admin.register(FormerPaper)
class FormerPaperAdmin(admin.ModelAdmin):
    list_display = ("number", "paper", "arxiv_id", "doi", "merged_at")
    list_select_related = ("paper",)
    search_fields = ("paper__title", "arxiv_id", "doi")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FormerPaper | None = None) -> bool:
        """Merging writes it, and nobody changes what was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FormerPaper | None = None) -> bool:
        return False


class TopicInline(admin.TabularInline):
    model = ReadingTopic
    extra = 0


class PlacementInline(admin.TabularInline):
    model = Placement
    extra = 0
    fields = ("topic", "paper", "relevance", "note", "position", "is_for_members")
    raw_id_fields = ("topic", "paper")


@admin.register(ReadingList)
class ReadingListAdmin(admin.ModelAdmin):
    list_display = ("title", "visibility", "papers", "created_at")
    list_filter = ("visibility",)
    search_fields = ("title",)
    raw_id_fields = ("curators",)
    inlines = (TopicInline, PlacementInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReadingList]:
        return super().get_queryset(request).annotate(paper_count=Count("placements"))

    @admin.display(description="papers")
    def papers(self, obj: Any) -> int:
        return int(obj.paper_count)


@admin.register(Redirect)
class RedirectAdmin(admin.ModelAdmin):
    list_display = ("path", "page", "created_at")
    list_select_related = ("page",)
    search_fields = ("path", "page__path")
    raw_id_fields = ("page",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A rename makes them."""
        return False


@admin.register(Attachment)
class AttachmentAdmin(admin.ModelAdmin):
    list_display = ("filename", "path", "content_type", "size", "uploader", "uploaded_at")
    list_filter = ("content_type",)
    list_select_related = ("uploader",)
    search_fields = ("path", "sha256", "uploader__name")
    exclude = ("pages",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Attachment | None = None) -> bool:
        return False


@admin.register(Suggestion)
class SuggestionAdmin(admin.ModelAdmin):
    """For looking only: they are decided about in the wiki."""

    list_display = ("page", "author", "state", "at", "settled_by", "settled_at")
    list_filter = ("state",)
    list_select_related = ("page", "author", "settled_by")
    search_fields = ("page__path", "author__name", "summary")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Suggestion | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suggestion | None = None) -> bool:
        return False


@admin.register(Move)
class MoveAdmin(admin.ModelAdmin):
    """For looking only: a move is undone on its page in the wiki."""

    list_display = ("__str__", "is_branch", "by", "at", "undone_at")
    list_filter = ("is_branch",)
    list_select_related = ("by",)
    search_fields = ("before", "after", "by__name")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Move | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Move | None = None) -> bool:
        return False
