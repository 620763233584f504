"""The admin, where officers manage a cohort."""

from nmep.admin import assignments, mastery, offerings, records

__all__ = ["assignments", "mastery", "offerings", "records"]
from nmep.admin import assignments, offerings, partners, records

__all__ = ["assignments", "offerings", "partners", "records"]
