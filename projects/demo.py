"""The demo club's forty initiatives over four terms, with teams, updates and what is left of them."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from members.demo import People
from members.models import Club, Term, Topic, User
from projects.models import Initiative, Output, Role, Update

K, S, V, F = Initiative.Kind, Initiative.State, Initiative.Visibility, Initiative.Face

#: name, kind, first term index, terms it ran, summary, topic. Those that reach the last term are running.
INITIATIVES: list[tuple[str, str, int, int, str, str]] = [
    (
        "RL for grid worlds",
        K.CAPSTONE,
        0,
        1,
        "Four new members re-implement two algorithms and write down every trap.",
        "Reinforcement learning",
    ),
    (
        "Sorting with attention",
        K.CAPSTONE,
        0,
        1,
        "Can a two-layer transformer sort ten numbers, and what does it look at?",
        "Language models",
    ),
    (
        "Leaves of the campus",
        K.CAPSTONE,
        0,
        1,
        "A phone classifier for forty trees, with the photographs we took ourselves.",
        "Computer vision",
    ),
    (
        "Caption the choir",
        K.CAPSTONE,
        1,
        1,
        "Speech recognition for rehearsal recordings with three hundred labelled minutes.",
        "Speech",
    ),
    (
        "Tide-gauge baselines",
        K.CAPSTONE,
        1,
        1,
        "Forecasts of water levels that a straight line does not beat.",
        "Data engineering",
    ),
    (
        "Maze words",
        K.CAPSTONE,
        1,
        1,
        "Describe a maze in a sentence; does an agent explore it faster?",
        "Reinforcement learning",
    ),
    (
        "Shell sorting",
        K.CAPSTONE,
        1,
        1,
        "Few-shot recognition of beach shells from a museum drawer.",
        "Computer vision",
    ),
    ("Graph gossip", K.CAPSTONE, 2, 1, "Message passing on the map of who cites whom.", "Graph networks"),
    (
        "Night buses",
        K.CAPSTONE,
        2,
        1,
        "Predict the delay of the last bus, and say how sure we are.",
        "Probability",
    ),
    (
        "Small diffusion",
        K.CAPSTONE,
        2,
        1,
        "A diffusion model that trains on a laptop in an evening.",
        "Diffusion models",
    ),
    ("Grading by ear", K.CAPSTONE, 2, 1, "Which of two recordings of a scale is in tune?", "Speech"),
    (
        "Bird calls, fewer labels",
        K.CAPSTONE,
        3,
        1,
        "Active learning for the dawn chorus behind the library.",
        "Speech",
    ),
    ("Weather for kites", K.CAPSTONE, 3, 1, "Wind on one hill, an hour ahead.", "Probability"),
    (
        "Sketch to plot",
        K.CAPSTONE,
        3,
        1,
        "Draw a chart on paper, get the code that makes it.",
        "Computer vision",
    ),
    (
        "Rhyme checker",
        K.CAPSTONE,
        3,
        1,
        "A model that hears near rhymes in six languages.",
        "Language models",
    ),
    (
        "Underactuated robots, chapter by chapter",
        K.STUDY_GROUP,
        0,
        2,
        "A hard book, a chapter a week, nobody in charge.",
        "Robotics",
    ),
    (
        "Language as a prior",
        K.STUDY_GROUP,
        1,
        1,
        "Six sessions over the break on agents that read.",
        "Reinforcement learning",
    ),
    (
        "Measure theory for the curious",
        K.STUDY_GROUP,
        2,
        1,
        "Ended after three weeks; the notes say why, for whoever tries again.",
        "Probability",
    ),
    (
        "Optimisation reading room",
        K.STUDY_GROUP,
        2,
        2,
        "Proofs read slowly and aloud, Tuesdays before dinner.",
        "Optimisation",
    ),
    (
        "Working on the gauges",
        K.STUDY_GROUP,
        3,
        1,
        "Started by readers of the tide-gauge post who wanted to help.",
        "Data engineering",
    ),
    (
        "Tidepool",
        K.RESEARCH,
        2,
        2,
        "Can an agent that has read how people describe a maze explore it with fewer steps?",
        "Reinforcement learning",
    ),
    (
        "Calibrated by design",
        K.RESEARCH,
        0,
        3,
        "Uncertainty that survives a change of hospital.",
        "Probability",
    ),
    (
        "Quiet gradients",
        K.RESEARCH,
        1,
        3,
        "When does clipping help, and when does it only hide a bug?",
        "Optimisation",
    ),
    (
        "Hands and strings",
        K.RESEARCH,
        2,
        2,
        "Tactile sensing for instruments, with the music department.",
        "Robotics",
    ),
    (
        "Few words, many tongues",
        K.RESEARCH,
        0,
        4,
        "Speech for languages with ten hours of recordings.",
        "Speech",
    ),
    (
        "Marigold",
        K.CONSULTING,
        3,
        1,
        "Demand forecasts for a flower market that throws away a fifth of its stock.",
        "Data engineering",
    ),
    (
        "Ledger lines",
        K.CONSULTING,
        0,
        1,
        "Read invoices for a small accounting firm; client turned guest speaker.",
        "Language models",
    ),
    ("Second harvest", K.CONSULTING, 1, 1, "Route planning for a food bank's three vans.", "Optimisation"),
    (
        "Meshes and mirrors",
        K.CONSULTING,
        2,
        1,
        "Segmentation of 3D scans for a studio of architects.",
        "Computer vision",
    ),
    (
        "Clinic hours",
        K.CONSULTING,
        3,
        1,
        "No-show prediction for a student clinic, brought by an alumnus.",
        "Causality",
    ),
    (
        "River relay",
        K.COMPETITION,
        3,
        1,
        "Two capstones merged into one team; rank 212 in week 2, rank 19 now.",
        "Data engineering",
    ),
    (
        "Protein shapes",
        K.COMPETITION,
        0,
        1,
        "A public board on binding sites; first time in the upper half.",
        "Graph networks",
    ),
    (
        "Street signs at night",
        K.COMPETITION,
        1,
        1,
        "Detection with half the labels wrong.",
        "Computer vision",
    ),
    (
        "Citations ahead",
        K.COMPETITION,
        2,
        1,
        "Guess next year's citations; mostly a lesson in leakage.",
        "Graph networks",
    ),
    (
        "Tools for a first paper",
        K.FELLOWSHIP,
        1,
        2,
        "A fellow's workshop series that became a research group and a blog post.",
        "Writing",
    ),
    (
        "Simulators for everybody",
        K.FELLOWSHIP,
        2,
        2,
        "Three evenings that get a robot simulator onto any laptop.",
        "Robotics",
    ),
    (
        "Reading cardiograms",
        K.FELLOWSHIP,
        3,
        1,
        "With the medical school: what do models see in a heartbeat?",
        "Causality",
    ),
    (
        "First steps with the girls' coding club",
        K.OUTREACH,
        0,
        4,
        "Saturday mornings with thirteen-year-olds and a box of sensors.",
        "Teaching",
    ),
    (
        "Summer school kit",
        K.OUTREACH,
        1,
        3,
        "Slides and notebooks that another campus can run without us.",
        "Teaching",
    ),
    (
        "Mentors beyond the club",
        K.OUTREACH,
        2,
        2,
        "Pairs with two campus clubs that bring newcomers into computing.",
        "Organising",
    ),
]

DONE = [
    "Cleaned the labels again; 4 % were wrong, most of them by the same hand.",
    "The baseline runs end to end on one machine and in eleven minutes.",
    "Two seeds disagreed with the other eight. It was the data order, and it is fixed.",
    "Met the partner; they care about the worst day of the month, not the mean.",
    "Wrote the section on what did not work, so that nobody tries it twice.",
    "Halved the memory by not keeping what we never read.",
    "The plot that everybody asked for is in the repository, with its error bars.",
    "Split the test set by place, not by day. The score dropped and now we believe it.",
]
NEXT = [
    "Ten seeds for each of the three variants.",
    "A dry run before the general meeting on Wednesday.",
    "Ask the librarian for the scans of 1998.",
    "Compare with a linear model before anything bigger.",
    "Write it down for the wiki.",
]
BLOCKED = [
    "",
    "",
    "",
    "We wait for access to the second card.",
    "",
    "Nobody of us knows the sensor; help is welcome.",
]
OUTPUTS: dict[str, list[tuple[str, str]]] = {
    K.RESEARCH: [(Output.Kind.PAPER, "Workshop paper: {}"), (Output.Kind.CODE, "Code and data: {}")],
    K.CONSULTING: [(Output.Kind.TALK, "Closing talk: {}")],
    K.COMPETITION: [(Output.Kind.RANK, "Final board: {}")],
    K.FELLOWSHIP: [(Output.Kind.POST, "Post: {}")],
    K.OUTREACH: [(Output.Kind.OTHER, "Material: {}")],
    K.CAPSTONE: [(Output.Kind.CODE, "Repository: {}")],
    K.STUDY_GROUP: [(Output.Kind.OTHER, "Notes: {}")],
}
EXTERNAL = {K.CONSULTING, K.COMPETITION, K.OUTREACH}
#: Running in the last term and silent for more than three weeks, so that the desk has something to say.
SILENT = "Marigold"
#: The project of the demo's sign-in button.
LED_BY_CAST = "Tidepool"


def seed(people: People, terms: list[Term], now: datetime, rng: random.Random) -> None:
    """Make them; `terms` are the four of the demo, oldest first, `now` an aware instant."""
    topics = {topic.name: topic for topic in Topic.objects.all()}
    zone = Club.current().zone
    rows, links = [], []
    for name, kind, first, ran, summary, _ in INITIATIVES:
        last = first + ran - 1
        is_running = last == 3
        begins = terms[first].starts_on + timedelta(days=rng.randrange(10, 24))
        rows.append(
            Initiative(
                name=name,
                slug=slugify(name),
                kind=kind,
                face=F.EXTERNAL if kind in EXTERNAL else F.INTERNAL,
                summary=summary,
                description=f"{summary}\n\nWe meet once a week, write an update on Fridays, and keep what we learn in the wiki.",
                visibility=V.MEMBERS if kind in {K.CONSULTING, K.STUDY_GROUP} else V.PUBLIC,
                state=S.RUNNING if is_running else S.DONE,
                opening="Two places, about four hours a week. You need patience with plots."
                if is_running and kind == K.RESEARCH
                else "",
                started_on=begins,
                ended_on=None if is_running else terms[last].ends_on - timedelta(days=4),
                outcome=""
                if is_running
                else "It did what it set out to do, and the notes say what we would do differently.",
                created_at=datetime.combine(begins, time(18), tzinfo=zone),
            )
        )
    Initiative.objects.bulk_create(rows)
    roles: list[Role] = []
    updates: list[Update] = []
    outputs: list[Output] = []
    for initiative, (name, kind, first, ran, _, topic) in zip(rows, INITIATIVES, strict=True):
        links.append(Initiative.topics.through(initiative_id=initiative.pk, topic_id=topics[topic].pk))
        for index in range(first, first + ran):
            term = terms[index]
            team = _team(people, term, kind, rng)
            if index == 3 and name == LED_BY_CAST:
                lead, newcomer = people.cast["project-lead"], people.cast["new-member"]
                team = [lead] + [person for person in team if person not in {lead, newcomer}]
            for place, person in enumerate(team):
                role = Role.Kind.LEAD if place == 0 else Role.Kind.CONTRIBUTOR
                if place == 1 and kind in {K.RESEARCH, K.CAPSTONE}:
                    role = Role.Kind.MENTOR if kind == K.CAPSTONE else Role.Kind.ADVISOR
                roles.append(Role(initiative=initiative, term=term, person=person, kind=role))
            updates += _updates(initiative, term, team, now, zone, rng)
            if index == first + ran - 1 and (index < 3 or kind == K.RESEARCH):
                made, title = rng.choice(OUTPUTS[kind])
                on = min(term.ends_on - timedelta(days=5), now.astimezone(zone).date() - timedelta(days=9))
                outputs.append(Output(initiative=initiative, kind=made, title=title.format(name), made_on=on))
    Initiative.topics.through.objects.bulk_create(links)
    Role.objects.bulk_create(roles)
    Update.objects.bulk_create(updates)
    Output.objects.bulk_create(outputs)


def _team(people: People, term: Term, kind: str, rng: random.Random) -> list[User]:
    seniors, new = people.seniors(term), people.new_in[term.pk]
    if kind == K.CAPSTONE:
        learners = rng.sample(new, 3)
        return [learners[0], rng.choice(seniors), *learners[1:]]
    team = rng.sample(seniors, rng.randrange(4, 8))
    return team + rng.sample(new, 1) if kind in {K.RESEARCH, K.OUTREACH} else team


def _updates(
    initiative: Initiative, term: Term, team: list[User], now: datetime, zone: ZoneInfo, rng: random.Random
) -> list[Update]:
    made: list[Update] = []
    day = term.starts_on + timedelta(days=18)
    while day < term.ends_on - timedelta(days=20):
        at = datetime.combine(day, time(16, rng.randrange(60)), tzinfo=zone)
        last = now - timedelta(days=25 if initiative.name == SILENT else 2)
        if at < last:
            made.append(
                Update(
                    initiative=initiative,
                    author=team[0] if len(made) % 3 else rng.choice(team),
                    done=rng.choice(DONE),
                    next=rng.choice(NEXT),
                    blocked=rng.choice(BLOCKED),
                    created_at=at,
                )
            )
        day += timedelta(days=rng.choice([14, 15, 17]))
    if term.ends_on > now.astimezone(zone).date() and initiative.name != SILENT:
        made.append(
            Update(
                initiative=initiative,
                author=team[0],
                done=rng.choice(DONE),
                next=rng.choice(NEXT),
                created_at=now - timedelta(days=rng.randrange(1, 7), hours=rng.randrange(1, 9)),
            )
        )
    return made
