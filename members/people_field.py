from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from members.models import User


class PeopleField(forms.CharField):
    """People of the directory, by name, handle or mail address, separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)) or hasattr(value, "all"):
            return ", ".join(person.display_name for person in value)
        return value

    def clean(self, value: Any) -> list[User]:
        people: list[User] = []
        for typed in filter(None, (part.strip() for part in str(super().clean(value) or "").split(","))):
            match = Q(handle__iexact=typed) | Q(email__iexact=typed) | Q(name__iexact=typed)
            found = list(User.objects.real().filter(match)[:2])
            if not found:
                raise ValidationError(
                    f"Nobody here is called “{typed}”. Use the name, handle or address of an account."
                )
            if len(found) > 1:
                raise ValidationError(
                    f"There is more than one “{typed}”. Use the handle or the mail address."
                )
            people += found
        return list(dict.fromkeys(people))
