import pytest
from django.urls import reverse

from tests.factories import make_alumnus, make_member, make_page, make_revision
from wiki import sections

pytestmark = pytest.mark.django_db

TEXT = """Before.

## One

Words of one.

```python
## not a heading
```

### Within one

Inner.

> ## Quoted

## Two ##

Words of two.
"""


def edit(page):
    return reverse("wiki:page_edit", args=[page.path])


@pytest.mark.parametrize(
    ("anchor", "begins", "ends"),
    [
        ("u-one", "## One", "> ## Quoted\n\n"),
        ("u-within-one", "### Within one", "> ## Quoted\n\n"),
        ("u-two", "## Two ##", "Words of two.\n"),
    ],
)
def test_a_section_goes_from_its_heading_to_the_next_that_is_no_deeper(anchor, begins, ends):
    section = sections.find(TEXT, anchor)
    assert section.text.startswith(begins)
    assert section.text.endswith(ends)
    assert section.before + section.text + section.after == TEXT
    assert section.replaced(section.text) == TEXT


@pytest.mark.parametrize("anchor", ["u-not-a-heading", "u-quoted", "", "u-three"])
def test_what_stands_in_code_or_in_a_quotation_is_no_section(anchor):
    assert sections.find(TEXT, anchor) is None


def test_headings_underlined_after_front_matter_and_with_one_name_twice_are_found():
    text = "---\nbibliography: a.bib\n---\n\nSame\n====\n\na\n\nSame\n====\n\nb\n"
    assert sections.find(text, "u-same").text == "Same\n====\n\na\n\n"
    assert sections.find(text, "u-same-1").text == "Same\n====\n\nb\n"


def test_a_section_without_its_last_empty_line_is_put_back_with_one():
    section = sections.find("## One\na\n## Two\nb\n", "u-one")
    assert section.replaced("## One\n\nlonger\n") == "## One\n\nlonger\n\n## Two\nb\n"
    assert section.replaced("") == "## Two\nb\n"


def test_each_heading_has_a_link_to_its_section_for_those_who_write(client):
    page = make_page(path="Adam", text=TEXT)
    client.force_login(make_member())
    body = client.get(page.get_absolute_url()).content.decode()
    assert body.count('class="section-edit"') == 3
    assert 'href="/wiki/Adam/-/edit/?section=u-within-one"' in body
    client.force_login(make_alumnus())
    assert "section-edit" not in client.get(page.get_absolute_url()).content.decode()


def test_a_section_is_edited_alone_and_stands_in_its_page(client):
    page = make_page(path="Adam", text=TEXT)
    client.force_login(make_member())
    body = client.get(edit(page), {"section": "u-two"}).content.decode()
    assert "Edit “Two” in Adam" in body
    assert "Words of one." not in body

    client.post(edit(page), {"text": "## Two\r\n\r\nBetter.", "base": 1, "section": "u-two"})

    page.refresh_from_db()
    assert page.text == TEXT.replace("## Two ##\n\nWords of two.", "## Two\n\nBetter.")


def test_two_sections_are_edited_at_once_and_both_stand(client):
    page = make_page(path="Adam", text=TEXT)
    client.force_login(make_member())
    make_revision(
        page=page, text=TEXT.replace("Before.", "Long before.\n\n## Zero\n\nNew."), author=make_member()
    )

    client.post(edit(page), {"text": "## Two\n\nBetter.", "base": 1, "section": "u-two"})

    page.refresh_from_db()
    assert page.text.startswith("Long before.\n\n## Zero\n\nNew.\n\n## One")
    assert page.text.endswith("## Two\n\nBetter.\n")


def test_a_conflict_in_a_section_is_settled_on_the_whole_page(client):
    page = make_page(path="Adam", text=TEXT)
    client.force_login(make_member())
    make_revision(page=page, text=TEXT.replace("of two", "of both"), author=make_member())

    answer = client.post(edit(page), {"text": "## Two ##\n\nWords of 2.", "base": 1, "section": "u-two"})

    assert answer.status_code == 409
    assert "Words of 2." in answer.content.decode()
    assert "Words of one." in answer.content.decode()


def test_a_section_that_is_gone_opens_the_page_and_loses_no_text(client):
    page = make_page(path="Adam", text=TEXT)
    client.force_login(make_member())
    assert "not in the page any more" in client.get(edit(page), {"section": "u-gone"}).content.decode()

    answer = client.post(edit(page), {"text": "Mine", "base": 1, "section": "u-gone"})

    assert answer.status_code == 422
    assert "Mine" in answer.content.decode()


def test_a_preview_of_a_section_compares_the_section_alone(client):
    page = make_page(path="Adam", text=TEXT)
    client.force_login(make_member())
    data = {"text": "## Two ##\n\n**Words** of two.", "base": 1, "section": "u-two", "preview": "1"}
    body = client.post(edit(page), data).content.decode()
    assert "<strong>Words</strong> of two." in body
    assert "Before." not in body
    assert 'value="u-two"' in body
