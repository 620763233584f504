from html.parser import HTMLParser

import pytest
from django import forms as django_forms
from django.utils import timezone

from mlclub import forms
from tests.ui.specimens import SpecimenForm


class Page(HTMLParser):
    """The elements of a page, by id."""

    def __init__(self, text):
        super().__init__()
        self.by_id, self.all = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, **dict(attrs)}
        self.all.append(element)
        if "id" in element:
            assert element["id"] not in self.by_id, element["id"]
            self.by_id[element["id"]] = element


BAD = {"title": "", "seats": "24 or so", "starts_at": "soon", "kind": "x"}


def test_errors_are_listed_on_top_and_lead_to_their_controls():
    text = str(SpecimenForm(BAD))
    page = Page(text)

    links = [element["href"] for element in page.all if element["tag"] == "a"]
    assert links
    assert [link for link in links if link.removeprefix("#") not in page.by_id] == []
    assert text.index("error-summary") < text.index("<label")


def test_a_control_with_an_error_says_so_and_names_what_describes_it():
    page = Page(str(SpecimenForm(BAD)))

    seats = page.by_id["id_seats"]
    assert seats["aria-invalid"] == "true"
    assert seats["aria-describedby"].split() == ["id_seats_helptext", "id_seats_error"]
    for element in page.all:
        for name in element.get("aria-describedby", "").split():
            assert name in page.by_id


def test_what_was_typed_is_kept():
    assert 'value="24 or so"' in str(SpecimenForm(BAD))


def test_a_good_form_has_no_summary():
    assert "error-summary" not in str(SpecimenForm())


def test_errors_say_how_to_mend_them():
    errors = SpecimenForm(BAD).errors

    assert errors["seats"] == ["Give a whole number, such as 12."]
    assert errors["title"] == ["This is needed. Please fill it in."]
    assert errors["kind"] == ["“x” is not among the choices. Pick one from the list."]


def test_what_is_too_small_or_no_address_is_said_in_the_words_of_the_house():
    class Form(django_forms.Form):
        seats = django_forms.IntegerField(min_value=1, max_value=60)
        email = django_forms.EmailField()
        address = django_forms.SlugField()

    few = Form({"seats": "0", "email": "nobody", "address": "no good!"}).errors
    assert few["seats"] == ["Give 1 or more."]
    assert few["email"] == ["Give a whole mail address, such as ada@club.example."]
    assert few["address"] == ["Only letters without accents, digits, - and _, such as spring-fair."]
    assert Form({"seats": "61"}).errors["seats"] == ["Give 60 or less."]


def test_every_control_has_a_visible_label_or_a_legend():
    page = Page(str(SpecimenForm()))

    labelled = {element.get("for") for element in page.all if element["tag"] == "label"}
    controls = [
        e for e in page.all if e["tag"] in ("input", "textarea", "select") and e.get("type") != "hidden"
    ]
    assert [e.get("id") for e in controls if e.get("id") and e["id"] not in labelled] == []


def test_hidden_text_of_a_label_is_escaped():
    class Form(django_forms.Form):
        name = django_forms.CharField(label="<b>Name</b>")

    assert "&lt;b&gt;Name&lt;/b&gt;" in str(Form())


@pytest.mark.parametrize(("zone", "hour"), [("America/Los_Angeles", 3), ("Europe/Berlin", 19)])
def test_a_moment_is_given_in_the_clubs_zone(zone, hour):
    class Form(django_forms.Form):
        at = forms.DateTimeField()

    with timezone.override(zone):
        form = Form({"at": "2026-10-30T20:00"})
        assert form.is_valid()
        assert form.cleaned_data["at"].astimezone(timezone.get_fixed_timezone(0)).hour == hour
        again = str(Form(initial={"at": form.cleaned_data["at"]}))
    assert 'type="datetime-local"' in again
    assert 'value="2026-10-30T20:00' in again
    assert zone.rpartition("/")[2].replace("_", " ") + " time" in again


def test_the_editor_brings_none_of_the_packages_scripts_or_addresses():
    text = str(SpecimenForm()["text"])

    assert "/markdownx/" not in text
    assert "js/editor.js" in text
    assert str(SpecimenForm().media) == ""


class FoldingForm(django_forms.Form):
    folds = {"Seats": ("capacity", "guests")}

    title = django_forms.CharField()
    capacity = django_forms.IntegerField(required=False)
    guests = django_forms.IntegerField(initial=0)
    kind = django_forms.ChoiceField(choices=[("", "---------"), ("talk", "Talk")])


def details(form):
    return [element for element in Page(str(form)).all if element["tag"] == "details"]


def test_what_most_people_leave_alone_stands_behind_a_title_in_the_order_of_the_form():
    text = str(FoldingForm())

    assert [text.index(f'name="{name}"') for name in ("title", "capacity", "guests", "kind")] == sorted(
        text.index(f'name="{name}"') for name in ("title", "capacity", "guests", "kind")
    )
    assert ["open" in element for element in details(FoldingForm())] == [False]


@pytest.mark.parametrize(
    ("typed", "is_open"),
    [
        ({"capacity": "12", "guests": "0"}, True),
        ({"capacity": "twelve", "guests": "0"}, True),
        ({"capacity": "", "guests": ""}, True),  # the number of guests is needed: the error must be in view
        ({"capacity": "", "guests": "0"}, False),
    ],
)
def test_a_fold_is_open_when_something_stands_in_it_or_is_to_be_mended(typed, is_open):
    assert ["open" in element for element in details(FoldingForm(typed))] == [is_open]


def test_an_empty_choice_says_what_to_do():
    assert "Choose …" in str(FoldingForm())
    assert "-----" not in str(FoldingForm())
