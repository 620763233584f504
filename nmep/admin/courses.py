"""Courses for people from outside, for the officer for education."""

from __future__ import annotations

from django.contrib import admin

from nmep.admin.filters import offering_filter
from nmep.models import CourseApplication, CourseGroup, CoursePolicy, GroupPlace


@admin.register(CoursePolicy)
class CoursePolicyAdmin(admin.ModelAdmin):
    """Who comes in and what passing takes; the page of the course's settings says it in words."""

    list_display = ["offering", "door", "places", "opens_at", "closes_at", "is_self_paced"]
    list_filter = ["door"]
    list_select_related = ["offering__program", "offering__term"]
    show_full_result_count = False
    raw_id_fields = ["offering"]


@admin.register(CourseApplication)
class CourseApplicationAdmin(admin.ModelAdmin):
    """Applications are decided on the course's own page, which tells people; here they are found."""

    list_display = ["who", "offering", "wants", "state", "created_at", "decided_by"]
    list_filter = ["state", "wants", offering_filter("offering")]
    list_select_related = ["offering__program", "offering__term", "user", "decided_by"]
    search_fields = ["user__name", "user__email", "name", "email"]
    show_full_result_count = False

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False


class PlaceInline(admin.TabularInline):
    model = GroupPlace
    extra = 0
    raw_id_fields = ["enrolment"]


@admin.register(CourseGroup)
class CourseGroupAdmin(admin.ModelAdmin):
    """Small groups and who is in them."""

    list_display = ["name", "offering", "leader"]
    list_filter = [offering_filter("offering")]
    list_select_related = ["offering__program", "offering__term", "leader"]
    search_fields = ["name"]
    show_full_result_count = False
    raw_id_fields = ["offering", "leader"]
    inlines = [PlaceInline]
