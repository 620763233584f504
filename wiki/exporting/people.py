"""Who an exported commit says wrote it: a name that the library shows anyway, and an address that no mail reaches."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.crypto import salted_hmac

from members.models import User
from wiki.models import ImportedAuthor

#: `.invalid` is kept free for ever: no mail to it goes anywhere.
DOMAIN = "members.invalid"
#: (name, address). Handles hold no dot, so no member has one of these.
THE_LIBRARY = ("The library", f"the.library@{DOMAIN}")
NOBODY = ("Somebody before this wiki", f"nobody.known@{DOMAIN}")

Identity = tuple[str, str]


class People:
    """Names and addresses of everybody who wrote, looked up once."""

    def __init__(self) -> None:
        self.members: dict[int, Identity] = {
            pk: (cleaned(name or handle), f"{handle}@{DOMAIN}")
            for pk, name, handle in User.objects.values_list("pk", "name", "handle")
        }
        self.others: dict[int, Identity] = {
            pk: (name, address_of(name, email))
            for pk, name, email in ImportedAuthor.objects.values_list("pk", "name", "email")
        }

    def who(self, member: int | None, imported: int | None, name: str) -> Identity:
        """Whose a version is: the member's it is credited to, else whoever wrote it elsewhere."""
        if member is not None:
            return self.members[member]
        if imported is not None:
            known, address = self.others[imported]
            return cleaned(name or known), address
        return (cleaned(name), address_of(name, "")) if name else NOBODY


def address_of(name: str, email: str) -> str:
    """The address under which somebody from elsewhere leaves: always the same, and it does not tell the real one."""
    if email.lower().endswith(f"@{DOMAIN}"):
        return email.lower()
    mark = salted_hmac("wiki.exporting", email.lower() or name, algorithm="sha256").hexdigest()[:16]
    return f"author.{mark}@{DOMAIN}"


def cleaned(name: str) -> str:
    """A name without the signs that end it in a commit."""
    plain = "".join(sign for sign in name if sign not in "<>" and sign.isprintable())
    return " ".join(plain.split()).strip(" .,:;\"'") or "Somebody"


def handles(people: Iterable[User]) -> list[str]:
    return sorted(person.handle for person in people)
