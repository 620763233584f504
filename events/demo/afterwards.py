"""What the demo club's events left: topics to find them by, counted rooms, pictures of socials, and thanks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count

from events.models import Album, Event, HeadCount, Kind, Talk, ThankYou
from members.audit import subject_of
from members.models import Thanks, Topic, User

#: A word of a title, and the topic that it stands for.
WORDS = {
    "attention": "Transformers",
    "transformer": "Transformers",
    "token": "Language models",
    "language": "Language models",
    "fine-tune": "Language models",
    "diffusion": "Generative models",
    "image": "Computer vision",
    "vision": "Computer vision",
    "reinforcement": "Reinforcement learning",
    "policy": "Reinforcement learning",
    "reward": "Reinforcement learning",
    "graph": "Graphs",
    "data": "Data work",
    "gradient": "Optimisation",
    "train": "Optimisation",
    "robot": "Robotics",
    "paper": "Research craft",
}
SENTENCES = (
    "You made it easy to follow, and people stayed to ask.",
    "Thank you for preparing so well: the room understood it.",
    "Thank you for the examples. Three people told me that they tried them at home.",
)
MOST_THANKS = 90


def seed(
    events: list[Event], speaking: list[tuple[Talk, User]], hosting: list[tuple[Event, User]], now: datetime
) -> None:
    """Of `events` as they were made, with who speaks and who hosts."""
    _name_topics(events)
    hosts: dict[int, User] = {}
    for event, user in hosting:
        hosts.setdefault(event.pk, user)
    past = [event for event in events if event.ends_at < now and not event.is_cancelled]
    meetings = Event.objects.filter(pk__in=[event.pk for event in past], kind=Kind.MEETING)
    here = dict(meetings.annotate(here=Count("attendances")).order_by().values_list("pk", "here"))
    HeadCount.objects.bulk_create(
        HeadCount(
            event=event,
            people=here[event.pk] + at % 4,
            by=hosts.get(event.pk),
            at=event.starts_at + timedelta(minutes=30),
        )
        for at, event in enumerate(past)
        if event.pk in here
    )
    Album.objects.bulk_create(
        Album(
            event=event,
            url=f"https://pictures.club.example/{event.slug}-{event.starts_at:%Y%m%d}",
            vouched_by=hosts.get(event.pk),
            vouched_at=min(now, event.ends_at + timedelta(days=1)),
        )
        for event in past
        if event.kind == Kind.SOCIAL
    )
    _thank(past, speaking, hosts, now)


def _name_topics(events: list[Event]) -> None:
    topics = {topic.name.lower(): topic for topic in Topic.objects.all()}
    rows = []
    for event in events:
        words = event.title.lower()
        for name in {name for word, name in WORDS.items() if word in words}:
            topic = topics.get(name.lower())
            if topic is None:
                topic = topics[name.lower()] = Topic.objects.create(
                    name=name, slug=name.lower().replace(" ", "-")
                )
            rows.append(Event.topics.through(event_id=event.pk, topic_id=topic.pk))
    Event.topics.through.objects.bulk_create(rows)


def _thank(
    past: list[Event], speaking: list[tuple[Talk, User]], hosts: dict[int, User], now: datetime
) -> None:
    """The latest speakers with an account, thanked by the host on the day after."""
    taken = {event.pk: event for event in past}
    given = [(taken[talk.event_id], user) for talk, user in speaking if talk.event_id in taken]
    latest = sorted(given, key=lambda pair: (pair[0].starts_at, pair[0].pk), reverse=True)[:MOST_THANKS]
    thanked: dict[int, ThankYou] = {}
    rows, people = [], []
    for number, (event, user) in enumerate(latest):
        host = hosts.get(event.pk)
        at = event.ends_at + timedelta(hours=20)
        if host is None or host.pk == user.pk or at > now or event.pk in thanked:
            continue
        sentence = SENTENCES[number % len(SENTENCES)]
        rows.append(Thanks(by=host, to=user, about=subject_of(event), sentence=sentence, at=at))
        thanked[event.pk] = ThankYou(event=event, sentence=sentence, by=host, saved_at=at, sent_at=at)
        people.append((event.pk, user.pk))
    Thanks.objects.bulk_create(rows)
    ThankYou.objects.bulk_create(thanked.values())
    ThankYou.people.through.objects.bulk_create(
        ThankYou.people.through(thankyou_id=thanked[event].pk, user_id=user) for event, user in people
    )
