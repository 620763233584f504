from __future__ import annotations

from datetime import datetime
from typing import Any

from members.ledger import Category, Kind, kind
from members.models import Notification
from nmep.models import Question
from nmep.notifications.work import link


@kind(
    "nmep-question-answered",
    label="Answers to questions you wonder about",
    template="nmep/mail/question_answered",
    category=Category.ANNOUNCEMENT,
    why="because you asked this question or said that you wonder too",
)
class QuestionAnswered(Kind):
    """Somebody answered in the open."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        question = Question.objects.filter(pk=row.about_pk).first()
        if question is None:
            return "the question is gone"
        return question.followers.filter(pk=row.person_id).exists() or "you do not wonder any more"

    def context(self, row: Notification) -> dict[str, Any]:
        question = Question.objects.select_related("offering__program", "offering__term", "assignment").get(
            pk=row.about_pk
        )
        return {"question": question, "offering": question.offering, "url": link(question)}
