from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.forms import TopicsField
from members.people_field import PeopleField
from mlclub import uploads
from mlclub.forms import DateTimeField, MarkdownField, MarkdownWidget
from wiki import editing
from wiki.forms import RevisionForm
from wiki.models import Post, ReaderNote
from wiki.models.posts import RESERVED
from wiki.posts import Words

TEXT_HINT = (
    "Markdown, with $formulas$, footnotes, @citations and pictures. A picture's title becomes its caption."
)


class TitleField(forms.CharField):
    """The title of a post, on one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, label="Title", **options)

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class ExcerptField(forms.CharField):
    """What lists and feeds say of a post."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=600,
            required=False,
            label="Excerpt",
            help_text="A few sentences for lists, feeds and previews. Without it they show the beginning.",
            widget=forms.Textarea(attrs={"rows": 3}),
            **options,
        )

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class PostForm(forms.Form):
    """A new post."""

    title = TitleField()
    excerpt = ExcerptField()
    text = MarkdownField(
        required=False, strip=False, help_text=TEXT_HINT, widget=MarkdownWidget(rows=20, cites=True)
    )

    def clean_text(self) -> str:
        text = editing.as_written(self.cleaned_data["text"])
        editing.check_text(text)
        return text

    def words(self) -> Words:
        return Words(*(self.cleaned_data[name] for name in ("title", "excerpt", "text")))


class PostRevisionForm(RevisionForm):
    """The words of a post, with the version that the author began from."""

    title = TitleField()
    excerpt = ExcerptField()
    field_order = ("title", "excerpt", "text", "summary")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].help_text = TEXT_HINT

    def words(self) -> Words:
        return Words(*(self.cleaned_data[name] for name in ("title", "excerpt", "text")))


class PostSettingsForm(forms.ModelForm):
    """Where a post stands, what it is about, and its picture."""

    slug = forms.SlugField(
        label="Address",
        max_length=80,
        help_text="Small letters and dashes. The old address leads to the new one.",
    )
    topics = TopicsField(required=False, help_text="With commas between, such as diffusion, grant writing.")
    picture = forms.FileField(
        label="Cover picture", required=False, help_text="PNG, JPEG, WebP or GIF, 10 MB at most."
    )
    drops_cover = forms.BooleanField(label="Take the cover away", required=False)

    class Meta:
        model = Post
        fields = ["slug", "cover_alt", "cover_caption"]
        labels = {"cover_alt": "What the cover shows", "cover_caption": "Caption of the cover"}

    field_order = ("slug", "topics", "picture", "cover_alt", "cover_caption", "drops_cover")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["topics"] = list(self.instance.topics.all())
        if not self.instance.cover_id:
            del self.fields["drops_cover"]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if slug in RESERVED:
            raise ValidationError("Another page of the blog stands at this address. Choose another.")
        return slug

    def clean_picture(self) -> Any:
        sent = self.cleaned_data["picture"]
        return uploads.image(sent) if sent else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        has_cover = data.get("picture") or (self.instance.cover_id and not data.get("drops_cover"))
        if has_cover and not data.get("cover_alt"):
            self.add_error("cover_alt", "Say what the picture shows, for readers who do not see it.")
        return data

    def _get_validation_exclusions(self) -> set[str]:
        # Whether a cover is there is known here, and not yet on the row.
        return {*super()._get_validation_exclusions(), "cover", "cover_alt"}  # type: ignore[misc]


class AuthorsForm(forms.Form):
    """Further authors, from the directory."""

    people = PeopleField(
        label="Add an author", help_text="A name, handle or mail address; several with commas."
    )


class AskForm(forms.Form):
    """A word to the editor."""

    note = forms.CharField(
        label="A word to the editor",
        max_length=4000,
        required=False,
        help_text="What you are unsure of, or by when it should come out.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DecisionForm(forms.Form):
    """What an editor decides of a post: back to its authors, at an hour, or now."""

    note = forms.CharField(
        label="A note to the authors",
        max_length=4000,
        required=False,
        help_text="What it still needs, or what you liked.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    publish_at = DateTimeField(
        label="It comes out at", required=False, help_text="Needed only to schedule it. In the club's time."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen = self.data.get("do", "") if self.is_bound else ""

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"].strip()
        if self.chosen == "return" and not note:
            raise ValidationError("Say what the post still needs.")
        return note

    def clean_publish_at(self) -> datetime | None:
        publish_at: datetime | None = self.cleaned_data["publish_at"]
        if self.chosen == "schedule":
            if publish_at is None:
                raise ValidationError("Give day and time as 2026-10-30 09:00.")
            if publish_at <= timezone.now():
                raise ValidationError("That time has passed. Choose a later one, or publish it now.")
        return publish_at

    def clean(self) -> dict[str, Any]:
        if self.chosen not in {"return", "schedule", "publish"}:
            raise ValidationError("Choose what becomes of the post: one of the buttons.")
        return super().clean() or {}


class WithdrawForm(forms.Form):
    """Why a post is taken back."""

    note = forms.CharField(
        label="Why", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReaderNoteForm(forms.ModelForm):
    """A reader's note to the authors."""

    class Meta:
        model = ReaderNote
        fields = ["text", "wants_to_work"]
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"text": "Only the authors and the editor read it."}

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip()
        return text
