"""Erasing a person: the account becomes a pseudonym, and every table does what its policy says."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.db import models, transaction
from django.db.models import ProtectedError, Q
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from members import audit, standing
from members.models import OfficeTerm, User
from members.own_data import addresses_of, file_fields, rows_about, tables
from members.suspension import end_sessions
from mlclub.privacy import Erase, Policy


class ErasureRefused(Exception):
    """Why a person cannot be erased now; the text is for the officer."""


def reason_against(person: User) -> str:
    """Why `person` cannot be erased now; empty when nothing is in the way."""
    if person.erased_at:
        return "This person is erased already."
    if person.is_superuser:
        return "This is an emergency account. Take its rights away first."
    if OfficeTerm.objects.filter(person=person, ends_on__gte=standing.today()).exists():
        return "This person holds an office. End the office first."
    return ""


@transaction.atomic
def erase(person: User, *, by: User) -> None:
    """Erase `person` for good. Raises ErasureRefused; otherwise all of it happens, or nothing."""
    person = User.objects.select_for_update().get(pk=person.pk)
    if why := reason_against(person):
        raise ErasureRefused(why)
    addresses = sorted({person.email, *addresses_of(person)})
    names = [person.display_name, person.email]
    files: list[FieldFile] = []
    end_sessions(person)

    todo = [(model, policy) for model, policy in tables() if model is not User]
    about = {model: rows_about(model, policy, person, addresses) for model, policy in todo}
    # What is blanked first: deleting an address or an invitation must not hide the rows found by it.
    kept = {model: list(about[model].values_list("pk", flat=True)) for model, _ in todo}
    for model, policy in todo:
        if policy.on_erase is Erase.ANONYMISE:
            files += blank(model, policy, kept[model])
    delete_all([(model, kept[model]) for model, policy in todo if policy.on_erase is Erase.DELETE], files)
    for name in names:
        mentions = LogEntry.objects.filter(Q(object_repr__icontains=name) | Q(change_message__icontains=name))
        mentions.update(object_repr="(erased)", change_message="")
    files += become_pseudonym(person)
    audit.record(by, "person-erased", person)
    transaction.on_commit(lambda: remove(files))


def remove(files: list[FieldFile]) -> None:
    """Delete what was in the storage, once the erasure is certain."""
    for stored in files:
        stored.storage.delete(str(stored.name))


def blank(model: type[models.Model], policy: Policy, keys: list[object]) -> list[FieldFile]:
    """Empty the fields the policy names; returns the files that were in them."""
    columns = {field.name for field in model._meta.concrete_fields}
    emptied = {name: value for name, value in policy.blank.items() if name in columns}
    rows = model._base_manager.filter(pk__in=keys)
    files = []
    for field in file_fields(model):
        if field.name in emptied:
            files += [stored for row in rows if (stored := field.value_from_object(row))]
    if emptied:
        rows.update(**emptied)
    return files


def delete_all(rows: list[tuple[type[models.Model], list[object]]], files: list[FieldFile]) -> None:
    """Delete rows of several tables in whatever order their protected keys allow."""
    waiting = [(model, keys) for model, keys in rows if keys]
    while waiting:
        left = []
        for model, keys in waiting:
            doomed = model._base_manager.filter(pk__in=keys)
            found = [
                stored
                for row in doomed
                for field in file_fields(model)
                if (stored := field.value_from_object(row))
            ]
            try:
                with transaction.atomic():
                    doomed.delete()
            except ProtectedError:
                left.append((model, keys))
            else:
                files += found
        if len(left) == len(waiting):
            raise ErasureRefused(
                f"Something still needs these: {', '.join(model._meta.label for model, _ in left)}."
            )
        waiting = left


def become_pseudonym(person: User) -> list[FieldFile]:
    """Turn the account into a name that says nothing; returns its picture, if there was one."""
    files: list[FieldFile] = [person.avatar] if person.avatar else []
    person.expertise.clear()
    person.groups.clear()
    person.user_permissions.clear()
    User.objects.filter(pk=person.pk).update(
        email=f"erased-{person.pk}@erased.example",
        name="Former member",
        handle=f"former-member-{person.pk}",
        pronouns="",
        about="",
        study="",
        graduates_on=None,
        website="",
        contact="",
        avatar="",
        visibility={},
        is_listed=False,
        is_active=False,
        password="!",  # noqa: S106  no password fits
        last_login=None,
        last_seen_at=None,
        suspended_reason="",
        erasure_asked_at=None,
        erased_at=timezone.now(),
    )
    return files
