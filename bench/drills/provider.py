"""Drill 18: a mail provider in every temper, over real SMTP. Each code has its consequence, nothing is lost, nobody who
waits is kept behind a slow one, and silence after the text sends a reminder once more and a digest never."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import django

MAILS = int(os.environ.get("DRILL_MAILS", "20"))
SLOW = float(os.environ.get("DRILL_SLOW_SECONDS", "30"))

#: What the server answers to RCPT, and what becomes of the mail in the end when the server stays so, or comes round.
ANSWERS = {
    "greylisted": ("451 4.7.1 Greylisted, come back later", "sent"),
    "busy": ("421 4.3.2 Too busy", "sent"),
    "mailbox busy": ("450 4.2.0 Mailbox busy", "sent"),
    "no such user": ("550 5.1.1 No such user", "dead"),
    "mailbox full": ("552 5.2.2 Mailbox full", "dead"),
    "refused": ("554 5.7.1 Refused", "dead"),
}


def main() -> int:
    django.setup()
    from aiosmtpd.controller import Controller
    from django.db import connection
    from django.utils import timezone

    from bench.drills._mail import a_report, use
    from members.ledger import Category, Due, kind, tell_many
    from members.ledger.sending import sweep
    from members.models import Club, Notification, Suppression
    from mlclub.supervisor.engines import free_port

    Club.objects.get_or_create(pk=1)
    wrong: list[str] = []

    class Provider:
        """Refuses by the first word of the address until it is `mended`; may be slow, or fall silent after the text."""

        def __init__(self) -> None:
            self.taken: list[tuple[str, str]] = []
            self.is_mended = self.refuses_us = self.is_silent = False
            self.slow = 0.0

        async def handle_MAIL(
            self, server: Any, session: Any, envelope: Any, address: str, options: Any
        ) -> str:
            if self.refuses_us:
                return "535 5.7.8 Authentication credentials invalid"
            envelope.mail_from = address
            return "250 OK"

        async def handle_RCPT(
            self, server: Any, session: Any, envelope: Any, address: str, options: Any
        ) -> str:
            temper = address.partition(".")[0].replace("-", " ")
            answer, ends = ANSWERS.get(temper, ("", ""))
            if answer and not (self.is_mended and ends == "sent"):
                return answer
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            import asyncio
            from email import message_from_bytes

            message_id = message_from_bytes(envelope.content)["Message-ID"]
            self.taken.append((envelope.rcpt_tos[0], message_id))
            await asyncio.sleep(self.slow)
            return "250 OK"

    provider = Provider()
    port = free_port()
    controller = Controller(provider, hostname="127.0.0.1", port=port)
    controller.start()
    use(port)
    from django.conf import settings

    settings.EMAIL_TIMEOUT = SLOW + 5
    report = a_report()

    def context(self: object, row: Any) -> dict[str, Any]:
        return {"report": report, "url": ""}

    def declare(slug: str, category: Category) -> Any:
        return kind(
            slug,
            label=slug,
            template="members/mail/problem_reported",
            category=category,
            why="because of a drill",
        )(type(slug, (), {"context": context, "__qualname__": slug}))

    reminder = declare("drill-reminder", Category.REMINDER)
    digest = declare("drill-digest", Category.DIGEST)
    urgent = declare("drill-urgent", Category.TRANSACTIONAL)
    rows = Notification.objects.filter(kind__startswith="drill-")
    now = timezone.now()
    noon = now.replace(hour=12)

    # 1. By their code: what is put off comes once the server comes round, what is refused is dead at once.
    for temper in ANSWERS:
        addresses = [f"{temper.replace(' ', '-')}.{number}@club.example" for number in range(MAILS)]
        tell_many(reminder, [Due(address=address) for address in addresses], now=noon)
    tell_many(reminder, [Due(address=f"fine.{number}@club.example") for number in range(MAILS)], now=noon)
    sweep(noon)
    fine = rows.filter(address__startswith="fine.", status="sent").count()
    if fine != MAILS:
        wrong.append(f"{MAILS - fine} mails waited behind refused ones")
    provider.is_mended = True
    sweep(noon + timedelta(minutes=2))
    by_code = {}
    for temper, (_, ends) in ANSWERS.items():
        found = rows.filter(address__startswith=f"{temper.replace(' ', '-')}.")
        by_code[temper] = dict(Counter(found.values_list("status", flat=True)))
        if by_code[temper] != {ends: MAILS}:
            wrong.append(f"{temper}: {by_code[temper]}, not {ends}")
    paused = Suppression.objects.standing().count()
    if paused != MAILS:
        wrong.append(f"{paused} addresses are paused; only those without a mailbox should be")

    # 2. A server that refuses the portal itself: nothing is tried, nothing is lost, the desk is told.
    tell_many(reminder, [Due(address=f"later.{number}@club.example") for number in range(MAILS)], now=noon)
    provider.refuses_us = True
    sweep(noon + timedelta(minutes=3))
    stopped = rows.filter(address__startswith="later.", status="pending", attempts=0).count()
    told = bool(Club.objects.get(pk=1).mail_problem)
    provider.refuses_us = False
    sweep(noon + timedelta(minutes=9))
    after = rows.filter(address__startswith="later.", status="sent").count()
    if (stopped, told, after) != (MAILS, True, MAILS):
        wrong.append(f"535: {stopped} untouched, desk told {told}, {after} sent afterwards")

    # 3. Silence after the text: a reminder once more under the same Message-ID, a digest never.
    provider.slow, settings.EMAIL_TIMEOUT = 1.5, 0.5
    tell_many(reminder, [Due(address="silent.reminder@club.example")], now=noon)
    tell_many(digest, [Due(address="silent.digest@club.example")], now=noon)
    at = noon + timedelta(minutes=10)
    sweep(at)
    provider.slow = 0.0
    settings.EMAIL_TIMEOUT = 5
    sweep(at + timedelta(minutes=2))
    sweep(at + timedelta(minutes=10))
    copies = {
        name: [
            message_id for address, message_id in provider.taken if address == f"silent.{name}@club.example"
        ]
        for name in ("reminder", "digest")
    }
    if len(copies["reminder"]) != 2 or len(set(copies["reminder"])) != 1:
        wrong.append(f"the reminder came as {copies['reminder']}")
    if len(copies["digest"]) != 1 or rows.get(address="silent.digest@club.example").status != "unknown":
        wrong.append("the digest was sent again")

    # 4. A slow server and many digests: who waits is not kept behind them.
    provider.slow, settings.EMAIL_TIMEOUT = SLOW, SLOW + 5
    tell_many(digest, [Due(address=f"slow.{number}@club.example") for number in range(3)], now=noon)

    def send_slowly() -> None:
        try:
            sweep(noon + timedelta(minutes=30))
        finally:
            connection.close()

    sender = threading.Thread(target=send_slowly)
    began = time.monotonic()
    sender.start()
    time.sleep(min(1.0, SLOW / 2))
    tell_many(urgent, [Due(address="waits@club.example")], now=noon)
    sender.join()
    order = [address for address, _ in provider.taken][-4:]
    place = order.index("waits@club.example") + 1 if "waits@club.example" in order else 0
    if place != 2:
        wrong.append(f"the urgent mail came as number {place} of {order}")
    controller.stop()
    print(
        json.dumps(
            {
                "by_code": by_code,
                "untouched_while_refused": stopped,
                "copies_of_a_reminder_after_silence": len(copies["reminder"]),
                "copies_of_a_digest_after_silence": len(copies["digest"]),
                "place_of_the_urgent_mail_behind_slow_ones": place,
                "seconds_with_a_slow_server": round(time.monotonic() - began, 1),
                "wrong": wrong,
            }
        ),
        flush=True,
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
