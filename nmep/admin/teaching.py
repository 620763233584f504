"""What was asked in class and between classes, for the officer for education."""

from __future__ import annotations

from django.contrib import admin

from nmep.admin.filters import offering_filter
from nmep.models import Answer, ConceptCheck, Question


@admin.register(ConceptCheck)
class ConceptCheckAdmin(admin.ModelAdmin):
    """Questions of classes. Votes are sums and nothing else, so there is nothing of them to repair."""

    list_display = ["question", "session", "stage", "created_by"]
    list_filter = ["stage", offering_filter("session__offering")]
    list_select_related = ["session", "created_by"]
    search_fields = ["question"]
    show_full_result_count = False
    raw_id_fields = ["session"]


class AnswerInline(admin.TabularInline):
    model = Answer
    extra = 0
    raw_id_fields = ["author"]
    fields = ["author", "text", "created_at"]
    readonly_fields = ["created_at"]


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):
    """Questions with their answers; what must not stand there is deleted here."""

    list_display = ["text", "offering", "author", "created_at", "answered_at"]
    list_filter = [offering_filter("offering")]
    list_select_related = ["offering__program", "offering__term", "author"]
    search_fields = ["text", "author__name"]
    show_full_result_count = False
    raw_id_fields = ["offering", "assignment", "author", "followers"]
    inlines = [AnswerInline]
