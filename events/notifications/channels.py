"""What channels of Discord and Slack are told about events: one message an occurrence, edited when it changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from events.models import Event, Visibility
from events.notifications.registrations import spoken
from members.ledger.channels import Post, Poster, poster
from members.models import ChannelPost

#: So long before it begins an event is posted.
AHEAD = timedelta(days=7)
OPEN = [Visibility.PUBLIC, Visibility.MEMBERS]


@poster("event-post")
class EventPost(Poster):
    """Title, time, place and the page. Never the meeting link, never who comes."""

    def due(self, now: datetime) -> dict[str, Post | None]:
        coming = Q(
            state=Event.State.SCHEDULED, visibility__in=OPEN, starts_at__gt=now, starts_at__lte=now + AHEAD
        )
        # What is posted is followed until it is over, wherever it was moved and whatever became of it.
        posted = ChannelPost.objects.filter(
            about__startswith="events.event:", posted_at__gt=now - timedelta(days=120)
        )
        keys = {int(about.rpartition(":")[2]) for about in posted.values_list("about", flat=True)}
        events = Event.objects.filter(coming | Q(pk__in=keys, ends_at__gt=now))
        return {
            f"events.event:{event.pk}": said_of(event, now) for event in events.defer("description", "search")
        }

    def post(self, about: str, now: datetime) -> Post | None:
        event = Event.objects.filter(pk=about.rpartition(":")[2]).first()
        return said_of(event, now) if event else None


def said_of(event: Event, now: datetime) -> Post | None:
    """What a channel says of an event; nothing new once it is over."""
    if event.ends_at <= now:
        return None
    if event.visibility not in OPEN:
        return Post(text="", url="", is_public=False, is_for_members=False)
    where = f", {event.place}" if event.place else ", online" if event.online_url else ""
    line = f"{' '.join(event.title.split())}: {spoken(event)}{where}"
    return Post(
        text=f"Cancelled: {line}" if event.is_cancelled else line,
        url=settings.SITE_URL + event.get_absolute_url(),
        is_public=event.visibility == Visibility.PUBLIC,
    )
