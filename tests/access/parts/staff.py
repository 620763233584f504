"""The page of the leads."""

from __future__ import annotations

from tests.access.cases import LEADS, OTHER_LEADS, slug
from tests.access.doors import NO, Case, only

TABLE = {
    "nmep:staff": [
        Case("an offering one leads", LEADS, NO, slug("offering")),
        Case("another offering", OTHER_LEADS, NO, slug("other_offering")),
        Case("a draft", only("education"), NO, slug("draft_offering")),
    ]
}
