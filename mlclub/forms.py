"""How every form of the portal looks and what it can ask for. Templates print `{{ form }}`; nobody styles one by hand."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from django import forms
from django.core import validators
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from markdownx.widgets import MarkdownxWidget


class SiteRenderer(TemplatesSetting):
    """Prints forms through `templates/forms/`: summary of errors, then label, hint, error, control."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
    formset_template_name = "forms/formset.html"


class ErrorSummary:
    """What is to be mended on a page: one entry for each error of its forms, with the control it is about."""

    def __init__(self, *shown: forms.BaseForm | None) -> None:
        self.entries: list[tuple[str, str]] = []
        for form in shown:
            if form is None or not form.is_bound:
                continue
            self.entries += [("", str(error)) for error in form.non_field_errors()]
            for field in form:
                prefix = "" if not field.label else f"{capfirst(field.label)}: "
                target = "" if field.is_hidden else f"#{anchor(field)}"
                self.entries += [(target, f"{prefix}{error}") for error in field.errors]

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def title(self) -> str:
        """How many things are to be mended, in words."""
        count = len(self.entries)
        words = {1: "One thing", 2: "Two things", 3: "Three things"}
        return f"{words.get(count, f'{count} things')} to mend"


def anchor(field: BoundField) -> str:
    """The id of the control, or of the group of choices, that a link can lead to."""
    return field.id_for_label or str(field.auto_id)


@dataclass
class Part:
    """Fields that are printed together; those with a title stand behind it until somebody opens it."""

    title: str = ""
    fields: list[BoundField] = dataclass_field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether something stands in one of them that came from a person, or is to be mended."""
        return any(field.errors or _is_said(field) for field in self.fields)


def _is_said(field: BoundField) -> bool:
    default = field.field.initial
    if callable(default):
        default = default()
    said = field.value()
    return said not in (default, None, "", [], False, 0, "0") and str(said) != str(default)


def parts_of(form: forms.BaseForm) -> list[Part]:
    """The visible fields in their order. A form may put what most people leave alone behind a title:
    `folds = {"Seats": ("capacity", "guests_allowed")}`; it stands where the first of these fields would.
    """
    folds: dict[str, tuple[str, ...]] = getattr(form, "folds", {})
    title_of = {name: title for title, names in folds.items() for name in names}
    parts: list[Part] = []
    behind: dict[str, Part] = {}
    for field in form.visible_fields():
        title = title_of.get(field.name, "")
        if title:
            if title not in behind:
                behind[title] = Part(title)
                parts.append(behind[title])
            behind[title].fields.append(field)
        else:
            if not parts or parts[-1].title:
                parts.append(Part())
            parts[-1].fields.append(field)
    return parts


# ── Widgets ──


class DateInput(forms.DateInput):
    """A day, picked or typed."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "short", **(attrs or {})}, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """An hour of the day."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "short", **(attrs or {})}, format="%H:%M")


class DateTimeLocal(forms.DateTimeInput):
    """Day and hour in the club's zone, which is named beside the control."""

    input_type = "datetime-local"
    template_name = "forms/widgets/datetime.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "medium", **(attrs or {})}, format="%Y-%m-%dT%H:%M")


class Segments(forms.RadioSelect):
    """A few short choices that read as one control."""

    is_segments = True


class MarkdownWidget(MarkdownxWidget):
    """django-markdownx's editor with our own script: preview, paste and drop of pictures, under the strict CSP.

    It speaks to the views named `markdownx_markdownify` and `markdownx_upload`; where one is missing, or
    without JavaScript, a plain textarea remains.
    """

    template_name = "forms/widgets/markdown.html"

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        *,
        rows: int = 12,
        uploads: bool = True,
        cites: bool = False,
    ) -> None:
        super().__init__({"rows": rows, **(attrs or {})})
        self.uploads = uploads
        self.previews = True
        # Papers are offered after an @ where the text is shown with its citations.
        self.cites = cites

    @staticmethod
    def add_markdownx_attrs(attrs: dict[str, Any]) -> dict[str, Any]:
        """None of the package's `data-` attributes: they name its own open addresses."""
        return attrs

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        return super().render(name, value, {**(attrs or {})}, renderer)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs or {})
        context["widget"]["preview_url"] = address("markdownx_markdownify") if self.previews else ""
        context["widget"]["pages_url"] = address("page_complete")
        context["widget"]["papers_url"] = address("paper_keys") if self.cites else ""
        context["widget"]["upload_url"] = address("markdownx_upload") if self.uploads else ""
        return context

    class Media:
        extend = False


def address(name: str) -> str:
    """The address of a view in whichever app declares it, or nothing."""
    for full_name in (name, f"wiki:{name}"):
        try:
            return reverse(full_name)
        except NoReverseMatch:
            continue
    return ""


# ── Fields ──


class DateField(forms.DateField):
    """A day."""

    widget = DateInput


class TimeField(forms.TimeField):
    """An hour of the day."""

    widget = TimeInput


class DateTimeField(forms.DateTimeField):
    """A moment, given and shown in the club's zone."""

    widget = DateTimeLocal


class MarkdownField(forms.CharField):
    """Longer text in Markdown, with a preview."""

    widget = MarkdownWidget


def speak_plainly() -> None:
    """Make the standard errors of every form say how to mend them; called once, when the apps are ready."""
    messages: list[tuple[type[forms.Field], dict[str, str]]] = [
        (forms.Field, {"required": "This is needed. Please fill it in."}),
        (forms.IntegerField, {"invalid": "Give a whole number, such as 12."}),
        (forms.FloatField, {"invalid": "Give a number, such as 12.5."}),
        (forms.DecimalField, {"invalid": "Give a number, such as 12.5."}),
        (forms.DateField, {"invalid": "Give a day as 2026-10-30."}),
        (forms.TimeField, {"invalid": "Give a time as 20:00."}),
        (forms.DateTimeField, {"invalid": "Give day and time as 2026-10-30 20:00."}),
        (forms.URLField, {"invalid": "Give the whole address, beginning with https://."}),
        (forms.BooleanField, {"required": "Tick the box to go on."}),
        (
            forms.ChoiceField,
            {
                "required": "Choose one of these.",
                "invalid_choice": "“%(value)s” is not among the choices. Pick one from the list.",
            },
        ),
        (
            forms.FileField,
            {
                "required": "Choose a file.",
                "empty": "The file is empty. Check that it was saved, then choose it again.",
                "missing": "The file did not arrive. Choose it again.",
                "invalid": "The file did not arrive. Choose it again.",
            },
        ),
    ]
    for field, plain in messages:
        field.default_error_messages = {**field.default_error_messages, **plain}
    validators.EmailValidator.message = "Give a whole mail address, such as ada@club.example."
    validators.MinValueValidator.message = "Give %(limit_value)s or more."
    validators.MaxValueValidator.message = "Give %(limit_value)s or less."
    validators.validate_slug.message = "Only letters without accents, digits, - and _, such as spring-fair."
