"""The admin, where officers manage a cohort."""

from nmep.admin import assignments, mastery, offerings, partners, records

__all__ = ["assignments", "mastery", "offerings", "partners", "records"]
from nmep.admin import (
    teaching,
)

__all__ = [
    "assignments",
    "mastery",
    "offerings",
    "records",
    "teaching",
]
from nmep.admin import assignments, library, offerings, records
from nmep.admin import library

__all__ = ["assignments", "library", "offerings", "records"]
