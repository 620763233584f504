from __future__ import annotations

from django.utils import timezone

from members.models import Pairing, PairingMember


def make_pairing(
    *people, kind=Pairing.Kind.HOMEWORK, state=Pairing.State.ACTIVE, now=None, mentor=None, **fields
):
    """People who were brought together; `mentor` besides, as their mentor."""
    now = now or timezone.now()
    if state == Pairing.State.ACTIVE:
        fields.setdefault("published_at", now)
    if state in (Pairing.State.ENDED, Pairing.State.DECLINED):
        fields.setdefault("ended_at", now)
    pairing = Pairing.objects.create(kind=kind, state=state, created_at=now, **fields)
    part = PairingMember.Part.MENTEE if mentor else PairingMember.Part.PEER
    for person in people:
        PairingMember.objects.create(pairing=pairing, person=person, part=part)
    if mentor:
        PairingMember.objects.create(pairing=pairing, person=mentor, part=PairingMember.Part.MENTOR)
    return pairing
