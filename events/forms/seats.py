from __future__ import annotations

from django import forms


class HeadCountForm(forms.Form):
    """A room that somebody counted."""

    people = forms.IntegerField(label="People in the room", min_value=0, max_value=20_000)


class GuestForm(forms.Form):
    """Somebody without an account: a guest, or a walk-in."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="Mail address")
