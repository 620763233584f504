from __future__ import annotations

from django import forms


class SignupForm(forms.Form):
    """What signing up asks beyond the address and the password."""

    name = forms.CharField(max_length=120, label="Your name", help_text="As you want to be called here.")

    def signup(self, request: object, user: object) -> None:
        """Called by allauth once the account is made."""
