"""People as officers manage them: memberships and offices inline, and actions that say what they will do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from members import audit, exporting, standing, suspension
from members.admin.erasure import erasure_view
from members.admin.import_people import import_view
from members.models import Membership, OfficeTerm, Term, Topic, User


class AccountFilter(admin.SimpleListFilter):
    """The accounts that want an eye; the desk links here."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("suspended", "Suspended"),
            ("erasure", "Asked to be erased"),
            ("emergency", "Emergency accounts"),
            ("erased", "Erased"),
        ]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "suspended":
                return people.filter(suspended_at__isnull=False, erased_at=None)
            case "erasure":
                return people.filter(erasure_asked_at__isnull=False, erased_at=None)
            case "emergency":
                return people.filter(is_superuser=True, is_active=True)
            case "erased":
                return people.filter(erased_at__isnull=False)
        return people.filter(erased_at=None)


class ThisTermFilter(admin.SimpleListFilter):
    """What somebody is in the current term."""

    title = "this term"
    parameter_name = "this_term"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = [(f"kind-{value}", str(label)) for value, label in Membership.Kind.choices]
        return [*kinds, *Membership.Status.choices, ("none", "No membership")]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        value = self.value()
        if not value:
            return people
        rows = Membership.objects.filter(term=request.user.standing.term)  # type: ignore[union-attr]
        if value == "none":
            return people.exclude(pk__in=rows.values("person"))
        if value.startswith("kind-"):
            return people.filter(
                pk__in=rows.active().filter(kind=value.removeprefix("kind-")).values("person")
            )
        return people.filter(pk__in=rows.filter(status=value).values("person"))


