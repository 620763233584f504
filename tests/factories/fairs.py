from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.core.files.base import ContentFile
from django.utils import timezone

from events.models import Booth, Fair, FairCompany, FairStudent, FairTick
from tests.factories.events import make_event
from tests.factories.members import make_user

number = count(1)


def make_pdf(*, pages=1, more=b"", title="Résumé"):
    """A small PDF with empty pages; `more` are further objects within it."""
    kids = b" ".join(b"%d 0 R" % (10 + n) for n in range(pages))
    body = b"".join(
        b"%d 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n" % (10 + n)
        for n in range(pages)
    )
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [" + kids + b"] /Count %d >>\nendobj\n" % pages
        + b"3 0 obj\n<< /Title (" + title.encode("latin-1") + b") >>\nendobj\n"
        + body + more + b"trailer\n<< /Root 1 0 R /Info 3 0 R >>\n%%EOF\n"
    )  # fmt: skip


def make_fair(*, event=None, slug=None, booths=0, **fields):
    """A fair in 30 days, whose résumés companies read from two days before it to 60 days after."""
    event = event or make_event(title="Career fair", starts_at=timezone.now() + timedelta(days=30), hours=4)
    fields.setdefault("companies_until", event.starts_at - timedelta(days=7))
    fields.setdefault("resumes_from", event.starts_at - timedelta(days=2))
    fields.setdefault("resumes_until", event.ends_at + timedelta(days=60))
    fair = Fair.objects.create(event=event, slug=slug or f"fair-{next(number)}", **fields)
    Booth.objects.bulk_create([Booth(fair=fair, row="Row A", number=n + 1) for n in range(booths)])
    return fair


def make_company(*, fair=None, name=None, state=FairCompany.State.ACCEPTED, booth=None, **fields):
    """An accepted company without a booth, as it stands in the table, unless told otherwise."""
    n, now = next(number), timezone.now()
    fields.setdefault("contact_name", f"Recruiter {n}")
    fields.setdefault("contact_email", f"jobs{n}@company.example")
    fields.setdefault("confirmed_at", now)
    if state in (FairCompany.State.ACCEPTED, FairCompany.State.DECLINED):
        fields.setdefault("decided_at", now)
    return FairCompany.objects.create(
        fair=fair or make_fair(), name=name or f"Company {n}", state=state, booth=booth, **fields
    )


def make_fair_student(*, fair, user=None, meets=(), opens=(), to_all=False, resume=None, **fields):
    """What a student said: companies to meet, companies that may know them, and the bytes of a résumé."""
    now = timezone.now()
    student = FairStudent.objects.create(
        fair=fair,
        user=user or make_user(),
        is_open_to_all=to_all,
        opened_to_all_at=now if to_all else None,
        **fields,
    )
    if resume is not None:
        student.resume.save("x.pdf", ContentFile(resume), save=False)
        student.resume_at, student.pages = now, 1
        student.save()
    for company in {*meets, *opens}:
        FairTick.objects.create(
            student=student,
            company=company,
            wants_to_meet=company in meets,
            is_open=company in opens,
            opened_at=now if company in opens else None,
        )
    return student
