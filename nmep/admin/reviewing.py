from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nmep.admin.filters import offering_filter
from nmep.admin.records import RecordAdmin
from nmep.models import Phrase, SecondLook


@admin.register(Phrase)
class PhraseAdmin(admin.ModelAdmin):
    """The phrases that an offering shares; a reviewer's own are nobody else's business."""

    list_display = ["text", "offering", "created_at"]
    list_filter = [offering_filter("offering")]
    list_select_related = ["offering__program", "offering__term"]
    search_fields = ["text"]
    show_full_result_count = False
    fields = ["offering", "text"]
    autocomplete_fields = ["offering"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Phrase]:
        return super().get_queryset(request).filter(owner=None)


@admin.register(SecondLook)
class SecondLookAdmin(RecordAdmin):
    """Who asked for another look, and what came of it; answered on the page of the work."""

    list_display = ["review", "asked_at", "outcome", "answered_by", "answered_at"]
    list_filter = ["outcome", offering_filter("review__submission__assignment__offering")]
    list_select_related = ["review__submission__assignment", "answered_by"]
    search_fields = ["comment__author__name", "comment__author__email"]
    fields = ["review", "asked_at", "outcome", "answered_by", "answered_at"]
