"""The admin, where officers manage a cohort."""

from nmep.admin import (
    assignments,
    capstones,
    checks,
    courses,
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
    "checks",
    "courses",
    "library",
    "mastery",
    "offerings",
    "partners",
    "records",
    "reviewing",
    "sheets",
    "teaching",
]
