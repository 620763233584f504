from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from nmep import predictions
from nmep.forms.checks import CheckForm
from nmep.models import Check, Part


class LinesField(forms.CharField):
    """A list of short words, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in str(value or "").splitlines()]
        return [line for line in lines if line]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")
        if any(len(line) > 100 for line in value):
            raise ValidationError("A line has at most 100 characters.")


class AtOnceForm(CheckForm):
    """What the three kinds of check that are answered within a hand-in have in common."""

    kind: Check.Kind
    without_part = "Add a part to the assignment first."

    class Meta(CheckForm.Meta):
        fields = ["part", "title", "visible", "is_published"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        part: Any = self.fields["part"]
        part.help_text = "" if part.queryset.exists() else self.without_part
        for name, value in (self.instance.config or {}).items():
            if name in self.fields:
                self.initial[name] = value

    def _post_clean(self) -> None:
        # What is wrong already has its sentence; the model would add one about settings that are no field here.
        if not self.errors:
            super()._post_clean()


class PredictionsCheckForm(AtOnceForm):
    """Predictions against labels that nobody sees."""

    kind = Check.Kind.PREDICTIONS
    part_kinds = (Part.Kind.PREDICTIONS,)
    without_part = "Add a part of the kind “Predictions” to the assignment first."

    metric = forms.ChoiceField(
        label="Measure", choices=[(metric.name, metric.label) for metric in predictions.METRICS.values()]
    )
    threshold = forms.FloatField(
        label="What is enough",
        required=False,
        help_text="At least this; for errors, at most this. Empty: every score is.",
    )
    percent = forms.IntegerField(
        label="Share of rows whose score learners see at once (%)",
        min_value=1,
        max_value=100,
        initial=50,
        help_text="The others are scored too, and shown after the deadline.",
    )
    a_day = forms.IntegerField(label="Files a day", required=False, min_value=1, max_value=100, initial=3)
    labels = forms.FileField(
        label="Hidden labels",
        required=False,
        help_text="A .csv with the names of the rows and their labels, or one array as .npy. No learner gets it.",
        max_length=150,
    )

    class Meta(AtOnceForm.Meta):
        fields = ["part", "title", "threshold", "visible", "is_published"]

    field_order = [
        "part",
        "title",
        "labels",
        "metric",
        "threshold",
        "percent",
        "a_day",
        "visible",
        "is_published",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_labels = bool(self.instance.pk and hasattr(self.instance, "labels"))
        if self.instance.pk:
            self.initial["percent"] = round(100 * self.instance.config.get("public_share", 0.5))
        if self.has_labels:
            held = self.instance.labels
            self.fields["labels"].help_text += f" Now: {held.name}, {held.rows} rows. Leave empty to keep it."

    def config(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        config = {
            "metric": cleaned["metric"],
            "public_share": cleaned["percent"] / 100,
            "seed": self.instance.config.get("seed") or secrets.token_hex(8),
        }
        return config | ({"a_day": cleaned["a_day"]} if cleaned["a_day"] else {})

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("labels")
        if file is None:
            if not self.has_labels and not self.errors:
                self.add_error("labels", "Choose the file with the labels.")
            return cleaned
        try:
            file.seek(0)
            table = predictions.read(file.read())
            if cleaned.get("metric"):
                predictions.scoring.fitted(table, table, predictions.METRICS[cleaned["metric"]])
        except predictions.Refused as refused:
            self.add_error("labels", str(refused))
        finally:
            file.seek(0)
        return cleaned


class EvidenceCheckForm(AtOnceForm):
    """What must be there: a link to a named site, files in an archive, pictures in a notebook."""

    kind = Check.Kind.EVIDENCE
    part_kinds = (Part.Kind.LINK, Part.Kind.FILE, Part.Kind.NOTEBOOK)
    without_part = "Add a link, a file or a notebook to the assignment's parts first."

    hosts = LinesField(
        label="A link leads to one of", required=False, help_text="Hosts, one a line: wandb.ai"
    )
    inside = LinesField(label="Files inside", required=False, help_text="Names, one a line: loss.png")
    pictures = forms.IntegerField(
        label="Pictures in the notebook, at least", required=False, min_value=0, max_value=100
    )

    field_order = ["part", "title", "hosts", "inside", "pictures", "visible", "is_published"]

    def config(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        return {
            "hosts": [host.lower() for host in cleaned["hosts"]],
            "inside": cleaned["inside"],
            "pictures": cleaned["pictures"] or 0,
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(cleaned.get(name) for name in ("hosts", "inside", "pictures")):
            raise ValidationError("Ask for at least one thing: a link, a file or a picture.")
        return cleaned


class WrittenCheckForm(AtOnceForm):
    """How long an answer is and what it speaks of; how good it is, is the rubric's question."""

    kind = Check.Kind.WRITTEN
    part_kinds = (Part.Kind.TEXT,)
    without_part = "Add a text to the assignment's parts first."

    least = forms.IntegerField(label="At least (words)", required=False, min_value=0, max_value=5000)
    most = forms.IntegerField(label="At most (words)", required=False, min_value=0, max_value=5000)
    mentions = LinesField(label="Speaks of", required=False, help_text="Words, one a line: dropout")

    field_order = ["part", "title", "least", "most", "mentions", "visible", "is_published"]

    def config(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        return {
            "least": cleaned["least"] or 0,
            "most": cleaned["most"] or 0,
            "mentions": cleaned["mentions"],
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        least, most = cleaned.get("least") or 0, cleaned.get("most") or 0
        if most and least > most:
            self.add_error("most", "At most is less than at least.")
        if not self.errors and not (least or most or cleaned.get("mentions")):
            raise ValidationError("Ask for at least one thing: a length or a word.")
        return cleaned


FORMS: dict[str, type[AtOnceForm]] = {
    form.kind.value: form for form in (PredictionsCheckForm, EvidenceCheckForm, WrittenCheckForm)
}
