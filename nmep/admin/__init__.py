"""The admin, where officers manage a cohort."""

from nmep.admin import (
    assignments,
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
    "library",
    "mastery",
    "offerings",
    "partners",
    "records",
    "reviewing",
    "sheets",
    "teaching",
]
