"""Which rows are about a person, by the policy that every table declares, and the copy a person may take."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from members.models import User
from mlclub import gather
from mlclub.privacy import NOT_PERSONAL, Erase, Policy

#: What the tables of other packages hold; our own say it themselves.
OTHERS = {
    "account.emailaddress": Policy(owners=("user",), on_erase=Erase.DELETE),
    "account.emailconfirmation": Policy(
        owners=("email_address__user",), on_erase=Erase.DELETE, is_exported=False
    ),
    "socialaccount.socialaccount": Policy(owners=("user",), on_erase=Erase.DELETE),
    "socialaccount.socialtoken": Policy(owners=("account__user",), on_erase=Erase.DELETE, is_exported=False),
    "socialaccount.socialapp": NOT_PERSONAL,
    "mfa.authenticator": Policy(owners=("user",), on_erase=Erase.DELETE, is_exported=False),
    "usersessions.usersession": Policy(owners=("user",), on_erase=Erase.DELETE),
    "admin.logentry": Policy(
        owners=("user",),
        on_erase=Erase.KEEP,
        why="Who changed which record. Names of the erased are taken out.",
    ),
    "auth.group": NOT_PERSONAL,
    "auth.permission": NOT_PERSONAL,
    "contenttypes.contenttype": NOT_PERSONAL,
    "sessions.session": NOT_PERSONAL,
}

#: Parts of column names that hold no data about a person but keys to it; never in a copy.
SECRETS = ("password", "session_key", "token", "secret", "hash", "claim")


def policy_of(model: type[models.Model]) -> Policy:
    """What becomes of this table's personal data. A history follows the table whose history it is."""
    declared = getattr(model, "personal_data", None) or OTHERS.get(model._meta.label_lower)
    if declared is None and hasattr(model, "instance_type"):
        return policy_of(model.instance_type)
    if not isinstance(declared, Policy):
        raise ImproperlyConfigured(f"{model._meta.label} does not say what happens to its personal data.")
    return declared


def tables() -> Iterator[tuple[type[models.Model], Policy]]:
    """Every table that holds something about people, with its policy."""
    for model in apps.get_models():
        policy = policy_of(model)
        if policy is not NOT_PERSONAL and not model._meta.proxy:
            yield model, policy


def kept_after_erasure() -> list[tuple[str, str]]:
    """What stays after an erasure and why, for the page that offers it."""
    kept = {
        (str(model._meta.verbose_name_plural).capitalize(), policy.why)
        for model, policy in tables()
        if policy.on_erase is Erase.KEEP
        and policy.owners
        and policy.why
        and not hasattr(model, "instance_type")
    }
    return sorted(kept)


def addresses_of(person: User) -> list[str]:
    """The mail addresses that `person` has proven to hold, in lower case."""
    proven = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    return sorted({address.lower() for address in proven})


def rows_about(
    model: type[models.Model], policy: Policy, person: User, addresses: list[str]
) -> models.QuerySet[Any]:
    """The rows of `model` that are about `person`: by their key, or by an address the person has proven."""
    wanted = models.Q(pk__in=[])
    for owner in policy.owners:
        lookup = models.Q(**{owner: person.pk})
        try:
            model._base_manager.filter(lookup)
        except FieldError:
            # A history has no columns for the many-to-many keys of its table.
            continue
        wanted |= lookup
    if addresses and model is not User:
        for field in model._meta.concrete_fields:
            if isinstance(field, models.EmailField):
                for address in addresses:
                    wanted |= models.Q(**{f"{field.name}__iexact": address})
    found = model._base_manager.filter(wanted).values("pk")
    return model._base_manager.filter(pk__in=found).order_by("pk")


def file_fields(model: type[models.Model]) -> list[models.FileField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, models.FileField)]


def plain(row: models.Model) -> dict[str, Any]:
    """One row as JSON can hold it, without the keys to anything."""
    told: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if any(secret in field.name for secret in SECRETS):
            continue
        value = field.value_from_object(row)
        told[field.name] = value.name if isinstance(field, models.FileField) else value
    for many in row._meta.many_to_many:
        if many.name not in ("groups", "user_permissions"):
            told[many.name] = [str(other) for other in getattr(row, many.name).all()]
    return {name: value if _is_json(value) else str(value) for name, value in told.items()}


def _is_json(value: Any) -> bool:
    """Whether JSON can hold it; a search vector or a range is told as its text."""
    try:
        json.dumps(value, cls=DjangoJSONEncoder)
    except TypeError:
        return False
    return True


def of(person: User) -> dict[str, Any]:
    """Everything the portal holds about `person`, table by table, and what the apps add in their own words."""
    addresses = addresses_of(person)
    copy: dict[str, Any] = {
        "person": person.display_name,
        "made_at": timezone.now(),
        "tables": {},
        "apps": {},
    }
    for model, policy in tables():
        if policy.is_exported:
            rows = [plain(row) for row in rows_about(model, policy, person, addresses)]
            if rows:
                copy["tables"][model._meta.label_lower] = rows
    for answer in gather.each("personal_data", person):
        copy["apps"].update(answer)
    return copy


def write_archive(person: User, target: IO[bytes]) -> None:
    """Write the copy as a zip: `data.json`, and the person's files as they were given."""
    addresses = addresses_of(person)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "data.json", json.dumps(of(person), cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
        )
        written: set[str] = set()
        for model, policy in tables():
            fields = file_fields(model) if policy.is_exported else []
            for row in rows_about(model, policy, person, addresses) if fields else ():
                for field in fields:
                    stored = field.value_from_object(row)
                    if stored and stored.name not in written and stored.storage.exists(stored.name):
                        written.add(stored.name)
                        with stored.open("rb") as source:
                            archive.writestr(f"files/{PurePosixPath(stored.name)}", source.read())
