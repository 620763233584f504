"""What was handed in, said and marked: read here, changed only through the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from nmep.admin.filters import offering_filter
from nmep.models import Enrolment, MarkChange, Piece, Review, Submission, SubmissionAuthor


class RecordAdmin(admin.ModelAdmin):
    """Read-only."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WaitingFilter(admin.SimpleListFilter):
    """The review queue, and what waits too long in it."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waits for a review"), ("late", "Waits more than 5 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Submission]) -> QuerySet[Submission]:
        if self.value() in ("waiting", "late"):
            queryset = queryset.filter(pk__in=Submission.objects.waiting().values("pk"))
        if self.value() == "late":
            queryset = queryset.filter(handed_in_at__lt=timezone.now() - timedelta(days=5))
        return queryset


class AuthorInline(admin.TabularInline):
    model: Any = SubmissionAuthor
    fields = ["enrolment", "late_by"]
    readonly_fields = ["enrolment", "late_by"]
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SubmissionAuthor]:
        rows = super().get_queryset(request)
        return rows.select_related(
            "enrolment__person", "enrolment__offering__program", "enrolment__offering__term"
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PieceInline(AuthorInline):
    model: Any = Piece
    fields = ["part", "download", "text", "url", "size", "sha256"]
    readonly_fields = ["part", "download", "text", "url", "size", "sha256"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return admin.TabularInline.get_queryset(self, request).select_related("part")

    @admin.display(description="file")
    def download(self, piece: Piece) -> str:
        if not piece.file:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("nmep:piece_download", args=[piece.pk]), piece.name)


class ReviewInline(AuthorInline):
    model: Any = Review
    fields = ["reviewer", "state", "outcome", "summary", "posted_at"]
    readonly_fields = ["reviewer", "state", "outcome", "summary", "posted_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = admin.TabularInline.get_queryset(self, request).select_related("reviewer")
        return rows.filter(state=Review.State.POSTED)


@admin.register(Submission)
class SubmissionAdmin(RecordAdmin):
    list_display = ["assignment", "people", "n", "state", "handed_in_at", "lateness", "reviewer", "open"]
    list_filter = [WaitingFilter, "state", offering_filter("assignment__offering")]
    list_select_related = ["assignment__offering", "reviewer"]
    search_fields = [
        "authors__enrolment__person__name",
        "authors__enrolment__person__email",
        "assignment__title",
        "assignment__key",
    ]
    date_hierarchy = None
    inlines = [AuthorInline, PieceInline, ReviewInline]
    fields = ["assignment", "n", "state", "spec", "handed_in_at", "handed_in_by", "reviewer", "open"]
    readonly_fields = ["open"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        rows = Submission.objects.visible_to(request.user).handed_in().with_people()
        return rows.order_by("-handed_in_at", "-pk")

    @admin.display(description="by")
    def people(self, submission: Submission) -> str:
        return format_html_join(
            ", ", "{}", ((author.enrolment.person,) for author in submission.authors.all())
        )

    @admin.display(description="late")
    def lateness(self, submission: Submission) -> str:
        return "late" if submission.late_by else ""

    @admin.display(description="")
    def open(self, submission: Submission) -> str:
        return format_html('<a href="{}">Read and review</a>', submission.get_absolute_url())


@admin.register(Review)
class ReviewAdmin(RecordAdmin):
    list_display = ["submission", "reviewer", "outcome", "posted_at"]
    list_filter = ["outcome", offering_filter("submission__assignment__offering")]
    list_select_related = ["submission__assignment", "reviewer"]
    search_fields = [
        "reviewer__name",
        "submission__authors__enrolment__person__name",
        "submission__authors__enrolment__person__email",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).filter(state=Review.State.POSTED)


@admin.register(MarkChange)
class MarkChangeAdmin(RecordAdmin):
    """The journal: entries are added, never changed."""

    list_display = ["at", "enrolment", "assignment", "kind", "value", "by", "why"]
    ordering = ["-at", "-pk"]
    list_filter = ["kind", offering_filter("assignment__offering")]
    list_select_related = [
        "enrolment__person",
        "enrolment__offering__program",
        "enrolment__offering__term",
        "assignment",
        "by",
    ]
    search_fields = ["enrolment__person__name", "enrolment__person__email", "why"]
    raw_id_fields = ["enrolment", "assignment"]
    fields = ["enrolment", "assignment", "kind", "value", "why"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("nmep.add_markchange"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[MarkChange]:
        rows = super().get_queryset(request)
        return rows.filter(enrolment__in=Enrolment.objects.visible_to(request.user))

    def save_model(self, request: HttpRequest, obj: MarkChange, form: Any, change: bool) -> None:
        obj.by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
