from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.boundfield import BoundField
from django.template.defaultfilters import filesizeformat
from django.utils.text import slugify

from members.models import User
from members.people_field import PeopleField
from mlclub.forms import MarkdownField, MarkdownWidget
from mlclub.uploads import sniff
from nmep import library
from nmep.models import Module, ModuleNeed

LARGEST_DECK = 25 * 1024 * 1024
#: By ending, what the bytes of a deck have to be.
DECKS = {
    "pdf": "application/pdf",
    "pptx": "application/zip",
    "odp": "application/zip",
    "key": "application/zip",
}
#: Lines for what a module builds on that are free to be filled in.
FREE_LINES = 2


def module_choices(modules: list[Module], *, empty: str) -> list[Any]:
    """Modules as choices, by level."""
    levels = [
        (label, [(module.pk, module.title) for module in modules if module.level == value])
        for value, label in Module.Level.choices
    ]
    return [("", empty), *((label, rows) for label, rows in levels if rows)]


class MaintainerField(PeopleField):
    """One person of the directory, or nobody."""

    def clean(self, value: Any) -> Any:
        people = super().clean(value)
        if len(people) > 1:
            raise ValidationError("One person keeps a module. Name only one.")
        return people[0] if people else None


class ModuleForm(forms.ModelForm):
    """A module with what it builds on. Address, licence, maintainer and whether it is public are the officer's."""

    FOR_OFFICERS = ("slug", "is_public", "licence", "maintainer")

    overview = MarkdownField(
        label="What it is about",
        required=False,
        help_text="What people can do afterwards, for somebody who cannot yet.",
        widget=MarkdownWidget(rows=4, uploads=False),
    )
    outline = MarkdownField(
        required=False,
        help_text="What it teaches, in order, and how you say it. Somebody you never met should be able to teach from this.",
        widget=MarkdownWidget(rows=14, uploads=False),
    )
    deck_url = forms.URLField(
        label="Deck, as a link",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="Slides for 50 minutes, without dates, rooms or course matters.",
    )
    deck_file = forms.FileField(
        label="Deck, as a file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pdf,.pptx,.odp,.key"}),
    )
    before = MarkdownField(
        label="Before class",
        required=False,
        help_text="What to read, watch or do before: little.",
        widget=MarkdownWidget(rows=4, uploads=False),
    )
    after = MarkdownField(
        label="After class",
        required=False,
        help_text="Assignments and readings afterwards. For members; visitors never see it.",
        widget=MarkdownWidget(rows=6, uploads=False),
    )
    solutions = MarkdownField(
        required=False,
        help_text="Solutions, and how it is graded. Only whoever teaches reads it.",
        widget=MarkdownWidget(rows=4, uploads=False),
    )
    concerns = MarkdownField(
        label="Open questions",
        required=False,
        help_text="For the next teacher: what was too long, what nobody understood. For members.",
        widget=MarkdownWidget(rows=4, uploads=False),
    )
    maintainer = MaintainerField(
        required=False, help_text="Name or handle. They keep it good, and may edit it."
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Module
        fields = [
            "title",
            "slug",
            "level",
            "overview",
            "outline",
            "deck_url",
            "deck_file",
            "before",
            "after",
            "solutions",
            "concerns",
            "is_public",
            "licence",
            "maintainer",
        ]

    def __init__(self, *args: Any, editor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.revision if self.instance.pk else None
        keeper = self.instance.maintainer
        self.initial["maintainer"] = (keeper.handle or keeper.display_name) if keeper else ""
        if not editor.has_perm("nmep.change_module"):
            for name in self.FOR_OFFICERS:
                del self.fields[name]
        else:
            self.fields["slug"].required = False
            self.fields["slug"].help_text = "In its address, e.g. attention. Empty: from the title."
            self.fields[
                "is_public"
            ].help_text = "Everybody reads it, without a login: all but the last three texts."
        if self.instance.deck_file:
            name = str(self.instance.deck_file.name).rpartition("/")[2]
            self.fields[
                "deck_file"
            ].help_text = f"Now: {name}. Leave empty to keep it; give a link to replace it."
        self._add_needs()

    def _add_needs(self) -> None:
        """A line for each dependency there is, and some that are free."""
        needs = list(self.instance.needs.all()) if self.instance.pk else []
        others = Module.objects.exclude(pk=self.instance.pk).only("title", "level").order_by("title")
        choices = module_choices(list(others), empty="Nothing")
        self.lines = len(needs) + FREE_LINES
        for n in range(self.lines):
            need = needs[n] if n < len(needs) else None
            self.fields[f"needs-{n}"] = forms.ChoiceField(
                label=f"Builds on, {n + 1}",
                required=False,
                choices=choices,
                initial=need.needed_id if need else "",
            )
            self.fields[f"strength-{n}"] = forms.ChoiceField(
                label=f"How much, {n + 1}",
                required=False,
                choices=ModuleNeed.Strength.choices,
                initial=need.strength if need else library.STRONG,
            )

    @property
    def need_fields(self) -> list[tuple[BoundField, BoundField]]:
        return [(self[f"needs-{n}"], self[f"strength-{n}"]) for n in range(self.lines)]

    @property
    def text_fields(self) -> list[BoundField]:
        """Everything but what the module builds on, in the order of the page."""
        return [
            field for field in self.visible_fields() if not field.name.startswith(("needs-", "strength-"))
        ]

    def needs(self) -> dict[int, str]:
        """What was chosen: modules by key, with the strength of each."""
        return {
            int(self.cleaned_data[f"needs-{n}"]): self.cleaned_data.get(f"strength-{n}") or library.STRONG
            for n in range(self.lines)
            if self.cleaned_data.get(f"needs-{n}")
        }

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"] or slugify(self.cleaned_data.get("title", ""))

    def clean_deck_file(self) -> Any:
        file = self.cleaned_data.get("deck_file")
        if not isinstance(file, UploadedFile):
            return file
        kind = (file.name or "").rpartition(".")[2].lower()
        if kind not in DECKS:
            raise ValidationError(f"{file.name} is not a deck we take: save it as PDF, PPTX, ODP or KEY.")
        size = file.size or 0
        if size > LARGEST_DECK:
            raise ValidationError(
                f"{file.name} has {filesizeformat(size)}; at most 25 MB are taken. Give a link instead."
            )
        head = file.read(1024)
        file.seek(0)
        if sniff(head) != DECKS[kind]:
            raise ValidationError(
                f"{file.name} is not what its name says. Save it again and choose it again."
            )
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        # A new link takes the place of a file that was there, and a new file that of a link.
        if data.get("deck_url") and data.get("deck_file"):
            if isinstance(data["deck_file"], UploadedFile) and "deck_url" in self.changed_data:
                self.add_error("deck_url", "Give the deck as a link or as a file, one of the two.")
            elif isinstance(data["deck_file"], UploadedFile):
                data["deck_url"] = ""
            else:
                data["deck_file"] = ""
        if data.get("is_public") and not data.get("licence"):
            self.add_error("licence", "A public module says under which licence it may be used.")
        seen: dict[str, int] = {}
        for n in range(self.lines):
            chosen = data.get(f"needs-{n}")
            if chosen and chosen in seen:
                self.add_error(f"needs-{n}", "This module stands here twice. Choose it once.")
            elif chosen:
                seen[chosen] = n
        return data

    def save_as(self, person: User, *, now: datetime) -> bool:
        """Save; False with an error in the form if it closes a circle or somebody else saved meanwhile."""
        try:
            library.save(self.instance, self.needs(), by=person, now=now, seen=self.cleaned_data.get("seen"))
        except library.Changed:
            current = Module.objects.only("revision").get(pk=self.instance.pk)
            typed: Any = self.data
            self.data = typed.copy()
            self.data["seen"] = str(current.revision)  # type: ignore[index]
            self.add_error(
                None,
                f"Somebody saved revision {current.revision} while you wrote. Look at it in another window; "
                "saving again puts yours over it.",
            )
        except ValidationError as problem:
            self.add_error("needs-0", problem)
        else:
            return True
        return False
