"""The demo club's career fairs: fourteen companies each, their booths, and what students told them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.core.files.base import ContentFile

from events.models import Booth, Event, Fair, FairCompany, FairDisclosure, FairStudent, FairTick, Registration
from members.demo import People
from members.models import Organization, Term, User

ABOUT = """Companies and labs that build with machine learning come to talk to you: no stage, no slides, a booth each.

- Bring questions. "What did you get wrong last year?" is a good one.
- Say below whom you wish to meet, so that they bring enough people.
- A résumé is read only by the companies that you name."""

FOR_COMPANIES = """**By tram:** line 4 to *Harbour University*; the sports hall is across the lawn. **By car:** gate C, free that day.

The doors are open for building up two hours before. Each booth has a table, two chairs and power. There is coffee all
day and soup at one. A student shows you to your booth."""

TIERS = """Table: one table, two chairs, power
Table and talk: also ten minutes in the small hall
Guest: a booth for labs and charities, without a fee"""

#: Name, what they do, roles. All invented.
COMPANIES = (
    ("Fathom Robotics", "Boats that map the sea floor on their own.", "Internship in perception"),
    ("Lumen Health", "Reads scans of eyes, so that clinics see more people.", "Machine-learning engineer"),
    ("Greyfield Grid", "Forecasts what the grid will need tomorrow.", "Data scientist, two internships"),
    ("Paperkite", "Search over contracts for small law firms.", "Engineer for language models"),
    ("Orchard & Vale", "Counts fruit from drones.", "Internship in vision"),
    ("Northline Transit", "Buses that come when the table says.", "Working student, optimisation"),
    ("Sparrow Audio", "Hearing aids that follow one voice.", "Signal processing, internship"),
    ("Cobalt Reef Lab", "A lab that listens to reefs.", "Research assistant"),
    ("Tally Insurance", "Prices what floods will cost.", "Actuary with Python"),
    ("Marrow Games", "Opponents that lose gracefully.", "Reinforcement learning"),
    ("Basalt Cloud", "Training runs on power that is left over.", "Systems engineer"),
    ("Kindly", "Answers for people who wait in queues of the city.", "Conversation designer"),
    ("Ferrous", "Finds cracks in steel before they grow.", "Vision engineer"),
    ("Open Harbour", "Opens the data of the port to everybody.", "Volunteer, data engineer"),
)
PEOPLE = ("Robin Ash", "Kim Holloway", "Sasha Lind", "Noor Hale", "Jules Carver", "Toni Marsh", "Alex Wren")
ROWS = (("Row A, by the doors", 8), ("Row B, under the windows", 8))
STUDENTS, WITH_RESUME = 26, 15
NUMBERS_OF_LAST_YEAR = (41, 38, 35, 33, 30, 28, 25, 22, 19, 17, 15, 12, 11, 9)


def seed(fair_events: list[Event], people: People, terms: list[Term], now: datetime) -> None:
    """Make each of the events a fair; what is over has its counts and no résumé any more."""
    rng = random.Random(49)  # noqa: S311  of its own: nothing else in the demo changes with it
    for event in fair_events:
        fair = _fair(event, terms)
        booths = _booths(fair)
        if event.ends_at < now:
            companies = _companies(fair, booths, now, accepted=len(COMPANIES))
            for company, wished in zip(companies, NUMBERS_OF_LAST_YEAR, strict=True):
                company.wished = wished if fair.resumes_until < now else None
            FairCompany.objects.bulk_create(companies)
            if fair.resumes_until < now:
                continue
        else:
            # Eleven are in, two of them without a booth yet; one was declined, two wait for an answer.
            companies = _companies(fair, booths[:9], now, accepted=11)
            FairCompany.objects.bulk_create(companies)
        term = next((each for each in terms if each.pk == event.term_id), terms[-1])
        _students(fair, [row for row in companies if row.is_accepted], people, term, now, rng)


def _fair(event: Event, terms: list[Term]) -> Fair:
    term = next((each for each in terms if each.pk == event.term_id), terms[-1])
    return Fair.objects.create(
        event=event,
        slug=term.slug,
        about=ABOUT,
        for_companies=FOR_COMPANIES,
        tiers=TIERS,
        companies_until=event.starts_at - timedelta(days=10),
        build_up_at=event.starts_at - timedelta(hours=2),
        resumes_from=event.starts_at - timedelta(weeks=8),
        resumes_until=event.ends_at + timedelta(days=60),
        created_at=event.starts_at - timedelta(weeks=9),
    )


def _booths(fair: Fair) -> list[Booth]:
    made, number = [], 0
    for row, count in ROWS:
        for _ in range(count):
            number += 1
            made.append(Booth(fair=fair, row=row, number=number))
    made[0].note = "step-free, by the lift"
    return Booth.objects.bulk_create(made)


def _companies(fair: Fair, booths: list[Booth], now: datetime, *, accepted: int) -> list[FairCompany]:
    State = FairCompany.State
    known = {each.name.lower(): each for each in Organization.objects.all()}
    rows = []
    for number, (name, about, roles) in enumerate(COMPANIES):
        state = State.ACCEPTED if number < accepted else State.DECLINED if number == accepted else State.ASKED
        asked_at = min(now, fair.event.starts_at) - timedelta(days=20 - number, hours=number)
        is_answered = state != State.ASKED
        given, family = PEOPLE[number % len(PEOPLE)].split()
        domain = "".join(sign for sign in name.lower() if sign.isalnum())
        rows.append(
            FairCompany(
                fair=fair,
                name=name,
                website=f"https://{domain}.example",
                about=about,
                roles=roles,
                contact_name=f"{given} {family}",
                contact_email=f"{given}.{family}@{domain}.example".lower(),
                representatives=f"{given} {family}\n{PEOPLE[(number + 3) % len(PEOPLE)]}",
                needs="A second socket" if number % 4 == 0 else "",
                tier=TIERS.splitlines()[2 if "Lab" in name or "Open" in name else number % 2],
                state=state,
                asked_at=asked_at,
                confirmed_at=asked_at + timedelta(minutes=20),
                decided_at=asked_at + timedelta(days=2) if is_answered else None,
                answer="The hall is full this year. Please ask early next year."
                if state == State.DECLINED
                else "",
                booth=booths[number] if state == State.ACCEPTED and number < len(booths) else None,
                organization=known.get(name.lower()) if state == State.ACCEPTED else None,
                notes="Came last year; wants to be near a window." if number == 3 else "",
            )
        )
    return rows


def _students(
    fair: Fair, companies: list[FairCompany], people: People, term: Term, now: datetime, rng: random.Random
) -> None:
    """Who said whom they wish to meet; some with a résumé, and two companies that have taken some of them."""
    active = people.active_in[term.pk]
    known = people.cast.get("member")
    chosen = rng.sample([person for person in active if person != known], min(STUDENTS, len(active) - 1))
    coming = [*([known] if known in active else []), *chosen]
    _sign_up(fair, coming, now)
    for number, person in enumerate(coming):
        told_at = now - timedelta(days=rng.uniform(1, 9))
        to_all = number % 9 == 4
        student = FairStudent.objects.create(
            fair=fair,
            user=person,
            field=person.study[:80],
            graduates_in=person.graduates_on.year if person.graduates_on else None,
            is_open_to_all=to_all,
            opened_to_all_at=told_at if to_all else None,
            created_at=told_at,
            updated_at=told_at,
        )
        if number < WITH_RESUME:
            student.resume.save("resume.pdf", ContentFile(_resume(person)), save=False)
            student.resume_at, student.pages = told_at, 1
            student.save()
        meets = rng.sample(companies, min(len(companies), rng.randrange(3, 7)))
        opened = meets[: rng.randrange(0, 4)] if number else meets[:3]
        FairTick.objects.bulk_create(
            FairTick(
                student=student,
                company=company,
                wants_to_meet=True,
                is_open=company in opened,
                opened_at=told_at if company in opened else None,
            )
            for company in meets
        )
        if number == 0:
            FairDisclosure.objects.bulk_create(
                FairDisclosure(
                    company=company,
                    person=person,
                    what="resume",
                    at=now - timedelta(hours=5 + 20 * at),
                    network=network,
                )
                for at, (company, network) in enumerate(
                    zip(opened, ("192.0.2.0/24", "198.51.100.0/24"), strict=False)
                )
            )


def _sign_up(fair: Fair, coming: list[User], now: datetime) -> None:
    """Whoever says whom they wish to meet is signed up by it."""
    known = set(Registration.objects.filter(event=fair.event).values_list("user", flat=True))
    rows = []
    for number, person in enumerate(coming):
        if person.pk not in known:
            at = now - timedelta(days=9, hours=-number)
            rows.append(Registration(event=fair.event, user=person, created_at=at, updated_at=at))
    Registration.objects.bulk_create(rows)


def _resume(person: User) -> bytes:
    """A page with a name that nobody has, made here."""
    name = (
        person.display_name.encode("latin-1", "replace")
        .replace(b"(", b"")
        .replace(b")", b"")
        .replace(b"\\", b"")
    )
    text = b"BT /F1 20 Tf 60 760 Td (" + name + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        data
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    )
