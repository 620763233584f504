"""The admin, where officers manage a cohort."""

from nmep.admin import (
    assignments,
    capstones,
    library,
    mastery,
    offerings,
    partners,
    records,
    reviewing,
    sheets,
    teaching,
)

__all__ = [
    "assignments",
    "capstones",
    "library",
    "mastery",
    "offerings",
    "partners",
    "records",
    "reviewing",
    "sheets",
    "teaching",
]
