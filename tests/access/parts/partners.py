"""Homework partners, and leaving a programme."""

from __future__ import annotations

ADMIN = {"nmep_pairinground": ("education",), "nmep_departure": ("education",)}
