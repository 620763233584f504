"""Skills, absences, more time, completion."""

from __future__ import annotations

from tests.access.doors import OFFICES

ADMIN = {
    "nmep_skill": OFFICES,
    "nmep_skillmark": ("education",),
    "nmep_absence": ("education",),
    "nmep_extensionrequest": ("education",),
    "nmep_helpoffer": ("education",),
    "nmep_learnernote": ("education",),
    "nmep_override": ("education",),
    "nmep_completion": ("education",),
}
