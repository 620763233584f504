from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from members.models import User
from mlclub.notebooks import NotebookError, parse
from mlclub.notebooks.reading import LARGEST
from mlclub.typed import number as number_of
from nmep import deadlines, handing_in, specs
from nmep.admin.archive import ReadOnlyOnceArchived
from nmep.admin.filters import offering_filter
from nmep.models import Assignment, Deviation, Part, RubricCriterion, Session


class PartForm(forms.ModelForm):
    """The starter keeps the name it came with; one that could not be compared with what is handed in is refused."""

    class Meta:
        model = Part
        fields: list[str] = []

    def clean_skeleton(self) -> Any:
        file = self.cleaned_data.get("skeleton")
        if not isinstance(file, UploadedFile):
            return file
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError("A starter has at most 5 MB. Link to the data instead.")
        if self.cleaned_data.get("kind") == Part.Kind.NOTEBOOK:
            try:
                parse(file.read())
            except NotebookError as problem:
                raise forms.ValidationError(
                    f"{problem} Save it in Jupyter as .ipynb and choose it again."
                ) from None
            finally:
                file.seek(0)
        return file

    def save(self, commit: bool = True) -> Any:
        file = self.cleaned_data.get("skeleton")
        if isinstance(file, UploadedFile):
            self.instance.skeleton_name = (file.name or "starter")[-150:]
        elif not file:
            self.instance.skeleton_name = ""
        return super().save(commit)


class PartInline(admin.TabularInline):
    model = Part
    form = PartForm
    fields = [
        "position",
        "kind",
        "title",
        "hint",
        "is_required",
        "max_megabytes",
        "endings",
        "max_words",
        "skeleton",
    ]
    extra = 0


class CriterionInline(admin.TabularInline):
    model = RubricCriterion
    fields = ["position", "part", "title", "description"]
    extra = 0


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyOnceArchived, admin.ModelAdmin):
    """What is asked, when it is due by which rule, its parts and its rubric."""

    list_display = ["__str__", "offering", "state", "opens_at", "due_at", "due_session"]
    list_filter = ["state", offering_filter("offering")]
    list_select_related = ["offering__program", "offering__term", "due_session"]
    search_fields = ["title", "key", "text"]
    show_full_result_count = False
    autocomplete_fields = ["offering"]
    inlines = [PartInline, CriterionInline]
    actions = ["publish"]
    readonly_fields = ["due_at", "promised_at", "opens_at"]
    fieldsets = [
        (None, {"fields": ["offering", ("key", "position", "state"), "title", "text", "holds_reviews"]}),
        ("A grader outside", {"fields": [("outside_url", "outside_code")]}),
        ("Partners", {"fields": [("partners", "each_submits")]}),
        ("Opens", {"fields": [("open_session", "open_days", "open_time"), "opens_at"]}),
        (
            "Due",
            {
                "fields": [
                    ("due_session", "due_days", "due_time"),
                    "late_window_days",
                    "due_at",
                    "promised_at",
                ],
                "description": "Once learners have seen a due date it moves only to later.",
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        rows = super().get_queryset(request).defer("search")
        match = request.resolver_match
        return (
            rows.defer("search", "text") if match and match.url_name == "nmep_assignment_changelist" else rows
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("open_session", "due_session"):
            match = request.resolver_match
            key = match.kwargs.get("object_id") if match else None
            sessions = Session.objects.select_related("offering")
            if number_of(key):
                sessions = sessions.filter(offering__assignments=number_of(key))
            kwargs["queryset"] = sessions.order_by("-offering__term__starts_on", "seq")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Assignment, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or "text" in form.changed_data:
            specs.revise(obj, obj.text, now=timezone.now())
        shifts = deadlines.reconcile(timezone.now(), offering=obj.offering)
        if any(shift.assignment.pk == obj.pk and shift.is_held for shift in shifts):
            self.message_user(
                request, "Learners have been promised a later date, so it stays there.", messages.WARNING
            )

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Assignment]) -> None:
        n = queryset.filter(state=Assignment.State.DRAFT).update(state=Assignment.State.PUBLISHED)
        deadlines.reconcile(timezone.now())
        self.message_user(request, f"{n} published.", messages.SUCCESS)


@admin.register(Deviation)
class DeviationAdmin(admin.ModelAdmin):
    """More time for one learner; it goes into the journal."""

    list_display = ["enrolment", "assignment", "extra_days", "is_without_penalty", "granted_by", "granted_at"]
    list_filter = ["is_without_penalty", offering_filter("assignment__offering")]
    list_select_related = [
        "enrolment__person",
        "enrolment__offering__program",
        "enrolment__offering__term",
        "assignment",
        "granted_by",
    ]
    search_fields = ["enrolment__person__name", "enrolment__person__email", "assignment__title"]
    show_full_result_count = False
    raw_id_fields = ["enrolment", "assignment"]
    fields = ["enrolment", "assignment", "extra_days", "is_without_penalty", "reason"]

    def save_model(self, request: HttpRequest, obj: Deviation, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        user: User = request.user  # type: ignore[assignment]
        made = handing_in.grant(
            obj.enrolment,
            obj.assignment,
            extra_days=obj.extra_days,
            is_without_penalty=obj.is_without_penalty,
            reason=obj.reason,
            by=user,
            now=timezone.now(),
        )
        obj.pk = made.pk
