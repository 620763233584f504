"""The ledger for repairs: kind, time and outcome. Daily work has its page, `/desk/mail/`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from members import lifting
from members.ledger import holding, kinds
from members.models import MailEvent, Notification, Suppression


class KindFilter(admin.SimpleListFilter):
    """By what people call the kinds; without a query."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.slug, kind.label) for kind in sorted(kinds.every(), key=lambda kind: kind.label)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Notification]) -> QuerySet[Notification]:
        return rows.filter(kind=self.value()) if self.value() else rows


class PausedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Mail is held back"), ("no", "Mail goes there again")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Suppression]) -> QuerySet[Suppression]:
        return rows.filter(lifted_at__isnull=self.value() == "yes") if self.value() else rows


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    list_display = ["what", "recipient", "status", "due_at", "sent_at", "attempts", "reason"]
    list_filter = ["status", KindFilter, "channel"]
    search_fields = ["person__name", "person__email", "address", "about", "message_id"]
    list_select_related = ["person"]
    date_hierarchy = "due_at"
    show_full_result_count = False
    actions = ["send_again"]
    # Not the subject and not the data: what a mail says is its recipient's.
    fields = [
        ("person", "address"), ("kind", "channel"), ("about", "slot"),
        ("status", "reason"), ("created_at", "due_at", "expires_at"), ("try_at", "sent_at"),
        ("attempts", "interruptions"), ("claim", "lease_until", "begun_at"), "released_at",
        ("message_id", "merged_as", "provider_id"),
    ]  # fmt: skip
    readonly_fields = [name for group in fields for name in ([group] if isinstance(group, str) else group)]

    @admin.display(description="kind", ordering="kind")
    def what(self, row: Notification) -> str:
        return kinds.label_of(row.kind)

    @admin.display(description="to", ordering="person__name")
    def recipient(self, row: Notification) -> str:
        return str(row.person or row.address)

    @admin.action(description="Send again (dead and unknown only)", permissions=["resend"])
    def send_again(self, request: HttpRequest, rows: QuerySet[Notification]) -> None:
        count = holding.send_again(
            Notification.objects.filter(pk__in=rows.values("pk")),
            now=timezone.now(),
            by=request.user,  # type: ignore[arg-type]
        )
        messages.success(request, f"{count} will be tried again.")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members.resend_notification")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    list_display = ["address", "cause", "reason", "created_at", "lifted_at", "lift_reason"]
    list_filter = [PausedFilter, "cause"]
    search_fields = ["address"]
    readonly_fields = [
        "address", "cause", "reason", "created_at", "lifted_at", "lifted_by", "lift_reason", "event_id",
    ]  # fmt: skip
    actions = ["lift"]

    @admin.action(description="Send to these addresses again", permissions=["change"])
    def lift(self, request: HttpRequest, rows: QuerySet[Suppression]) -> None:
        officer: Any = request.user
        now = timezone.now()
        count = sum(
            lifting.by_officer(row.address, by=officer, reason="lifted in the admin", now=now) for row in rows
        )
        messages.success(request, f"Mail goes to {count} {'address' if count == 1 else 'addresses'} again.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False


@admin.register(MailEvent)
class MailEventAdmin(admin.ModelAdmin):
    list_display = ["address", "kind", "detail", "at"]
    list_filter = ["kind"]
    search_fields = ["address"]
    date_hierarchy = "at"
    readonly_fields = ["event_id", "address", "kind", "detail", "at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MailEvent | None = None) -> bool:
        return False
