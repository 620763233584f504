"""Who wrote a page before it came here, and whose account that is today."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from members.models import User
from wiki.models import ImportedAuthor, Passage, PostAuthor, PostRevision, Revision

#: (name, mail address) as an archive gives them; the address may be empty.
Identity = tuple[str, str]


def known(identities: Iterable[Identity]) -> dict[Identity, ImportedAuthor]:
    """The rows of these authors, made where they are missing. One address is one author, whatever name they used;
    without an address the name decides. Somebody whose verified address it is has claimed it already."""
    identities = set(identities)
    wanted = {(name[:120], email.lower() if len(email) <= 254 else "") for name, email in identities}
    rows = list(ImportedAuthor.objects.all())
    by_email = {row.email.lower(): row for row in rows if row.email}
    by_name = {row.name: row for row in rows if not row.email}
    owners = {
        address.lower(): user
        for address, user in EmailAddress.objects.filter(verified=True)
        .annotate(lower=Lower("email"))
        .filter(lower__in=[email for _, email in wanted if email])
        .values_list("lower", "user")
    }
    for name, email in sorted(wanted):
        if (email and email in by_email) or (not email and name in by_name):
            continue
        row = ImportedAuthor.objects.create(name=name or email, email=email, user_id=owners.get(email))
        if email:
            by_email[email] = row
        else:
            by_name[name] = row
    return {
        (name, email): by_email[key] if (key := email.lower()) in by_email and key else by_name[name[:120]]
        for name, email in identities
    }


@transaction.atomic
def claim(user: User, email: str) -> int:
    """What was written under the now verified `email` is credited to `user`. Returns how many revisions that are."""
    ImportedAuthor.objects.filter(email__iexact=email, user=None).update(user=user)
    credit(user, ImportedAuthor.objects.filter(email__iexact=email, user=user))
    Passage.objects.filter(imported_author__user=user, imported_author__email__iexact=email, by=None).update(
        by=user
    )
    theirs = {"imported_author__user": user, "imported_author__email__iexact": email, "author": None}
    return Revision.objects.filter(**theirs).update(author=user) + PostRevision.objects.filter(
        **theirs
    ).update(author=user)


def credit(user: User, known_as: QuerySet[ImportedAuthor]) -> int:
    """Posts by any of these authors from before are by `user` from now on; returns how many. Where `user` is an author
    already, one credit is enough."""
    given = PostAuthor.objects.filter(imported_author__in=known_as, user=None)
    given.filter(post__in=PostAuthor.objects.filter(user=user).values("post")).delete()
    return given.update(user=user)
