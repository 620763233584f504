from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from mlclub.forms import MarkdownWidget
from mlclub.notebooks import NotebookError, parse
from nmep import boards
from nmep.handing_in import Given
from nmep.models import Part, Piece

#: What the chooser of files offers for a kind of part that has an ending of its own.
FILES = {Part.Kind.NOTEBOOK.value: ".ipynb", Part.Kind.PREDICTIONS.value: ".csv,.npy"}
#: Never taken, whatever an assignment allows: nobody who reviews should be handed a program.
PROGRAMS = {"exe", "bat", "cmd", "com", "scr", "msi", "jar", "app", "dmg", "vbs", "ps1", "lnk"}


def ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


class HandInForm(forms.Form):
    """One field for each part; a part left empty keeps what the version before had."""

    n = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        parts: Iterable[Part],
        kept: Mapping[int, Piece],
        is_draft: bool = False,
        partners: str = "",
        **kwargs: Any,
    ) -> None:
        """`partners` are the names of those whom a learner may hand in with or without."""
        super().__init__(*args, **kwargs)
        self.parts, self.kept, self.is_draft = list(parts), kept, is_draft
        for part in self.parts:
            self.fields[self.name_of(part)] = self._field(part)
        if partners:
            self.fields["jointly"] = forms.BooleanField(
                label=f"This is the work of {partners} as well",
                required=False,
                initial=True,
                help_text="Leave it out if you worked alone.",
            )

    @staticmethod
    def name_of(part: Part) -> str:
        return f"part-{part.pk}"

    def _field(self, part: Part) -> forms.Field:
        kept = self.kept.get(part.pk)
        required = part.is_required and kept is None and not self.is_draft
        hints = [part.hint] if part.hint else []
        if part.takes_file:
            accept = FILES.get(part.kind) or self._accept(part)
            return forms.FileField(
                label=part.title,
                required=required,
                help_text=self._file_hint(part, kept),
                widget=forms.FileInput(attrs={"accept": accept} if accept else {}),
                max_length=150,
            )
        if part.kind == Part.Kind.LINK:
            hints.append("A whole address, beginning with https://.")
            return forms.URLField(
                label=part.title,
                required=required,
                help_text=" ".join(hints),
                initial=kept.url if kept else "",
                assume_scheme="https",
                max_length=500,
            )
        if part.max_words:
            hints.append(f"At most {part.max_words} words.")
        hints.append("Markdown and formulas work.")
        return forms.CharField(
            label=part.title,
            required=part.is_required and not self.is_draft,
            help_text=" ".join(hints),
            initial=kept.text if kept else "",
            widget=MarkdownWidget(rows=6, uploads=False),
            max_length=50_000,
            strip=True,
        )

    @staticmethod
    def _accept(part: Part) -> str:
        return ",".join(f".{kind}" for kind in part.endings.lower().replace(".", "").split())

    @staticmethod
    def _file_hint(part: Part, kept: Piece | None) -> str:
        hints = [part.hint] if part.hint else []
        if part.kind == Part.Kind.NOTEBOOK:
            hints.append(
                f"An .ipynb up to {part.max_megabytes} MB. Run all cells first; we read what you saw."
            )
        elif part.kind == Part.Kind.PREDICTIONS:
            hints.append(
                f"A .csv with a name and a value a row, or one array as .npy, up to {part.max_megabytes} MB."
            )
        else:
            kinds = part.endings.replace(".", "").split()
            said = " or ".join(f".{kind}" for kind in kinds) if kinds else "One file"
            hints.append(f"{said}, up to {part.max_megabytes} MB.")
        if kept is not None:
            hints.append(f"Now: {kept.name}. Leave empty to keep it.")
        return " ".join(hints)

    def keep(self, kept: Mapping[int, Piece], *, n: int) -> None:
        """After a refusal: say which files were kept all the same, and go on as the version that is next now."""
        self.kept = kept
        for part in self.parts:
            if part.takes_file:
                self[self.name_of(part)].help_text = self._file_hint(part, kept.get(part.pk))
        typed: Any = self.data
        self.data = typed.copy()
        self.data["n"] = str(n)  # type: ignore[index]

    def clean(self) -> dict[str, Any]:
        for part in self.parts:
            value = self.cleaned_data.get(self.name_of(part))
            problem = ""
            if isinstance(value, UploadedFile):
                problem = self._file_problem(part, value)
            elif (
                part.kind == Part.Kind.TEXT
                and value
                and part.max_words
                and len(value.split()) > part.max_words
            ):
                problem = f"These are {len(value.split())} words; at most {part.max_words} are read."
            if problem:
                self.add_error(self.name_of(part), problem)
        is_empty = not self.given() and not self.kept
        if self.parts and not self.is_draft and not self.errors and is_empty:
            raise forms.ValidationError("There is nothing to hand in yet: give at least one part.")
        return self.cleaned_data

    @staticmethod
    def _file_problem(part: Part, file: UploadedFile) -> str:
        name, size, kind = file.name or "", file.size or 0, ending(file.name or "")
        if size > part.max_megabytes * 1024 * 1024:
            return (
                f"{name} has {filesizeformat(size)}; at most {part.max_megabytes} MB are taken. "
                "Clear large outputs, or link to the data."
            )
        if part.kind == Part.Kind.NOTEBOOK:
            if kind != "ipynb":
                return f"{name} is not a notebook. Save it as .ipynb and choose it again."
            try:
                file.seek(0)
                parse(file.read())
            except NotebookError as problem:
                return f"{problem} Open it once in Jupyter, save it as .ipynb, and choose it again."
            finally:
                file.seek(0)
            return ""
        if part.kind == Part.Kind.PREDICTIONS:
            return boards.problem_of(part, file)
        wanted = part.endings.lower().replace(".", "").split()
        if kind in PROGRAMS:
            return f"Programs such as {name} are not taken."
        if wanted and kind not in wanted:
            return f"{name} is not one of the kinds taken here: {', '.join(wanted)}."
        return ""

    def given(self) -> dict[int, Given]:
        """What was given and is right, by part; also after an error in another part."""
        values: dict[int, Given] = {}
        for part in self.parts:
            value = self.cleaned_data.get(self.name_of(part))
            if isinstance(value, UploadedFile):
                values[part.pk] = Given(file=value, name=(value.name or "file")[-150:])
            elif part.kind == Part.Kind.LINK and value is not None and self.name_of(part) in self.data:
                values[part.pk] = Given(url=value)
            elif part.kind == Part.Kind.TEXT and value is not None and self.name_of(part) in self.data:
                values[part.pk] = Given(text=value)
        return values
