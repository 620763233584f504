"""The ledger for repairs: kind, time and outcome. Daily work has its page, `/desk/mail/`."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from members.ledger import holding, stopping
from members.models import Notification, Suppression


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    list_display = ["kind", "recipient", "status", "due_at", "sent_at", "attempts", "reason"]
    list_filter = ["status", "kind", "channel"]
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
        ("message_id", "provider_id"),
    ]  # fmt: skip
    readonly_fields = [name for group in fields for name in ([group] if isinstance(group, str) else group)]

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
    list_display = ["address", "reason", "created_at", "lifted_at"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter)]
    search_fields = ["address"]
    readonly_fields = ["address", "reason", "created_at", "lifted_at", "event_id"]
    actions = ["lift"]

    @admin.action(description="Send to these addresses again", permissions=["change"])
    def lift(self, request: HttpRequest, rows: QuerySet[Suppression]) -> None:
        count = sum(stopping.lift(row.address, now=timezone.now()) for row in rows)
        messages.success(request, f"Mail goes to {count} addresses again.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False
