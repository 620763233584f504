"""Everybody's own data, and the rights that offices carry."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from members.models import User
from nmep.models import (
    Absence,
    Answer,
    BoardName,
    CapstoneMember,
    CheckResult,
    Comment,
    Completion,
    CourseApplication,
    Departure,
    Deviation,
    Enrolment,
    ExtensionRequest,
    GroupPlace,
    HelpOffer,
    LearnerNote,
    MarkChange,
    OralResult,
    Override,
    PartnerNote,
    PartnerWish,
    Phrase,
    Question,
    Review,
    SecondLook,
    SkillMark,
    StepComment,
    StepVersion,
    Submission,
    SubmissionAuthor,
    WeekCheckIn,
)


def personal_data(person: User) -> dict[str, Any]:
    """Everything kept about somebody as a learner, and what they wrote as a reviewer."""
    authored = SubmissionAuthor.objects.filter(enrolment__person=person)
    return {
        "enrolments": list(
            Enrolment.objects.filter(person=person).values("offering__slug", "role", "state", "created_at")
        ),
        "submissions": list(
            authored.values(
                "submission__assignment__key",
                "submission__assignment__offering__slug",
                "n",
                "submission__state",
                "submission__handed_in_at",
                "late_by",
            )
        ),
        "pieces": list(
            Submission.objects.filter(pk__in=authored.values("submission")).values(
                "pk", "pieces__part__title", "pieces__name", "pieces__text", "pieces__url", "pieces__sha256"
            )
        ),
        "reviews of my work": list(
            Review.objects.posted()
            .filter(submission__in=authored.values("submission"))
            .values("submission__assignment__key", "outcome", "summary", "posted_at")
        ),
        "what checks found": list(
            CheckResult.objects.filter(run__submission__in=authored.values("submission"))
            .visible_to(person, timezone.now())
            .values("run__submission__assignment__key", "run__of_check__title", "name", "ok", "score", "hint")
        ),
        "looked at again": list(
            SecondLook.objects.filter(comment__author=person).values(
                "review__submission__assignment__key", "asked_at", "outcome", "answered_at"
            )
        ),
        "phrases I keep": list(Phrase.objects.filter(owner=person).values("text", "created_at")),
        "marks": list(
            MarkChange.objects.filter(enrolment__person=person).values(
                "assignment__key", "kind", "value", "why", "at"
            )
        ),
        "oral exams": list(
            OralResult.objects.filter(enrolment__person=person).values(
                "enrolment__offering__slug", "outcome", "notes", "at"
            )
        ),
        "partners I wished for or against": list(
            PartnerWish.objects.filter(asking__person=person).values(
                "kind", "about__person__name", "created_at"
            )
        ),
        "what I said about working together": list(
            PartnerNote.objects.filter(enrolment__person=person).values(
                "team__round__assignment__key", "split", "again", "at"
            )
        ),
        "leaving": list(
            Departure.objects.filter(enrolment__person=person).values(
                "enrolment__offering__slug", "reason", "state", "asked_at", "settled_at"
            )
        ),
        "comments I wrote": list(Comment.objects.filter(author=person).values("text", "created_at")),
        "capstones": list(
            CapstoneMember.objects.filter(enrolment__person=person).values(
                "capstone__offering__slug",
                "capstone__initiative__name",
                "capstone__state",
                "joined_at",
                "left_at",
            )
        ),
        "capstone steps": list(
            StepVersion.objects.filter(
                Q(step__capstone__members__left_at=None) | Q(step__capstone__members__left_at__gte=F("at")),
                step__capstone__members__enrolment__person=person,
            )
            .distinct()
            .values(
                "step__capstone__initiative__name", "step__milestone__title", "n", "text", "url", "name", "at"
            )
        ),
        "capstone comments I wrote": list(StepComment.objects.filter(author=person).values("text", "at")),
        "more time": list(
            Deviation.objects.filter(enrolment__person=person).values(
                "assignment__key", "extra_days", "spent_days", "reason"
            )
        ),
        "more time asked for": list(
            ExtensionRequest.objects.filter(enrolment__person=person).values(
                "assignment__key", "days", "reason", "state", "asked_at"
            )
        ),
        "skills": list(
            SkillMark.objects.filter(enrolment__person=person).values(
                "skill__name", "level", "evidence", "at"
            )
        ),
        "absences": list(
            Absence.objects.filter(enrolment__person=person).values(
                "session__title", "state", "reason", "text", "asked_at"
            )
        ),
        "notes": list(
            LearnerNote.objects.filter(Q(enrolment__person=person) | Q(author=person)).values(
                "text", "created_at"
            )
        ),
        "help offered": list(
            HelpOffer.objects.filter(Q(enrolment__person=person) | Q(helper=person)).values(
                "enrolment__offering__slug", "offered_at", "ended_at"
            )
        ),
        "course applications": list(
            CourseApplication.objects.filter(user=person).values(
                "offering__slug", "wants", "text", "state", "created_at", "decided_at"
            )
        ),
        "weeks at my own pace": list(
            WeekCheckIn.objects.filter(enrolment__person=person).values(
                "enrolment__offering__slug", "week", "state", "note", "at"
            )
        ),
        "groups of courses": list(
            GroupPlace.objects.filter(enrolment__person=person).values("group__offering__slug", "group__name")
        ),
        "name on leaderboards": list(
            BoardName.objects.filter(enrolment__person=person).values(
                "enrolment__offering__slug", "is_hidden"
            )
        ),
        "questions I asked": list(
            Question.objects.filter(author=person).values("offering__slug", "text", "created_at")
        ),
        "answers I gave": list(
            Answer.objects.filter(author=person).values("question__offering__slug", "text", "created_at")
        ),
        "completion": list(
            Completion.objects.filter(enrolment__person=person).values(
                "enrolment__offering__slug",
                "is_complete",
                "snapshot",
                "is_override",
                "reason",
                "at",
                "certificate_id",
                "revoked_at",
                "revoked_because",
            )
        ),
        "decided otherwise than by the rule": list(
            Override.objects.filter(enrolment__person=person).values("outcome", "reason", "at")
        ),
    }


MODELS = [
    "program",
    "module",
    "moduleneed",
    "modulelink",
    "offering",
    "session",
    "enrolment",
    "assignment",
    "milestone",
    "specrevision",
    "part",
    "check",
    "rubriccriterion",
    "deviation",
    "submission",
    "submissionauthor",
    "piece",
    "review",
    "rubricmark",
    "comment",
    "secondlook",
    "phrase",
    "markchange",
    "skill",
    "skillmark",
    "learnernote",
    "helpoffer",
    "absence",
    "extensionrequest",
    "override",
    "completion",
    "offeringsheet",
    "papertalk",
    "oralresult",
    "run",
    "checkresult",
    "gradermachine",
    "pairinground",
    "partnerteam",
    "teamplace",
    "partnerwish",
    "partnernote",
    "departure",
    "conceptcheck",
    "coursepolicy",
    "courseapplication",
    "coursegroup",
    "groupplace",
    "hiddenlabels",
    "question",
    "answer",
    "capstone",
    "capstonepolicy",
    "capstonemember",
    "capstonestep",
    "stepversion",
    "stepcomment",
    "showcase",
    "showcasetalk",
]
#: What nobody changes by hand: the record of what was handed in and said.
RECORDS = [
    "submission",
    "submissionauthor",
    "piece",
    "review",
    "rubricmark",
    "comment",
    "secondlook",
    "markchange",
    "run",
    "checkresult",
    "gradermachine",
    "specrevision",
    "skillmark",
    "learnernote",
    "helpoffer",
    "absence",
    "extensionrequest",
    "override",
    "completion",
    "pairinground",
    "partnerteam",
    "teamplace",
    "partnerwish",
    "partnernote",
    "departure",
    "capstonestep",
    "stepversion",
    "stepcomment",
]
#: What says nothing about a learner, for officers in general.
OPEN = [
    "program",
    "module",
    "moduleneed",
    "modulelink",
    "offering",
    "session",
    "assignment",
    "milestone",
    "part",
    "rubriccriterion",
    "skill",
    "offeringsheet",
    "papertalk",
    "capstone",
    "capstonepolicy",
    "showcase",
    "showcasetalk",
]


def office_permissions() -> dict[str, list[str]]:
    """All of it for the officer for education; officers in general see the plan, and no learner's work."""
    education = [f"nmep.view_{model}" for model in MODELS]
    education += [
        f"nmep.{verb}_{model}"
        for model in MODELS
        if model not in RECORDS
        for verb in ("add", "change", "delete")
    ]
    education += [
        "nmep.add_markchange",
        "nmep.review_submission",
        "nmep.export_roster",
        "events.view_event",
        "events.add_event",
        "events.change_event",
        "events.view_attendance",
        "events.view_claim",
        "events.change_claim",
        "events.view_hidden_claim",
        "events.view_swap",
        "events.view_slotquestion",
        "events.delete_slotquestion",
    ]
    return {
        "education": education,
        "president": [f"nmep.view_{model}" for model in [*OPEN, "enrolment"]] + ["nmep.change_offering"],
        "*": [f"nmep.view_{model}" for model in OPEN],
    }
