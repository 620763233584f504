"""The admin, where officers manage a cohort."""

from nmep.admin import assignments, library, mastery, offerings, partners, records

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

__all__ = ["assignments", "library", "offerings", "records"]
__all__ = ["assignments", "library", "mastery", "offerings", "partners", "records"]
