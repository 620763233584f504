"""What a lead writes to have work checked, a form for each kind of check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from nmep.grader import MOST_BYTES, NothingToCheck, cells_of
from nmep.models import Assignment, Check, Part
from nmep.models.check_configs import LONGEST_SOURCE

EXAMPLE = '''def check_adds(call):
    """Adds two numbers"""
    assert call("add", 2, 3) == 5


@hidden
def check_negatives(call):
    """Adds negative numbers"""
    assert call("add", -2, 3) == 1, "Try a negative number."
'''


class CheckForm(forms.ModelForm):
    """What every kind of check has. A kind's own form adds fields and gives them to the row as its `config`."""

    kind: str = ""
    #: The kinds of part that it can look at.
    part_kinds: tuple[str, ...] = ()

    class Meta:
        model = Check
        fields = ["title", "part", "visible", "is_published"]

    def __init__(self, *args: Any, assignment: Assignment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.kind = self.kind
        part = self.fields["part"]
        assert isinstance(part, forms.ModelChoiceField)  # noqa: S101  the model says so
        part.queryset = assignment.parts.filter(kind__in=self.part_kinds)
        part.empty_label = None

    def config(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """The config that was asked for; the model looks at it afterwards."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        self.instance.config = self.config(self.cleaned_data)
        super()._post_clean()  # type: ignore[misc]


class FunctionCheckForm(CheckForm):
    """A file of test functions, typed or chosen, and what it may use."""

    kind = Check.Kind.FUNCTIONS
    part_kinds = (Part.Kind.NOTEBOOK, Part.Kind.FILE)

    source = forms.CharField(
        label="Test functions",
        help_text="Python. Each <code>def check_…(call)</code> is one test; <code>call(“add”, 2, 3)</code> asks the "
        "learner’s function and gives its answer. <code>@hidden</code> keeps a result back until the deadline.",
        widget=forms.Textarea(attrs={"rows": 16, "class": "mono", "spellcheck": "false"}),
        max_length=LONGEST_SOURCE,
        strip=False,
    )
    file = forms.FileField(
        label="Or a file",
        help_text="A .py takes the place of what stands above.",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".py"}),
    )
    call_seconds = forms.IntegerField(
        label="Seconds for one answer",
        initial=3,
        min_value=1,
        max_value=30,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    seconds = forms.IntegerField(
        label="Seconds in all",
        help_text="Running the cells included.",
        initial=20,
        min_value=5,
        max_value=120,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    memory_mb = forms.IntegerField(
        label="Memory (MB)",
        initial=1024,
        min_value=128,
        max_value=4096,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )

    field_order = ["title", "part", "source", "file", "visible", "call_seconds", "seconds", "memory_mb"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].required = not self.files.get("file")
        held = self.instance.config or {"source": EXAMPLE}
        for name in ("source", "call_seconds", "seconds", "memory_mb"):
            if name in held:
                self.fields[name].initial = held[name]

    def clean_file(self) -> str:
        """The text of the file, in the place of which the field stands afterwards."""
        file = self.cleaned_data.get("file")
        if not isinstance(file, UploadedFile):
            return ""
        if (file.size or 0) > LONGEST_SOURCE * 4:
            raise forms.ValidationError(f"{file.name} is too long for a file of test functions.")
        try:
            return file.read().decode()
        except UnicodeDecodeError:
            raise forms.ValidationError(f"{file.name} is not a text file.") from None

    def config(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        source = cleaned.get("file") or cleaned.get("source") or ""
        return {
            "source": source.replace("\r\n", "\n").replace("\x00", ""),
            **{name: cleaned[name] for name in ("call_seconds", "seconds", "memory_mb") if name in cleaned},
        }

    def _update_errors(self, errors: Any) -> None:
        """What is wrong with the config is wrong with what was typed into `source`."""
        if hasattr(errors, "error_dict") and "config" in errors.error_dict:
            errors.error_dict["source"] = errors.error_dict.pop("config")
        super()._update_errors(errors)  # type: ignore[misc]


#: The kinds that leads can write on the page of checks.
FORMS: dict[str, type[CheckForm]] = {Check.Kind.FUNCTIONS: FunctionCheckForm}


class TryForm(forms.Form):
    """A notebook of one's own, to see what a check makes of it."""

    notebook = forms.FileField(
        label="Your own notebook",
        help_text="An .ipynb or a .py. It is thrown away when it has been checked.",
        widget=forms.FileInput(attrs={"accept": ".ipynb,.py"}),
    )

    def clean_notebook(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["notebook"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(f"At most {MOST_BYTES // 1024 // 1024} MB are taken.")
        try:
            cells_of(file.name or "", file.read())
        except NothingToCheck as problem:
            raise forms.ValidationError(str(problem)) from None
        file.seek(0)
        return file
