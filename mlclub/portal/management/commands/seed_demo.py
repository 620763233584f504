"""Fills an empty database with the demo club."""

from __future__ import annotations

import random
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

import events.demo
import members.demo
import nmep.demo
import projects.demo
import wiki.demo
import wiki.post_demo
from members.demo import MAIL_DOMAIN
from members.models import Club, User
from mlclub import planner
from mlclub.portal import demo_ledger, wiping


class Command(BaseCommand):
    help = "Make the demo club: invented, the same for the same seed, and in week 7 of its term on the day it is made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--today", type=date.fromisoformat, help="The day to make it for (YYYY-MM-DD).")
        parser.add_argument("--seed", type=int, default=2022)
        parser.add_argument("--wipe", action="store_true", help="Remove the demo club first.")

    def handle(self, *args: Any, **options: Any) -> None:
        strangers = User.objects.exclude(email__endswith=f"@{MAIL_DOMAIN}").exclude(is_superuser=True)
        if strangers.exists():
            raise CommandError("There are members who are not of the demo club. Nothing was changed.")
        if User.objects.exists() and not options["wipe"]:
            raise CommandError("There is a club already. --wipe removes the demo club first.")
        if not (settings.DEMO or settings.DEBUG or not settings.PRODUCTION):
            raise CommandError("This portal is in production; the demo club does not belong there.")
        rng = random.Random(options["seed"])  # noqa: S311  for variety, not for secrets
        with transaction.atomic():
            if options["wipe"]:
                wiping.wipe()
            zone = Club(time_zone=members.demo.ZONE).zone
            today = options["today"] or timezone.now().astimezone(zone).date()
            club, terms, people = members.demo.seed(today, rng)
            now = datetime.combine(today, time(12), tzinfo=zone) if options["today"] else timezone.now()
            demo_terms = terms[:4]
            wiki.demo.seed(people, now, rng)
            wiki.post_demo.seed(people, now, random.Random(options["seed"]))  # noqa: S311  as above
            events.demo.seed(people, demo_terms, now, rng)
            projects.demo.seed(people, demo_terms, now, rng)
            nmep.demo.seed(people, demo_terms, now, rng)
            demo_ledger.seed(people, now, rng)
        planner.look_again()  # the first pages are planned for what is there now
        self.stdout.write(f"{club} is there, in week 7 of {terms[3]}: {User.objects.count()} people.")
