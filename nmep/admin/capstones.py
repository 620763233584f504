"""Repair of capstones. What listeners said is nobody's to see here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nmep.admin.filters import offering_filter
from nmep.models import (
    Capstone,
    CapstoneMember,
    CapstonePolicy,
    CapstoneStep,
    Showcase,
    ShowcaseTalk,
    StepComment,
    StepVersion,
)


class MemberInline(admin.TabularInline):
    model = CapstoneMember
    extra = 0
    raw_id_fields = ["enrolment"]
    fields = ["enrolment", "joined_at", "left_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CapstoneMember]:
        return super().get_queryset(request).select_related("enrolment__person", "enrolment__offering")


@admin.register(Capstone)
class CapstoneAdmin(admin.ModelAdmin):
    list_display = ["initiative", "offering", "state", "decided_at"]
    list_filter = ["state", offering_filter("offering")]
    list_select_related = ["initiative", "offering__program", "offering__term"]
    search_fields = ["initiative__name"]
    raw_id_fields = ["initiative", "idea_by"]
    readonly_fields = ["presented_at", "decided_at", "successor"]
    inlines = [MemberInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A group ends; its record stays."""
        return False


@admin.register(CapstonePolicy)
class CapstonePolicyAdmin(admin.ModelAdmin):
    list_display = ["offering", "min_size", "max_size", "closed_at"]
    list_select_related = ["offering__program", "offering__term"]


class TalkInline(admin.TabularInline):
    model = ShowcaseTalk
    extra = 0
    raw_id_fields = ["capstone"]
    fields = ["position", "capstone"]


@admin.register(Showcase)
class ShowcaseAdmin(admin.ModelAdmin):
    list_display = ["session", "minutes", "published_at"]
    list_select_related = ["session__event", "session__offering"]
    raw_id_fields = ["session"]
    inlines = [TalkInline]


class VersionInline(admin.TabularInline):
    model = StepVersion
    extra = 0
    fields = ["n", "by", "at", "url", "name"]
    readonly_fields = ["n", "by", "at", "url", "name"]
    can_delete = False


class CommentInline(admin.TabularInline):
    model = StepComment
    extra = 0
    fields = ["author", "at", "text"]
    readonly_fields = ["author", "at", "text"]
    can_delete = False


@admin.register(CapstoneStep)
class CapstoneStepAdmin(admin.ModelAdmin):
    """To look at: what was handed in and said is changed by nobody."""

    list_display = ["capstone", "milestone", "state", "signed_by", "signed_at"]
    list_filter = ["state"]
    list_select_related = ["capstone__initiative", "milestone", "signed_by"]
    search_fields = ["capstone__initiative__name"]
    inlines = [VersionInline, CommentInline]
