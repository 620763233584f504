from __future__ import annotations

from django import forms


class NoteForm(forms.Form):
    """What only the hosts read."""

    note = forms.CharField(
        label="What you cannot eat, or need to take part",
        max_length=300,
        required=False,
        help_text="Only the hosts see it; it is erased 14 days afterwards.",
    )


class HeadCountForm(forms.Form):
    """A room that somebody counted."""

    people = forms.IntegerField(label="People in the room", min_value=0, max_value=20_000)


class GuestForm(forms.Form):
    """Somebody without an account: a guest, or a walk-in."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="Mail address")
