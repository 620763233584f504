"""The page of the leads: what needs them now, and every tool."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from nmep import attention
from nmep.models import Assignment, Check, CoursePolicy, Offering, Program
from nmep.people import Roles
from nmep.views.learners import led_with_roles


@dataclass(frozen=True)
class Tool:
    """One page of the leads and a sentence of what it is for."""

    title: str
    url: str
    text: str


#: (heading, [(page, title, what it is for)]).
TOOLS = [
    (
        "Learners",
        [
            ("roster", "Roster", "Everybody in a row: attendance, homework, talk, exam, capstone, flags."),
            ("request_list", "Absences and requests", "Who cannot come and who asks for more time."),
            ("attendance_latest", "Attendance", "Write down who was there when the code was forgotten."),
            ("pair_list", "Pairs", "Partners for each homework: made, adjusted, told, repaired."),
            ("question_list", "Questions", "What learners asked, and who has answered it."),
            (
                "completion_check",
                "Completion",
                "The rule in words, who meets it, and the last button of the term.",
            ),
        ],
    ),
    (
        "Homework and reviews",
        [
            ("review_queue", "Reviews", "What waits, oldest first; held reviews and how long it takes."),
            ("review_deal", "Deal reviews", "Give what waits evenly to the reviewers."),
            ("phrase_list", "Phrases", "Sentences that reviewers use again and again."),
        ],
    ),
    (
        "Classes and talks",
        [
            ("lecturer_list", "Lecturers", "Who teaches which class, and asking for those that nobody does."),
            ("paper_list", "Paper talks", "Who presents when, and the slots that are empty."),
            ("oral_list", "Oral exams", "Slots, examiners and results."),
        ],
    ),
    (
        "Capstones",
        [
            ("capstone_list", "Capstones", "Groups, their steps, and those who are in none."),
            ("capstone_match", "Make groups", "Put those without a group together, with the reason."),
            ("mentor_suggest", "Mentors", "Who could mentor which group, and asking them."),
            ("showcase_detail", "Showcase", "The running order and what listeners said."),
            ("showcase_edit", "Running order", "Who presents after whom, and for how long."),
        ],
    ),
    (
        "The term",
        [
            ("plan", "Plan", "Which module comes in which week, and what builds on what."),
            (
                "offering_state",
                "Term and state",
                "Milestones, from draft to archive, moving and cancelling classes.",
            ),
            ("offering_clone", "Next term", "A draft of the next term from this one, a date at a time."),
            ("offering_stale", "Stale texts", "Lines that still speak of another term."),
        ],
    ),
]
COURSE = (
    "Course",
    [
        ("application_list", "Applications", "Who wants to come in."),
        ("group_list", "Groups", "Small groups with their own hour and helper."),
        ("passing_list", "Pass or no pass", "Where everybody stands, and the list for the university."),
        ("course_settings", "Settings", "The door, the places, the rule, and weeks at one's own pace."),
    ],
)


def tools(offering: Offering, roles: Roles) -> list[tuple[str, list[Tool]]]:
    """Every page of the leads of `offering`, by subject; those of the showcase once there is one."""
    is_course = offering.program.kind != Program.Kind.NMEP
    if not is_course:
        is_course = CoursePolicy.objects.filter(offering=offering).exists()
    return [
        (
            heading,
            [
                Tool(title, reverse(f"nmep:{name}", args=[offering.slug]), text)
                for name, title, text in rows
                if not name.startswith("showcase") or "showcase" in roles.has
            ],
        )
        for heading, rows in [*TOOLS, *([COURSE] if is_course else [])]
    ]


@require_safe
def staff(request: HttpRequest, slug: str) -> HttpResponse:
    """What needs the lead now, each with the page that mends it; then every tool."""
    offering, roles = led_with_roles(request, slug)
    now = timezone.now()
    scored = Check.objects.filter(
        part__assignment=OuterRef("pk"), kind=Check.Kind.PREDICTIONS, is_published=True
    )
    work = Assignment.objects.filter(offering=offering).defer("text", "search").order_by("position", "key")
    return render(
        request,
        "nmep/staff.html",
        {
            "offering": offering,
            "roles": roles,
            "needs": attention.of(offering, now),
            "tools": tools(offering, roles),
            "work": work.annotate(has_board=Exists(scored)),
            "now": now,
        },
    )
