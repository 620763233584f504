from __future__ import annotations

from django.utils import timezone

from events.models import Album
from members.audit import subject_of
from members.models import Thanks


def make_album(*, event, by=None, url="https://pictures.club.example/album", **fields):
    return Album.objects.create(event=event, vouched_by=by, url=url, **fields)


def make_thanks(*, to, by, about, sentence="Thank you for the evening.", at=None):
    return Thanks.objects.create(
        to=to, by=by, about=subject_of(about), sentence=sentence, at=at or timezone.now()
    )
