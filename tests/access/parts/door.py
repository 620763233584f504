"""The door, what an event leaves behind, and thanks."""

from __future__ import annotations

ADMIN = {
    "members_thanks": ("president",),
    "events_album": ("officer", "president"),
}
