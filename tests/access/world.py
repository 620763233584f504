"""One small club with something of everything, and every kind of visitor it has to tell apart."""

from __future__ import annotations

import base64
import io
from datetime import date, timedelta
from types import SimpleNamespace

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from events import feeds, registrations
from events.models import Attendance, Material
from members import first_run, invitations
from members.ledger import stopping
from members.models import Membership, Notification, Office, OfficeTerm, Preference
from nmep.models import Comment, Enrolment, Offering
from tests.access import parts
from tests.factories import (
    make_alumnus,
    make_club,
    make_event,
    make_material,
    make_member,
    make_new_member,
    make_officer,
    make_page,
    make_registration,
    make_series,
    make_talk,
    make_term,
    make_user,
)
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
    notebook,
)
from tests.factories.projects import make_initiative
from wiki import editing, pictures


#: A picture as a cell of a notebook keeps it.
def drawing() -> dict[str, object]:
    encoded = base64.b64encode(png()).decode()
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": encoded}}


def png() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(held, "PNG")
    return held.getvalue()


class World(SimpleNamespace):
    """What the tables name. Each name is given once: two parts that took the same one would ask for each other's rows."""

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(f"Another part has a {name} in the world already.")
        super().__setattr__(name, value)


def build() -> World:
    """The people of `visitors` and the objects that the tables name."""
    world = World()
    world.club = make_club()
    world.term = make_term()
    world.visitors = _people()
    for part in (_members, _wiki, _events, _projects, _nmep):
        part(world)
    for part in parts.every():
        if hasattr(part, "build"):
            part.build(world)
    return world


def _people() -> dict[str, object]:
    people = {
        "anonymous": None,
        "account": make_user(name="Only Account"),
        "participant": make_user(name="Course Participant"),
        "new member": make_new_member(name="New Member"),
        "member": make_member(name="Some Member"),
        "host": make_member(name="Event Host"),
        "lead": make_member(name="Programme Lead"),
        "reviewer": make_member(name="Dealt Reviewer"),
        "ex-officer": make_member(name="Former Officer"),
        "fellow": make_member(name="The Fellow", kind=Membership.Kind.FELLOW),
        "alumnus": make_alumnus(name="An Alumnus"),
        "officer": make_officer(name="Events Officer", slug="events"),
        "education": make_officer(name="Education Officer", slug="education"),
        "librarian": make_officer(name="The Librarian", slug="library"),
        "president": make_officer(name="The President", slug="president"),
    }
    OfficeTerm.objects.create(
        person=people["ex-officer"],
        office=Office.objects.get(slug="president"),
        starts_on=date.today() - timedelta(days=400),
        ends_on=date.today() - timedelta(days=90),
    )
    return people


def _members(world: SimpleNamespace) -> None:
    now = timezone.now()
    world.listed = make_member(name="Listed Person", about="Likes tides.")
    world.listed.avatar.save("face.png", ContentFile(png()))
    world.unlisted = make_member(name="Unlisted Person", is_listed=False)
    world.invitation = invitations.invite(
        "guest@club.example", name="Guest", term=world.term, kind="member", by=world.visitors["president"]
    )
    world.first_run_token = first_run.address().rstrip("/").rpartition("/")[2]
    world.feed_token = feeds.renew(world.visitors["member"], now)
    row = Notification(person=world.visitors["member"], kind="event-reminder")
    world.stop_token = stopping.token_of(row)
    Preference.objects.filter(person=world.visitors["member"]).delete()


def _wiki(world: SimpleNamespace) -> None:
    now, writer = timezone.now(), world.visitors["member"]
    world.picture = pictures.keep(ContentFile(png(), name="tide.png"), now=now, by=writer)
    shown = f"![]({world.picture.get_absolute_url()})"
    world.inside = make_page(path="Guides/Inside", text=f"Inside words {shown}\n", author=writer)
    world.open = make_page(path="Guides/Open", text="Open words\n", author=writer, is_public=True)
    world.thrown = make_page(path="Guides/Thrown", text="Thrown words\n", author=writer)
    editing.trash(world.thrown, by=world.visitors["librarian"], now=now)


