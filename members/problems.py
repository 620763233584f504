"""Problems that visitors report, and the officers who settle them."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from members import audit, offices
from members.ledger import tell
from members.models import ProblemReport, User
from members.notifications import ProblemReported


@transaction.atomic
def report(problem: ProblemReport, *, person: User | None, page: str) -> ProblemReport:
    """Keep what somebody reported and tell whoever answers for the portal today."""
    problem.person = person
    problem.page = page
    problem.created_at = timezone.now()
    problem.save()
    for officer in offices.who_answers("webmaster", "president"):
        tell(ProblemReported, officer, about=problem)
    return problem


@transaction.atomic
def settle(problem: ProblemReport, *, by: User) -> bool:
    """Mark a problem as settled. False means that somebody already had."""
    won = ProblemReport.objects.filter(pk=problem.pk, settled_at=None).update(
        settled_at=timezone.now(), settled_by=by
    )
    if won:
        audit.record(by, "problem-settled", problem)
    return bool(won)
