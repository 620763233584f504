from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin

from members import audit
from members.models import User
from mlclub.forms import DateTimeField
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import deadlines, enrolling, meetings, rosters
from nmep.admin.archive import InlineReadOnlyOnceArchived, ReadOnlyOnceArchived
from nmep.admin.filters import offering_filter
from nmep.models import Assignment, Enrolment, Milestone, Offering, Program, Session, Submission


class SessionInline(InlineReadOnlyOnceArchived, admin.TabularInline):
    model = Session
    fields = ["seq", "week", "kind", "title", "move"]
    readonly_fields = ["move"]
    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A new one needs an event first, so it is added on a page of its own."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).select_related("event", "offering__program", "offering__term")

    @admin.display(description="when")
    def move(self, session: Session) -> str:
        """When it is, and the way to move it."""
        if not session.pk:
            return ""
        return format_html(
            '{} <a href="{}">Move…</a>',
            timezone.localtime(session.event.starts_at).strftime("%a %d %b, %H:%M"),
            reverse("admin:nmep_session_move", args=[session.pk]),
        )


class AssignmentInline(InlineReadOnlyOnceArchived, admin.TabularInline):
    model = Assignment
    fields = ["key", "title", "position", "state", "due_session", "due_days", "due_time", "due_at"]
    readonly_fields = ["due_at"]
    extra = 0
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        return (
            super().get_queryset(request).select_related("offering__program", "offering__term").defer("text")
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "due_session":
            return one_query_choice(db_field, request, kwargs, super().formfield_for_foreignkey)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class EnrolmentInline(InlineReadOnlyOnceArchived, admin.TabularInline):
    model = Enrolment
    fields = ["person", "role", "state", "reviewer", "note"]
    readonly_fields = ["person"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """New people come by "Enrol new members", or on a page of their own."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "reviewer" and field is not None:
            match = request.resolver_match
            key = match.kwargs.get("object_id") if match else None
            staff = Enrolment.objects.staff().filter(offering=key).select_related("person")
            field.widget = forms.Select()
            field.choices = [("", "---------"), *((row.person_id, row.person.display_name) for row in staff)]
        return field

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrolment]:
        rows = super().get_queryset(request).visible_to(request.user)  # type: ignore[attr-defined]
        return rows.select_related("person", "reviewer", "offering__program", "offering__term")


class MilestoneInline(InlineReadOnlyOnceArchived, admin.TabularInline):
    model = Milestone
    fields = ["title", "kind", "due_session", "due_days", "due_time"]
    extra = 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "due_session":
            return one_query_choice(db_field, request, kwargs, super().formfield_for_foreignkey)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def one_query_choice(db_field: Any, request: HttpRequest, kwargs: dict[str, Any], make: Any) -> Any:
    """A choice of the offering's sessions, asked once for all rows of the page."""
    match = request.resolver_match
    key = match.kwargs.get("object_id") if match else None
    kept = getattr(request, "_nmep_sessions", None)
    if kept is None:
        sessions = (
            Session.objects.filter(offering=key).order_by("seq") if number_of(key) else Session.objects.none()
        )
        kept = [("", "---------"), *((row.pk, str(row)) for row in sessions)]
        request._nmep_sessions = kept  # type: ignore[attr-defined]
    field = make(db_field, request, **kwargs)
    field.choices = kept
    return field


@admin.register(Program)
class ProgramAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "slug"]
    list_filter = ["kind"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Offering)
class OfferingAdmin(ReadOnlyOnceArchived, admin.ModelAdmin):
    """A programme in a term with its weeks, work and people on one page."""

    list_display = ["__str__", "state", "learner_count", "waiting_count", "tools"]
    list_filter = ["state", "program", "term"]
    list_select_related = ["program", "term"]
    search_fields = ["program__name", "term__name", "slug"]
    show_full_result_count = False
    actions = ["enrol_new_members"]
    inlines = [SessionInline, AssignmentInline, MilestoneInline, EnrolmentInline]
    fieldsets = [
        (None, {"fields": [("program", "term"), "slug", "state_and_next", "intro", "shows_materials"]}),
        ("Rules", {"fields": [("late_window_days", "slip_days", "max_absences")]}),
    ]

    readonly_fields = ["state_and_next"]

    @admin.display(description="state")
    def state_and_next(self, offering: Offering) -> str:
        """A state is not typed: its page says what each step means, and writes down who took it."""
        if not offering.pk:
            return "Draft. Its own page opens it once it is saved."
        return format_html(
            '{} · <a href="{}">What comes next</a>',
            offering.get_state_display(),
            reverse("nmep:offering_state", args=[offering.slug]),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offering]:
        waiting = (
            Submission.objects.waiting()
            .filter(assignment__offering=OuterRef("pk"))
            .order_by()
            .values("assignment__offering")
            .annotate(n=Count("pk"))
            .values("n")
        )
        return (
            super()
            .get_queryset(request)
            .annotate(
                learners=Count(
                    "enrolments", filter=Q(enrolments__role="learner", enrolments__state="active")
                ),
                waiting=Coalesce(Subquery(waiting), 0),
            )
        )

    @admin.display(description="learners", ordering="learners")
    def learner_count(self, offering: Any) -> int:
        return int(offering.learners)

    @admin.display(description="hand-ins waiting", ordering="waiting")
    def waiting_count(self, offering: Any) -> int:
        return int(offering.waiting)

    @admin.display(description="")
    def tools(self, offering: Offering) -> str:
        return format_html(
            '<a href="{}">Roster</a> · <a href="{}">Enrol new members</a> · <a href="{}">State</a> · '
            '<a href="{}">See the syllabus</a>',
            reverse("admin:nmep_offering_roster", args=[offering.pk]),
            reverse("admin:nmep_offering_enrol", args=[offering.pk]),
            reverse("nmep:offering_state", args=[offering.slug]),
            offering.get_absolute_url(),
        )

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:pk>/roster/", self.admin_site.admin_view(self.roster_view), name="nmep_offering_roster"
            ),
            path("<int:pk>/enrol/", self.admin_site.admin_view(self.enrol_view), name="nmep_offering_enrol"),
            *super().get_urls(),
        ]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        deadlines.reconcile(timezone.now(), offering=form.instance)

    @admin.action(description="Enrol all new members of its term…", permissions=["change"])
    def enrol_new_members(self, request: HttpRequest, queryset: QuerySet[Offering]) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one offering.", messages.WARNING)
            return None
        return redirect("admin:nmep_offering_enrol", queryset.values_list("pk", flat=True)[0])

    def enrol_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who would be enrolled, then one button."""
        offering = get_object_or_404(Offering.objects.select_related("program", "term"), pk=pk)
        if not request.user.has_perm("nmep.add_enrolment"):
            raise PermissionDenied
        if request.method == "POST":
            chosen = set(request.POST.getlist("person"))
            plan = enrolling.preview(offering)
            waived = [person.pk for person in plan.to_enrol if str(person.pk) not in chosen]
            user: User = request.user  # type: ignore[assignment]
            try:
                made = enrolling.enrol_new_members(offering, by=user, now=timezone.now(), waived=waived)
            except Refused as refused:
                self.message_user(request, str(refused), messages.WARNING)
                return redirect("admin:nmep_offering_change", pk)
            if made:
                self.message_user(
                    request, f"{len(made)} enrolled; each gets a welcome by mail.", messages.SUCCESS
                )
            else:
                self.message_user(request, "Nobody was enrolled.", messages.INFO)
            return redirect("admin:nmep_offering_change", offering.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Enrol all new members in {offering}",
            "offering": offering,
            "plan": enrolling.preview(offering),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/nmep/offering/enrol.html", context)

    def roster_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The roster as a grid, and as CSV (with an entry in the audit trail)."""
        offering = get_object_or_404(Offering.objects.select_related("program", "term"), pk=pk)
        if not request.user.has_perm("nmep.view_submission"):
            raise PermissionDenied
        now = timezone.now()
        if request.method == "POST":
            if not request.user.has_perm("nmep.export_roster"):
                raise PermissionDenied
            table = rosters.table(offering, now)
            user: User = request.user  # type: ignore[assignment]
            audit.record(user, "roster-exported", offering, after={"rows": len(table.rows)})
            response = HttpResponse(rosters.csv_of(table), content_type="text/csv; charset=utf-8")
            response["Content-Disposition"] = f'attachment; filename="roster-{offering.slug}.csv"'
            return response
        context = {
            **self.admin_site.each_context(request),
            "title": f"Roster of {offering}",
            "offering": offering,
            "table": rosters.table(offering, now, show=request.GET.get("show", "")),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/nmep/offering/roster.html", context)


class MoveForm(forms.Form):
    """The new time and place of a meeting."""

    starts_at = DateTimeField(label="Begins")
    place = forms.CharField(required=False, max_length=200)


@admin.register(Session)
class SessionAdmin(ReadOnlyOnceArchived, admin.ModelAdmin):
    list_display = ["__str__", "offering", "when", "place", "move"]
    list_filter = [offering_filter("offering"), "kind"]
    list_select_related = ["event", "offering__program", "offering__term"]
    search_fields = ["title", "summary", "event__place"]
    show_full_result_count = False
    raw_id_fields = ["event"]
    autocomplete_fields = ["offering", "module"]
    ordering = ["-event__starts_at"]

    @admin.display(description="when", ordering="event__starts_at")
    def when(self, session: Session) -> datetime:
        return session.event.starts_at

    @admin.display(description="place")
    def place(self, session: Session) -> str:
        return session.event.where

    @admin.display(description="")
    def move(self, session: Session) -> str:
        return format_html('<a href="{}">Move…</a>', reverse("admin:nmep_session_move", args=[session.pk]))

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/move/", self.admin_site.admin_view(self.move_view), name="nmep_session_move"),
            *super().get_urls(),
        ]

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say a new time, see which due dates shift, then save."""
        session = get_object_or_404(
            Session.objects.select_related("event", "offering__program", "offering__term"), pk=pk
        )
        if not request.user.has_perm("nmep.change_session"):
            raise PermissionDenied
        event = session.event
        initial = {"starts_at": timezone.localtime(event.starts_at), "place": event.place}
        form = MoveForm(request.POST or None, initial=initial)
        shifts, seen = None, ""
        if request.method == "POST" and form.is_valid():
            starts_at = form.cleaned_data["starts_at"]
            shifts = deadlines.preview(event, starts_at)
            seen = starts_at.isoformat()
            if "save" in request.POST and request.POST.get("seen") != seen:
                self.message_user(
                    request, "The time is another than the one you looked at. Look again.", messages.WARNING
                )
            elif "save" in request.POST:
                user: User = request.user  # type: ignore[assignment]
                try:
                    told = meetings.move(
                        session,
                        starts_at=starts_at,
                        place=form.cleaned_data["place"],
                        seen=event.schedule_version,
                        by=user,
                        now=timezone.now(),
                    )
                except Refused as problem:
                    self.message_user(request, str(problem), messages.WARNING)
                    return redirect("admin:nmep_session_move", session.pk)
                said = (
                    f"{told.shifts} due date{'' if told.shifts == 1 else 's'} moved with it"
                    if told.shifts
                    else "No due date moved"
                )
                self.message_user(request, f"Moved. {said}.", messages.SUCCESS)
                return redirect("admin:nmep_offering_change", session.offering_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Move {session}",
            "session": session,
            "form": form,
            "shifts": shifts,
            "seen": seen,
            "opts": self.opts,
        }
        return TemplateResponse(
            request,
            "admin/nmep/session/move.html",
            context,
            status=422 if form.is_bound and form.errors else 200,
        )


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyOnceArchived, SimpleHistoryAdmin):
    list_display = ["person", "offering", "role", "state", "reviewer"]
    list_filter = ["role", "state", offering_filter("offering")]
    list_select_related = ["person", "reviewer", "offering__program", "offering__term"]
    search_fields = ["person__name", "person__email", "note"]
    show_full_result_count = False
    raw_id_fields = ["person", "reviewer"]
    autocomplete_fields = ["offering"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrolment]:
        return super().get_queryset(request).visible_to(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
