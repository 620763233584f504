"""Skills are edited here; what was seen of them, asked for and decided is read here and changed on the pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nmep.admin.filters import offering_filter
from nmep.admin.records import RecordAdmin
from nmep.models import (
    Absence,
    Completion,
    Enrolment,
    ExtensionRequest,
    HelpOffer,
    LearnerNote,
    Override,
    Skill,
    SkillMark,
)


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    list_display = ["name", "program", "position"]
    list_filter = ["program"]
    list_select_related = ["program"]
    search_fields = ["name"]
    show_full_result_count = False
    filter_horizontal = ["modules"]
    autocomplete_fields = ["assignments"]


class OfLearnerAdmin(RecordAdmin):
    """A record about one learner, for those who may see the learner."""

    list_select_related = ["enrolment__person", "enrolment__offering__program", "enrolment__offering__term"]
    search_fields = ["enrolment__person__name", "enrolment__person__email"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(enrolment__in=Enrolment.objects.visible_to(request.user))


@admin.register(SkillMark)
class SkillMarkAdmin(OfLearnerAdmin):
    list_display = ["at", "enrolment", "skill", "level", "by", "evidence"]
    list_filter = ["level", offering_filter("enrolment__offering")]
    list_select_related = [*OfLearnerAdmin.list_select_related, "skill", "by"]
    ordering = ["-at", "-pk"]


@admin.register(Absence)
class AbsenceAdmin(OfLearnerAdmin):
    list_display = ["asked_at", "enrolment", "session", "state", "reason", "decided_by"]
    list_filter = ["state", offering_filter("enrolment__offering")]
    list_select_related = [*OfLearnerAdmin.list_select_related, "session", "decided_by"]
    ordering = ["-asked_at", "-pk"]


@admin.register(ExtensionRequest)
class ExtensionRequestAdmin(OfLearnerAdmin):
    list_display = ["asked_at", "enrolment", "assignment", "days", "reason", "state", "decided_by"]
    list_filter = ["state", offering_filter("enrolment__offering")]
    list_select_related = [*OfLearnerAdmin.list_select_related, "assignment", "decided_by"]
    ordering = ["-asked_at", "-pk"]


@admin.register(HelpOffer)
class HelpOfferAdmin(OfLearnerAdmin):
    list_display = ["offered_at", "enrolment", "helper", "offered_by", "ended_at"]
    list_filter = [offering_filter("enrolment__offering")]
    list_select_related = [*OfLearnerAdmin.list_select_related, "helper", "offered_by"]


@admin.register(LearnerNote)
class LearnerNoteAdmin(OfLearnerAdmin):
    list_display = ["created_at", "enrolment", "author"]
    list_select_related = [*OfLearnerAdmin.list_select_related, "author"]


@admin.register(Override)
class OverrideAdmin(OfLearnerAdmin):
    list_display = ["at", "enrolment", "outcome", "reason", "by"]
    list_filter = ["outcome", offering_filter("enrolment__offering")]
    list_select_related = [*OfLearnerAdmin.list_select_related, "by"]


@admin.register(Completion)
class CompletionAdmin(OfLearnerAdmin):
    list_display = ["at", "enrolment", "is_complete", "is_override", "decided_by", "revoked_at"]
    list_filter = ["is_complete", "is_override", offering_filter("enrolment__offering")]
    list_select_related = [*OfLearnerAdmin.list_select_related, "decided_by"]
