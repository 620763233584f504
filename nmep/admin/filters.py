from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from mlclub.typed import number as number_of
from nmep.models import Offering


def offering_filter(field: str) -> type[admin.SimpleListFilter]:
    """A filter by offering over the lookup `field`; one query, where Django's own asks for each name."""

    class OfferingFilter(admin.SimpleListFilter):
        title = "offering"
        parameter_name = "offering"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            rows = Offering.objects.select_related("program", "term")
            return [(str(row.pk), str(row)) for row in rows]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            return queryset.filter(**{field: value}) if value and number_of(value) else queryset

    return OfferingFilter
