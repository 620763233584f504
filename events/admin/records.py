"""Events as officers keep their records. Time, place, seats and registrations are changed on the portal's own pages,
which tell the people concerned; here they are read, filtered and exported."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from events import registrations
from events.models import Attendance, CalendarFeed, Event, FeedbackForm, Material, Registration, Series, Talk
from members import audit
from mlclub.cells import plain


class WhenFilter(admin.SimpleListFilter):
    """What needs an eye, and what is over."""

    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("coming", "To come"),
            ("past", "Past"),
            ("placeless", "To come, without a place"),
            ("hostless", "To come, without a host"),
        ]

    def queryset(self, request: HttpRequest, events: QuerySet[Event]) -> QuerySet[Event]:
        now = timezone.now()
        match self.value():
            case "coming":
                return events.filter(ends_at__gt=now)
            case "past":
                return events.filter(ends_at__lte=now)
            case "placeless":
                return events.filter(ends_at__gt=now, place="", online_url="")
            case "hostless":
                return events.filter(ends_at__gt=now, hosts=None)
        return events


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RegistrationInline(ReadOnlyInline):
    model = Registration
    fields = ["user", "name", "email", "state", "created_at", "cancelled_at", "cancelled_by", "reason"]
    readonly_fields = fields  # type: ignore[assignment]
    ordering = ["created_at", "pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        return super().get_queryset(request).select_related("user")


class TalkInline(admin.StackedInline):
    model = Talk
    extra = 0
    autocomplete_fields = ["speakers"]


class MaterialInline(admin.TabularInline):
    model = Material
    extra = 0
    fields = ["kind", "title", "url", "talk", "minutes", "visibility", "visible_from", "position"]


class Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    list_display = [
        "title",
        "kind",
        "starts_at",
        "place",
        "registered",
        "attended",
        "capacity",
        "state",
        "page",
    ]
    list_filter = [WhenFilter, "kind", "visibility", "state", "term"]
    search_fields = ["title", "place", "summary", "series__name"]
    show_full_result_count = False
    list_per_page = 50
    list_select_related = ["series"]
    ordering = ["-starts_at"]
    autocomplete_fields = ["hosts", "invited", "series"]
    readonly_fields = [
        "page",
        "starts_at",
        "ends_at",
        "place",
        "online_url",
        "state",
        "cancelled_reason",
        "schedule_version",
        "uses_draw",
        "created_at",
        "updated_at",
    ]
    fields = (
        "page",
        ("title", "kind"),
        "summary",
        "description",
        ("starts_at", "ends_at"),
        ("place", "online_url"),
        ("state", "cancelled_reason", "schedule_version"),
        ("series", "term"),
        ("visibility", "invited"),
        ("capacity", "guests_allowed", "uses_offers", "uses_draw", "asks_note"),
        ("registration_opens_at", "registration_closes_at", "cancel_until"),
        "hosts",
        ("created_at", "updated_at"),
    )
    inlines = [TalkInline, MaterialInline, RegistrationInline]
    actions = ["export_registrations"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return (
            super()
            .get_queryset(request)
            .defer("search")
            .annotate(
                registered_count=Count(
                    "registrations", filter=Q(registrations__state=Registration.State.GOING), distinct=True
                ),
                attended_count=Count("attendances", distinct=True),
            )
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Events are made on the portal's page, which knows the club's clock."""
        return False

    @admin.display(description="registered", ordering="registered_count")
    def registered(self, event: Any) -> int:
        return int(event.registered_count)

    @admin.display(description="there", ordering="attended_count")
    def attended(self, event: Any) -> int:
        return int(event.attended_count)

    @admin.display(description="on the portal")
    def page(self, event: Event) -> str:
        return format_html(
            '<a href="{}">Open</a> · <a href="{}">Move</a> · <a href="{}">Who comes</a>',
            event.get_absolute_url(),
            reverse("events:event_move", args=[event.pk]),
            reverse("events:event_people", args=[event.pk]),
        )

    def save_model(self, request: HttpRequest, event: Event, form: Any, change: bool) -> None:
        """Seats change through the one function that lets people up from the line."""
        wanted = event.capacity
        if "capacity" in form.changed_data:
            event.capacity = form.initial["capacity"]
            outcome = registrations.change_capacity(event, wanted)
            if outcome.answer == registrations.Answer.TOO_SMALL:
                messages.warning(
                    request, f"{outcome.seated} people have a seat, so the number of seats stays."
                )
        super().save_model(request, event, form, change)

    @admin.action(description="Export registrations (CSV)", permissions=["export"])
    def export_registrations(self, request: HttpRequest, events: QuerySet[Event]) -> HttpResponse:
        """Who registered and who was there. Notes on food and access are not in it: they are the hosts'."""
        keys = list(events.values_list("pk", flat=True))
        audit.record(request.user, "registrations.exported", "events.event", after={"events": keys})  # type: ignore[arg-type]
        writer = csv.writer(Echo())
        answer = StreamingHttpResponse(
            (writer.writerow(row) for row in self.lines(keys)), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = 'attachment; filename="registrations.csv"'
        return answer  # type: ignore[return-value]

    def lines(self, keys: list[int]) -> Iterable[list[str]]:
        yield ["event", "begins", "name", "mail address", "registered", "state", "there"]
        arrivals = Attendance.objects.select_related("user")
        for event in Event.objects.filter(pk__in=keys).prefetch_related(
            Prefetch("attendances", arrivals),
            Prefetch("registrations", Registration.objects.select_related("user")),
        ):
            here = {row.user_id or row.email.lower(): row for row in event.attendances.all()}
            begins = timezone.localtime(event.starts_at).isoformat(timespec="minutes")
            for row in event.registrations.all():
                came = here.pop(row.user_id or row.email.lower(), None) if row.is_live else None
                at = timezone.localtime(row.created_at).isoformat(timespec="minutes")
                cells = [
                    event.title,
                    begins,
                    row.who,
                    row.address,
                    at,
                    row.get_state_display(),
                    "yes" if came else "",
                ]
                yield [plain(cell) for cell in cells]
            for arrival in here.values():
                address = arrival.user.email if arrival.user else arrival.email
                yield [
                    plain(cell)
                    for cell in (event.title, begins, arrival.who, address, "", "Not registered", "yes")
                ]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.export_registration")


@admin.register(Series)
class SeriesAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "kind",
        "first_on",
        "start_time",
        "interval_weeks",
        "dates",
        "visibility",
        "ended_at",
    ]
    list_filter = ["kind", "visibility"]
    search_fields = ["name", "slug"]
    autocomplete_fields = ["hosts"]
    readonly_fields = ["first_on", "start_time", "duration", "interval_weeks", "room", "place", "ended_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Series]:
        return super().get_queryset(request).annotate(date_count=Count("events"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="dates", ordering="date_count")
    def dates(self, series: Any) -> int:
        return int(series.date_count)


@admin.register(Attendance)
class AttendanceAdmin(admin.ModelAdmin):
    """Putting right what the door got wrong."""

    list_display = ["who", "event", "at", "source"]
    ordering = ["-at", "-pk"]
    list_filter = ["source", "event__kind", "event__term"]
    search_fields = ["user__name", "user__email", "name", "email", "event__title"]
    list_select_related = ["user", "event"]
    autocomplete_fields = ["user", "event"]
    readonly_fields = ["by"]
    list_per_page = 50
    show_full_result_count = False

    def save_model(self, request: HttpRequest, row: Attendance, form: Any, change: bool) -> None:
        if not change:
            row.by, row.source = request.user, Attendance.Source.STAFF  # type: ignore[assignment]
        super().save_model(request, row, form, change)
        audit.record(request.user, "attendance.changed", row.event, after={"attendance": row.pk})  # type: ignore[arg-type]


@admin.register(Registration)
class RegistrationAdmin(admin.ModelAdmin):
    """To look things up; hosts and people themselves change them."""

    list_display = ["who", "event", "state", "created_at", "cancelled_at"]
    ordering = ["-created_at", "-pk"]
    list_filter = ["state", "event__kind", "event__term"]
    search_fields = ["user__name", "user__email", "name", "email", "event__title"]
    list_select_related = ["user", "event"]
    exclude = ["note"]
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CalendarFeed)
class CalendarFeedAdmin(admin.ModelAdmin):
    list_display = ["user", "created_at", "revoked_at"]
    fields = ["user", "created_at", "revoked_at"]
    search_fields = ["user__name", "user__email"]
    list_select_related = ["user"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FeedbackForm)
class FeedbackFormAdmin(admin.ModelAdmin):
    """The forms themselves. Who answered, and what, is on no page of the admin."""

    list_display = ["title", "event", "audience", "released_at"]
    list_filter = ["audience"]
    list_select_related = ["event"]
    search_fields = ["title", "event__title"]
    fields = ["title", "event", "audience", "opens", "open_for", "about", "code", "released_at"]
    readonly_fields = ["event", "audience", "code", "released_at"]
    autocomplete_fields = ["about"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forms are made with the running order, or after a class."""
        return False
