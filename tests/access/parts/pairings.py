"""Pairs and mentors: who looks after them in the admin."""

from __future__ import annotations

ADMIN = {"members_pairing": ("education", "president")}
