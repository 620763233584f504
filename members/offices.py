"""The offices a new club starts with, and the rights that every floor gives them."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from members import standing
from members.models import Office, OfficeTerm, User
from mlclub import gather

#: (slug, name, duties). Clubs rename them and add their own; rights follow the slug.
FIRST_OFFICES = [
    ("president", "President", "Answers for the club, turns the term over, and hands out the other offices."),
    ("education", "Officer for education", "Runs the new-member programme and the courses."),
    ("events", "Officer for events", "Meetings, rooms, speakers, socials."),
    ("projects", "Officer for projects", "Project teams, partners, competitions."),
    ("library", "Librarian", "The wiki, reading lists and the blog."),
    ("recruiting", "Officer for recruiting", "Information sessions and admissions."),
    ("webmaster", "Webmaster", "Keeps this portal running."),
]


@transaction.atomic
def seed() -> int:
    """Make missing offices and give each the rights that the apps offer; returns how many were made.

    Each app's `gathered.office_permissions()` answers {office slug: ["app.codename", …]}; "*" means every
    office. Running it again changes nothing; rights an officer added by hand stay.
    """
    wanted: dict[str, set[str]] = {}
    for offer in gather.each("office_permissions"):
        for slug, permissions in offer.items():
            wanted.setdefault(slug, set()).update(permissions)
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    made = 0
    for order, (slug, name, duties) in enumerate(FIRST_OFFICES):
        office = Office.objects.filter(slug=slug).select_related("group").first()
        if office is None:
            group, _ = Group.objects.get_or_create(name=f"Office: {slug}")
            office = Office.objects.create(slug=slug, name=name, duties=duties, order=order * 10, group=group)
            made += 1
        names = wanted.get("*", set()) | wanted.get(slug, set())
        office.group.permissions.add(*(known[name] for name in names if name in known))
    return made


def who_answers(*slugs: str) -> list[User]:
    """Whoever holds the first of these offices that is held today; any officer where none of them is."""
    held = list(
        OfficeTerm.objects.held_on(standing.today())
        .filter(person__is_active=True)
        .select_related("person", "office")
    )
    for slug in slugs:
        people = {row.person_id: row.person for row in held if row.office.slug == slug}
        if people:
            return list(people.values())
    return list({row.person_id: row.person for row in held}.values())
