"""Dealing, holding, phrases, another look, starters."""

from __future__ import annotations

from django.core.files.base import ContentFile

from nmep.models import Part, Phrase
from tests.access.cases import IN_THE_COURSE, LEADS, OTHER_LEADS, STAFF, of_offerings, of_work
from tests.access.doors import NO, Case, only

TABLE = {
    "nmep:part_starter": [
        Case(
            "of an open homework",
            IN_THE_COURSE,
            NO,
            lambda world: {"slug": "ours", "key": world.assignment.key, "pk": world.starter.pk},
        ),
    ],
    "nmep:review_deal": of_offerings(LEADS, OTHER_LEADS, only("education")),
    "nmep:review_take_back": of_offerings(LEADS, OTHER_LEADS, only("education"), posts=True),
    "nmep:review_hold": [
        Case("ours", NO, LEADS, lambda world: {"slug": "ours", "key": world.assignment.key}),
    ],
    "nmep:review_release": [
        Case("ours", LEADS, LEADS, lambda world: {"slug": "ours", "key": world.assignment.key}),
    ],
    "nmep:review_withdraw": of_work(only(), only(), posts=True),
    "nmep:phrase_list": of_offerings(STAFF, only("education"), only("education")),
    "nmep:phrase_delete": [
        Case("a shared one", NO, LEADS, lambda world: {"slug": "ours", "pk": world.phrase.pk}),
    ],
    "nmep:look_ask": of_work(only(), only(), posts=True),
    "nmep:look_answer": of_work(only(), only(), posts=True),
}
ADMIN = {"nmep_phrase": ("education",), "nmep_secondlook": ("education",)}


def build(world):
    world.phrase = Phrase.objects.create(offering=world.offering, text="Say what the axes are.")
    part = Part.objects.create(
        assignment=world.assignment, position=9, kind=Part.Kind.FILE, title="Data", is_required=False
    )
    part.skeleton.save("starter.ipynb", ContentFile(b'{"cells": []}'))
    world.starter = part
