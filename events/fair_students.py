"""A career fair from the students' side: whom they wish to meet, who may know them, and what was given to whom.

A company knows a student only while the student says so, while the company is accepted, and between the two days that
the fair says. Everything that leaves is written down in the same transaction.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count, Q

from events.models import Fair, FairCompany, FairDisclosure, FairStudent, FairTick
from members import audit
from members.models import User
from mlclub.refusal import Refused

What = FairDisclosure.What


@transaction.atomic
def save(
    fair: Fair,
    user: User,
    *,
    field: str,
    graduates_in: int | None,
    meets: Collection[int],
    opens: Collection[int],
    opens_to_all: bool,
    resume: tuple[bytes, int] | None = None,
    removes_resume: bool = False,
    now: datetime,
) -> FairStudent:
    """Write down all that a student says for a fair: companies (by key) to meet and to be known by, and the résumé
    (bytes, pages). What is not named is unsaid. Raises Refused once the fair takes no wishes any more."""
    if not fair.takes_wishes(now):
        raise Refused("This fair is over, and what students said for it is deleted.")
    rows = FairStudent.objects.select_for_update(of=("self",))
    student, _ = rows.get_or_create(fair=fair, user=user, defaults={"created_at": now, "updated_at": now})
    student.field, student.graduates_in = field.strip(), graduates_in
    if opens_to_all and not student.is_open_to_all:
        student.opened_to_all_at = now
    student.is_open_to_all = opens_to_all
    student.updated_at = now
    _tick(student, set(meets), set(opens), now)
    old = str(student.resume.name or "")
    if resume is not None:
        data, pages = resume
        student.resume.save("resume.pdf", ContentFile(data), save=False)
        student.resume_at, student.pages = now, pages
    elif removes_resume:
        student.resume, student.resume_at, student.pages = "", None, 0
    student.save()
    if old and old != student.resume.name:
        _delete_later(student, old)
    return student


def _tick(student: FairStudent, meets: set[int], opens: set[int], now: datetime) -> None:
    """Rows for what is said; the day of a consent stays that of when it was given first. Companies that are not at
    the fair (any more) keep what was said of them: the student did not see them."""
    shown = set(FairCompany.objects.accepted().filter(fair=student.fair_id).values_list("pk", flat=True))
    known = {row.company_id: row for row in FairTick.objects.filter(student=student, company__in=shown)}
    for company in shown:
        wants, is_open, row = company in meets, company in opens, known.get(company)
        if not wants and not is_open:
            if row is not None:
                row.delete()
            continue
        row = row or FairTick(student=student, company_id=company)
        if is_open and not row.is_open:
            row.opened_at = now
        row.wants_to_meet, row.is_open = wants, is_open
        row.save()


@transaction.atomic
def withdraw(fair: Fair, user: User) -> bool:
    """Unsay everything for a fair and delete the résumé at once. False when nothing was said."""
    student = FairStudent.objects.select_for_update(of=("self",)).filter(fair=fair, user=user).first()
    if student is None:
        return False
    _delete(student)
    return True


def _delete(student: FairStudent) -> None:
    name = str(student.resume.name or "")
    if name:
        _delete_later(student, name)
    student.delete()


def _delete_later(student: FairStudent, name: str) -> None:
    storage = student.resume.storage
    transaction.on_commit(lambda: storage.delete(name))


# ── What leaves ──


def open_to(company: FairCompany, now: datetime) -> list[FairStudent]:
    """Who lets the company know them, by name; nobody unless it may look now."""
    if not company.reads_resumes(now):
        return []
    return list(FairStudent.objects.open_to(company).select_related("user").order_by("user__name", "pk"))


@transaction.atomic
def take_resume(
    company: FairCompany, student_pk: int, *, address: str, now: datetime
) -> tuple[FairStudent, bytes] | None:
    """One résumé for a company, marked with who took it, and written down; None when it may not have it."""
    student = (
        FairStudent.objects.open_to(company)
        .select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=student_pk)
        .exclude(resume="")
        .first()
    )
    if student is None or not company.reads_resumes(now):
        return None
    with student.resume.open("rb") as opened:
        data = opened.read()
    row = _write_down(company, [student.user], What.RESUME, address=address, now=now)[0]
    return student, marked(data, company, row.pk, now)


def marked(data: bytes, company: FairCompany, number: int, now: datetime) -> bytes:
    """The file with a last line that no reader shows: for whom this copy was made. A copy that turns up elsewhere
    says whose it was."""
    name = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in company.name)[:60]
    return (
        data.rstrip()
        + f"\n% copy {number} for {name} of {now:%Y-%m-%d}, not to be passed on\n%%EOF\n".encode()
    )


@transaction.atomic
def take_list(company: FairCompany, *, address: str, now: datetime) -> list[FairStudent]:
    """Everybody who is open to the company, for its own table; each of them finds it written down."""
    students = open_to(company, now)
    _write_down(company, [student.user for student in students], What.LIST, address=address, now=now)
    return students


def _write_down(
    company: FairCompany, people: Iterable[User], what: str, *, address: str, now: datetime
) -> list[FairDisclosure]:
    rows = FairDisclosure.objects.bulk_create(
        [
            FairDisclosure(company=company, person=person, what=what, at=now, network=network_of(address))
            for person in people
        ]
    )
    if rows:
        audit.record(
            None,
            "resume-downloaded" if what == What.RESUME else "fair-list-downloaded",
            rows[0] if what == What.RESUME else company,
            after={"company": company.name, "people": len(rows)},
        )
    return rows


def network_of(address: str) -> str:
    """The network of an address on the internet: 192.0.2.0/24; nothing where there is none."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    return str(ipaddress.ip_network((known, 24 if known.version == 4 else 48), strict=False))


# ── Housekeeping ──


def forget(now: datetime) -> int:
    """Delete what students said, and their files, once the day that the fair named has come. The counts of wishes
    stay with the companies."""
    gone = 0
    due = FairStudent.objects.filter(fair__resumes_until__lte=now)
    for fair in Fair.objects.filter(pk__in=due.values("fair")).order_by("pk"):
        gone += _forget_fair(fair)
    return gone


@transaction.atomic
def _forget_fair(fair: Fair) -> int:
    students = list(FairStudent.objects.select_for_update(of=("self",)).filter(fair=fair).order_by("pk"))
    wishes = Count("ticks", filter=Q(ticks__wants_to_meet=True))
    for company in FairCompany.objects.filter(fair=fair, wished=None).annotate(wishes=wishes):
        FairCompany.objects.filter(pk=company.pk).update(wished=getattr(company, "wishes", 0))
    for student in students:
        _delete(student)
    return len(students)


def personal_data(person: User) -> list[dict[str, Any]]:
    """What somebody said for fairs and what companies took of them, for their copy."""
    return [
        {
            "company": row.company.name,
            "fair": row.company.fair.event.title,
            "what": row.get_what_display(),
            "at": row.at.isoformat(),
        }
        for row in FairDisclosure.objects.filter(person=person).select_related("company__fair__event")
    ]
