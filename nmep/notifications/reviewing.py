"""What becomes of a review once it is posted."""

from __future__ import annotations

from typing import Any

from members.ledger import Category, Kind, kind
from members.models import Notification
from nmep.models import SecondLook
from nmep.notifications.work import link


@kind(
    "nmep-second-look-answered",
    label="Answers to “look again”",
    template="nmep/mail/second_look_answered",
    category=Category.TRANSACTIONAL,
    why="because another look at a review of your work was asked for",
)
class SecondLookAnswered(Kind):
    """That there is an answer; never what it says."""

    def context(self, row: Notification) -> dict[str, Any]:
        look = SecondLook.objects.select_related("review__submission__assignment__offering").get(
            pk=row.about_pk
        )
        submission = look.review.submission
        return {
            "assignment": submission.assignment,
            "submission": submission,
            "url": f"{link(submission)}#thread",
        }