def _events(world: SimpleNamespace) -> None:
    host, member, now = world.visitors["host"], world.visitors["member"], timezone.now()
    world.public_event = make_event(title="Open Evening", hosts=[host])
    world.members_event = make_event(
        title="Inner Evening",
        visibility="members",
        hosts=[host],
        starts_at=now - timedelta(minutes=5),
        online_url="https://meet.club.example/canary-room",
        guests_allowed=2,
    )
    world.invited_event = make_event(
        title="Board Evening", visibility="invited", hosts=[host], invited=[member]
    )
    for event in (world.public_event, world.members_event, world.invited_event):
        talk = make_talk(event=event, title=f"Talk at {event.title}", speakers=[host])
        slides = ContentFile(b"%PDF-1.4 tiny", name="slides.pdf")
        material = make_material(event=event, url="", file=slides, visibility=Material.Visibility.MEMBERS)
        event.talk, event.material = talk, material
        event.registration = make_registration(event=event, user=member, note="canary-nuts")
    registrations.check_in(world.members_event, member, source=Attendance.Source.CODE, now=now)
    world.public_series = make_series(name="Open Series", slug="open-series", times=2, hosts=[host])
    world.members_series = make_series(
        name="Inner Series", slug="inner-series", times=2, hosts=[host], visibility="members"
    )


def _projects(world: SimpleNamespace) -> None:
    lead, team = world.visitors["member"], [world.visitors["new member"]]
    world.public_project = make_initiative(name="Open Project", visibility="public", lead=lead, team=team)
    world.members_project = make_initiative(name="Inner Project", lead=lead, team=team)
    world.team_project = make_initiative(name="Quiet Project", visibility="team", lead=lead, team=team)
    for project in (world.public_project, world.members_project, world.team_project):
        project.role = project.roles.get(person=team[0])


def _nmep(world: SimpleNamespace) -> None:
    people = world.visitors
    world.offering = make_offering(term=world.term, slug="ours")
    world.other_offering = make_offering(term=world.term, slug="theirs")
    world.draft_offering = make_offering(term=world.term, slug="planned", state=Offering.State.DRAFT)
    make_session(offering=world.offering)
    make_session(offering=world.other_offering)
    make_session(offering=world.draft_offering)
    make_enrolment(offering=world.offering, person=people["lead"], role=Enrolment.Role.LEAD)
    make_enrolment(offering=world.offering, person=people["reviewer"], role=Enrolment.Role.HELPER)
    world.enrolment = make_enrolment(offering=world.offering, person=people["new member"])
    world.participation = make_enrolment(offering=world.offering, person=people["participant"])
    make_lead(offering=world.other_offering)
    stranger = make_enrolment(offering=world.other_offering)
    world.other_enrolment = stranger
    world.assignment = make_assignment(offering=world.offering, key="hw1")
    world.hidden_assignment = make_assignment(offering=world.offering, key="hw9", state="draft")
    world.other_assignment = make_assignment(offering=world.other_offering, key="hw1")
    first = make_submission(
        enrolment=world.enrolment, assignment=world.assignment, reviewer=people["reviewer"]
    )
    world.first_submission = first
    world.submission = make_submission(
        enrolment=world.enrolment,
        assignment=world.assignment,
        content=notebook("print('canary-cell')", outputs=[drawing()]),
        reviewer=people["reviewer"],
    )
    world.other_submission = make_submission(enrolment=stranger, assignment=world.other_assignment)
    for submission in (world.submission, world.other_submission):
        submission.piece = submission.pieces.first()
        submission.comment = Comment.objects.create(
            submission=submission,
            author=submission.authors.first().enrolment.person,
            text="canary-comment",
            posted_at=timezone.now(),
        )
