"""The admin, where officers manage a cohort."""

from nmep.admin import assignments, offerings, records

__all__ = ["assignments", "offerings", "records"]
