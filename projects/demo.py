"""The demo club's forty initiatives over four terms, with teams, updates and what is left of them."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from members.demo import People
from members.models import Club, Term, Topic, User
from projects import demo_groups
from projects.demo_texts import BLOCKED, DONE, INITIATIVES, LINKS, NEXT, OUTPUTS
from projects.models import Initiative, InitiativeLink, Inspiration, Output, Role, Update
from wiki import publishing
from wiki.models import ReaderNote
from wiki.post_demo import INSPIRING

K, S, V, F = Initiative.Kind, Initiative.State, Initiative.Visibility, Initiative.Face

EXTERNAL = {K.CONSULTING, K.COMPETITION, K.OUTREACH}
#: Running in the last term and silent for more than three weeks, so that the desk has something to say.
SILENT = "Marigold"
#: A study group that met between two terms.
OVER_THE_BREAK = "Language as a prior"
#: A study group that began with a reader's note on a post.
INSPIRED = "Optimisation reading room"
#: The project of the demo's sign-in button.
LED_BY_CAST = "Tidepool"
#: The project that the demo's officer advises.
ADVISED_BY_CAST = "Few words, many tongues"


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
        if name == OVER_THE_BREAK:
            rows[-1].started_on = terms[first - 1].ends_on + timedelta(days=9)
    Initiative.objects.bulk_create(rows)
    by_name = {row.name: row for row in rows}
    for earlier, later, link, note in LINKS:
        InitiativeLink.objects.create(
            earlier=by_name[earlier],
            later=by_name[later],
            kind=link,
            note=note,
            created_at=by_name[later].created_at,
        )
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
            if index == 3 and name == ADVISED_BY_CAST:
                officer = people.cast["officer"]
                team = [person for person in team if person != officer]
                team.insert(1, officer)
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
    demo_groups.seed(terms, now)
    _inspire(by_name[INSPIRED])


def _inspire(group: Initiative) -> None:
    """A study group came of what a reader wrote under a post."""
    note = ReaderNote.objects.filter(post__title=INSPIRING, wants_to_work=True).select_related("post").first()
    if note is None:
        return
    Inspiration.objects.create(post=note.post, initiative=group, note=note, created_at=group.created_at)
    publishing.answer_note(note, by=note.post.credits()[0].user, now=group.created_at)


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