class MembershipInline(admin.TabularInline):
    model = Membership
    fields = ["term", "kind", "status", "hours_a_week", "note"]
    extra = 0
    can_delete = False
    ordering = ["-term__starts_on"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("term", "person")


class OfficeTermInline(admin.TabularInline):
    model = OfficeTerm
    fk_name = "person"
    fields = ["office", "starts_on", "ends_on"]
    extra = 0
    verbose_name_plural = "offices held"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfficeTerm]:
        return super().get_queryset(request).select_related("office", "person")


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "this_term", "offices_today", "state", "last_seen_at"]
    list_filter = [ThisTermFilter, AccountFilter]
    search_fields = ["name", "email", "handle", "study"]
    ordering = ["name"]
    list_per_page = 50
    show_full_result_count = False
    inlines = [MembershipInline, OfficeTermInline]
    fieldsets = [
        (
            None,
            {"fields": ["name", "handle", "email", "pronouns", "study", "graduates_on", "website", "about"]},
        ),
        (
            "Account",
            {
                "fields": [
                    "state",
                    "suspended_reason",
                    "erasure",
                    "created_at",
                    "last_seen_at",
                    "is_superuser",
                ]
            },
        ),
    ]
    readonly_fields = [
        "email", "state", "suspended_reason", "erasure", "created_at", "last_seen_at", "is_superuser",
    ]  # fmt: skip
    actions = ["suspend", "reinstate", "mark_alumni", "export_csv"]
    change_list_template = "admin/members/user/change_list.html"

    # Nobody is made or deleted by hand: people sign up, are invited or imported, and are erased by policy.

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members.suspend_user")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members.export_people")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members.import_people")

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_site.admin_view(lambda request, **keys: view(self, request, **keys))

        return [
            path("import/", page(import_view), name="members_user_import"),
            path("<int:pk>/erase/", page(erasure_view), name="members_user_erase"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        today = standing.today()
        term = request.user.standing.term  # type: ignore[union-attr]
        return (
            super()
            .get_queryset(request)
            .prefetch_related(
                Prefetch("memberships", Membership.objects.filter(term=term), to_attr="term_memberships"),
                Prefetch(
                    "office_terms",
                    OfficeTerm.objects.held_on(today).select_related("office"),
                    to_attr="offices_held",
                ),
            )
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {**(extra_context or {}), "may_import": self.has_import_permission(request)}
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Offices are rights, so who gave them to whom is kept for good."""
        super().save_formset(request, form, formset, change)
        if formset.model is OfficeTerm:
            record_offices(request, formset)

    @admin.display(description="this term")
    def this_term(self, person: Any) -> str:
        rows = person.term_memberships
        return f"{rows[0].get_kind_display()}, {rows[0].get_status_display().lower()}" if rows else "–"

    @admin.display(description="offices")
    def offices_today(self, person: Any) -> str:
        return ", ".join(held.office.name for held in person.offices_held) or "–"

    @admin.display(description="state of the account")
    def state(self, person: User) -> str:
        if person.erased_at:
            return "Erased"
        if person.suspended_at:
            return "Suspended"
        if person.is_superuser:
            return "Open, emergency account"
        return "Open" if person.is_active else "Shut"

    @admin.display(description="erasure")
    def erasure(self, person: User) -> str:
        if person.erased_at:
            return f"Erased on {timezone.localtime(person.erased_at):%Y-%m-%d}"
        address = reverse("admin:members_user_erase", args=[person.pk])
        asked = (
            f"Asked for on {timezone.localtime(person.erasure_asked_at):%Y-%m-%d}. "
            if person.erasure_asked_at
            else ""
        )
        return format_html('{}<a href="{}">Erase this person…</a>', asked, address)

    # ── Actions, each behind a page that says whom it will meet ──

    def confirmed(
        self,
        request: HttpRequest,
        people: QuerySet[User],
        *,
        action: str,
        title: str,
        text: str,
        button: str,
        why: bool = False,
    ) -> TemplateResponse:
        return TemplateResponse(
            request,
            "admin/members/confirm_action.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.model._meta,
                "title": title,
                "text": text,
                "button": button,
                "action": action,
                "people": people.order_by("name"),
                "count": people.count(),
                "asks_why": why,
            },
        )

    @admin.action(description="Suspend…", permissions=["suspend"])
    def suspend(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        reason = request.POST.get("reason", "").strip()
        if "confirmed" not in request.POST or not reason:
            return self.confirmed(
                request,
                people,
                action="suspend",
                title="Suspend accounts",
                text="They are signed out everywhere at once and cannot sign in until you open the account again. Nothing of theirs is deleted.",
                button="Suspend",
                why=True,
            )
        officer: Any = request.user
        count = sum(
            suspension.suspend(person, reason[:300], by=officer)
            for person in people
            if person.pk != officer.pk
        )
        self.message_user(request, f"Suspended: {count} of {len(people)}.", messages.SUCCESS)
        if any(person.pk == officer.pk for person in people):
            self.message_user(request, "Your own account stays open.", messages.WARNING)
        return None

    @admin.action(description="Open suspended accounts again", permissions=["suspend"])
    def reinstate(self, request: HttpRequest, people: QuerySet[User]) -> None:
        officer: Any = request.user
        count = sum(suspension.reinstate(person, by=officer) for person in people)
        self.message_user(
            request, f"{count} {'account is' if count == 1 else 'accounts are'} open again.", messages.SUCCESS
        )

    @admin.action(description="Mark as alumni…", permissions=["change"])
    def mark_alumni(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        if not request.user.has_perm("members.change_membership"):
            self.message_user(request, "Your office does not change memberships.", messages.ERROR)
            return None
        if "confirmed" not in request.POST:
            return self.confirmed(
                request,
                people,
                action="mark_alumni",
                title="Mark as alumni",
                text="Their latest membership becomes one of an alumna or alumnus: they read, and no longer take part.",
                button="Mark as alumni",
            )
        count = 0
        for person in people:
            latest = (
                person.memberships.filter(term__starts_on__lte=standing.today())
                .order_by("-term__starts_on")
                .first()
            )
            if latest and latest.status != Membership.Status.ALUMNUS:
                latest.status = Membership.Status.ALUMNUS
                latest.save()
                audit.record(request.user, "marked-alumnus", person)  # type: ignore[arg-type]
                count += 1
        self.message_user(
            request, f"{count} {'person is' if count == 1 else 'people are'} now alumni.", messages.SUCCESS
        )
        return None

    @admin.action(description="Export as CSV", permissions=["export"])
    def export_csv(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        term = Term.objects.current(standing.today())
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="people-{standing.today():%Y-%m-%d}.csv"'
        # The mark by which spreadsheets know the encoding.
        response.write("\ufeff")
        rows = list(people)
        exporting.write_people(rows, term, response)  # type: ignore[arg-type]
        audit.record(request.user, "people-exported", "members.user:*", after={"count": len(rows)})  # type: ignore[arg-type]
        return response


def record_offices(request: HttpRequest, formset: Any) -> None:
    """One line of the audit trail for each office given, changed or taken back."""
    officer: Any = request.user

    def facts(row: OfficeTerm) -> dict[str, str]:
        return {"office": row.office.slug, "from": str(row.starts_on), "to": str(row.ends_on)}

    for row in formset.new_objects:
        audit.record(officer, "office-given", row.person, after=facts(row))
    for row, _ in formset.changed_objects:
        audit.record(officer, "office-changed", row.person, after=facts(row))
    for row in formset.deleted_objects:
        audit.record(officer, "office-taken-back", row.person, before=facts(row))


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
