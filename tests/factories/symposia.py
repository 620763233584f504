from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from events.models import (
    Abstract,
    AbstractAuthor,
    AbstractReview,
    CoHost,
    ProgrammeSession,
    Symposium,
    SymposiumGuest,
    Track,
)
from tests.factories.contacts import make_contact, make_organization
from tests.factories.events import make_event

number = count(1)


def make_symposium(*, event=None, slug=None, hosts=(), **fields):
    """A symposium in thirty days whose call is open for ten more."""
    now = timezone.now().replace(second=0, microsecond=0)
    event = event or make_event(
        title="Symposium", starts_at=now + timedelta(days=30), hours=8, hosts=hosts, kind="other"
    )
    fields.setdefault("deadline", now + timedelta(days=10))
    return Symposium.objects.create(event=event, slug=slug or f"symposium-{next(number)}", **fields)


def make_co_host(*, symposium, **fields):
    club = make_organization(kind="campus_club")
    fields.setdefault("lead", make_contact(organization=club))
    return CoHost.objects.create(symposium=symposium, organization=club, **fields)


def make_abstract(*, symposium, authors=None, title=None, state="submitted", **fields):
    """One that was handed in; `authors` are addresses, the first of whom presents."""
    n = next(number)
    email = fields.pop("email", f"author{n}@other.example")
    abstract = Abstract.objects.create(
        symposium=symposium,
        title=title or f"Abstract {n}",
        text="We measured it.",
        email=email,
        state=state,
        **fields,
    )
    for at, address in enumerate(authors or [email]):
        AbstractAuthor.objects.create(
            abstract=abstract,
            name=address.split("@")[0].title(),
            email=address,
            presents=at == 0,
            position=at,
        )
    return abstract


def make_track(*, symposium, name=None):
    return Track.objects.create(symposium=symposium, name=name or f"Track {next(number)}")


def make_programme_session(*, track, begins=0, hours=1, kind="talks", **fields):
    """A session that begins so many hours after the symposium."""
    start = track.symposium.event.starts_at + timedelta(hours=begins)
    return ProgrammeSession.objects.create(
        track=track,
        kind=kind,
        title=fields.pop("title", f"Session {next(number)}"),
        starts_at=start,
        ends_at=start + timedelta(hours=hours),
        **fields,
    )


def make_abstract_review(*, abstract, reviewer, **fields):
    return AbstractReview.objects.create(abstract=abstract, reviewer=reviewer, **fields)


def make_symposium_guest(*, symposium, **fields):
    n = next(number)
    return SymposiumGuest.objects.create(
        symposium=symposium, **{"name": f"Guest {n}", "email": f"guest{n}@other.example", **fields}
    )
