"""What officers, companies and students type into the pages of a career fair."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils import timezone

from events.models import Booth, Event, Fair, FairCompany, FairStudent
from mlclub import pdf, uploads
from mlclub.forms import DateTimeField, MarkdownField

#: Words that are addresses of their own beside a fair's.
RESERVED = {"company", "new"}


class FairForm(forms.ModelForm):
    """What an event is as a career fair."""

    about = MarkdownField(label="For students", required=False, help_text="What to expect and what to bring.")
    for_companies = MarkdownField(
        label="For companies",
        required=False,
        help_text="How to get there, parking, building up, power, food. Everybody may read it.",
    )
    companies_until = DateTimeField(
        label="Companies register until", help_text="The form for companies closes then."
    )
    build_up_at = DateTimeField(
        label="Building up from", required=False, help_text="When companies find the doors open."
    )
    resumes_from = DateTimeField(
        label="Companies read résumés from",
        help_text="Not before this, and only companies that are accepted.",
    )
    resumes_until = DateTimeField(
        label="Résumés are deleted on", help_text="Students are told this date. The files are gone then."
    )

    class Meta:
        model = Fair
        fields = [
            "slug",
            "about",
            "for_companies",
            "tiers",
            "companies_until",
            "build_up_at",
            "resumes_from",
            "resumes_until",
        ]

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self.instance.event = event
        self.fields["tiers"].widget.attrs["rows"] = 4
        if self.instance.pk is None:
            self.initial.setdefault("companies_until", event.starts_at - timedelta(days=14))
            self.initial.setdefault("build_up_at", event.starts_at - timedelta(hours=2))
            self.initial.setdefault("resumes_from", event.starts_at - timedelta(days=1))
            self.initial.setdefault("resumes_until", event.ends_at + timedelta(days=60))

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        if slug in RESERVED:
            raise ValidationError("This word is an address of its own. Take another one, such as fa26.")
        return slug

    def clean_companies_until(self) -> Any:
        until = self.cleaned_data["companies_until"]
        if until > self.event.starts_at:
            raise ValidationError("The fair has begun by then. Give an earlier moment.")
        return until

    def clean_resumes_until(self) -> Any:
        until = self.cleaned_data["resumes_until"]
        if until <= self.event.ends_at + Fair.REPORT_AFTER:
            raise ValidationError(
                "Companies get their report a week after the fair, with what students opened to them. "
                "Give a later day."
            )
        if self.instance.pk and until > self.instance.resumes_until and self.instance.students.exists():
            raise ValidationError("Students were promised an earlier day. It can come sooner, not later.")
        return until

    def clean(self) -> dict[str, Any]:
        if not self.event.is_public:
            raise ValidationError(
                "Companies find only what is open to everyone. Change for whom the event is."
            )
        return super().clean() or {}


class CompanyChangeForm(forms.ModelForm):
    """What a company says of itself, and may change on its own page."""

    website = forms.URLField(required=False, max_length=300, assume_scheme="https")
    logo = forms.FileField(required=False, help_text="If you like. PNG, JPEG or WebP, at most 10 MB.")

    class Meta:
        model = FairCompany
        fields = ["website", "about", "contact_name", "representatives", "roles", "needs", "tier"]

    def __init__(self, *args: Any, fair: Fair, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made: ContentFile[bytes] | None = None
        self.fields["contact_name"].required = True
        for name in ("representatives", "roles", "needs"):
            self.fields[name].widget.attrs["rows"] = 3
        choices = fair.tier_choices
        held = self.instance.tier
        if held and held not in choices:
            choices = [held, *choices]
        if choices:
            self.fields["tier"] = forms.ChoiceField(
                label="What you choose", choices=[(text, text) for text in choices], widget=forms.RadioSelect
            )
        else:
            del self.fields["tier"]

    def clean_logo(self) -> None:
        sent = self.cleaned_data.get("logo")
        self.made = uploads.image(sent) if sent else None


class CompanyForm(CompanyChangeForm):
    """A company's registration, from somebody without an account."""

    # People leave it empty; it is not shown to whoever reads the page. Machines fill in every field.
    fax = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )

    class Meta(CompanyChangeForm.Meta):
        fields = ["name", "contact_name", "contact_email", *CompanyChangeForm.Meta.fields]

    field_order = ["name", "website", "about", "logo", "contact_name", "contact_email", "representatives"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact_email"].required = True
        self.fields[
            "contact_email"
        ].help_text = "We send a link to this address; with it you change everything later."

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def validate_unique(self) -> None:
        """Whether an address is known already is told to its mailbox alone."""

    def validate_constraints(self) -> None:
        """As above; the process settles it."""

    @property
    def is_machine(self) -> bool:
        return bool(self.data.get("fax", "").strip())


class AnswerForm(forms.Form):
    """The officers' answer to a company."""

    booth = forms.ModelChoiceField(Booth.objects.none(), required=False, empty_label="No booth yet")
    answer = forms.CharField(
        label="A word to them",
        max_length=600,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text="Stands in the mail, whatever the answer is.",
    )

    def __init__(self, *args: Any, company: FairCompany, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["booth"].queryset = free_booths(company)  # type: ignore[attr-defined]


class AssignForm(forms.Form):
    """Which booth an accepted company has."""

    booth = forms.ModelChoiceField(Booth.objects.none(), required=False, empty_label="No booth")

    def __init__(self, *args: Any, company: FairCompany, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["booth"] = company.booth_id
        # Every booth of the fair: one that was given away meanwhile is answered by the process, by name.
        self.fields["booth"].queryset = (  # type: ignore[attr-defined]
            free_booths(company) if not self.is_bound else Booth.objects.filter(fair=company.fair_id)
        )


def free_booths(company: FairCompany) -> Any:
    """The booths that nobody has, and the company's own."""
    taken = FairCompany.objects.filter(fair=company.fair_id, booth__isnull=False).exclude(pk=company.pk)
    return Booth.objects.filter(fair=company.fair_id).exclude(pk__in=taken.values("booth"))


class NotesForm(forms.ModelForm):
    """What officers write down about a company at a fair; nobody else reads it."""

    class Meta:
        model = FairCompany
        fields = ["notes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["notes"].widget.attrs["rows"] = 4


class HandOverForm(forms.Form):
    """Somebody else writes for the company from now on."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="Mail address", max_length=254)


class BoothsForm(forms.Form):
    """A row of booths, numbered through."""

    row = forms.CharField(label="Row or room", max_length=60, help_text="Such as: Row A, Atrium, Room 12.")
    first = forms.IntegerField(label="From number", min_value=1, max_value=9999)
    last = forms.IntegerField(label="to number", min_value=1, max_value=9999)


class StudentForm(forms.ModelForm):
    """What a student says for a fair: whom to meet, who may know them, and the résumé."""

    resume = forms.FileField(
        label="Résumé",
        required=False,
        help_text=f"A PDF of at most {pdf.MOST_PAGES} pages and {pdf.LARGEST // (1024 * 1024)} MB.",
    )
    graduates_in = forms.IntegerField(
        label="Year you graduate", required=False, min_value=1950, max_value=2100
    )
    meets = forms.MultipleChoiceField(label="Companies you wish to meet", required=False)
    opens = forms.MultipleChoiceField(label="Companies that may know you", required=False)
    is_open_to_all = forms.BooleanField(
        label="All companies of this fair may know me, also those that are added later", required=False
    )

    class Meta:
        model = FairStudent
        fields = ["field", "graduates_in", "is_open_to_all"]

    def __init__(self, *args: Any, fair: Fair, companies: list[FairCompany], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.companies = companies
        self.made: tuple[bytes, int] | None = None
        choices = [(str(company.pk), company.name) for company in companies]
        for name in ("meets", "opens"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields[
            "field"
        ].help_text = "Companies see it only in sum, and with your name where you let them."
        self.fields["graduates_in"].widget.attrs["class"] = "short"
        if self.instance.pk is None:
            self.fields["graduates_in"].help_text = f"Such as {timezone.localdate().year + 1}."

    def clean_resume(self) -> None:
        sent = self.cleaned_data.get("resume")
        self.made = pdf.checked(sent) if sent else None

    def _post_clean(self) -> None:
        """The row is written by the process, under its lock; only its limits are asked here."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The companies with what is ticked, as typed or as saved."""
        meets, opens = ({str(pk) for pk in self[name].value() or []} for name in ("meets", "opens"))
        return [
            {"company": company, "meets": str(company.pk) in meets, "opens": str(company.pk) in opens}
            for company in self.companies
        ]
