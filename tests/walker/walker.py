"""A visitor without a browser: every step uses a link, a button or a field that the page before really had.

One step is one activation of a link or button, or one choice of a file; typed fields are counted apart, reading is
free. A redirect belongs to the step that led to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

MOST_QUERIES = 15
MOST_BYTES = 60_000
BOOKKEEPING = ("SAVEPOINT", "RELEASE", "ROLLBACK")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@dataclass
class Control:
    """A field or a button of a form."""

    tag: str
    attributes: dict[str, str]
    label: str = ""
    text: str = ""
    options: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.attributes.get("name", "")

    @property
    def kind(self) -> str:
        default = "submit" if self.tag == "button" else "text"
        return self.attributes.get("type", default).lower()

    @property
    def is_button(self) -> bool:
        return self.tag in ("button", "input") and self.kind in ("submit", "image")

    @property
    def words(self) -> str:
        said = self.attributes.get("aria-label") or self.text or self.attributes.get("value", "")
        return squeezed(said if self.is_button else f"{self.label} {self.attributes.get('aria-label', '')}")


@dataclass
class Form:
    attributes: dict[str, str]
    controls: list[Control] = field(default_factory=list)

    @property
    def method(self) -> str:
        return self.attributes.get("method", "get").lower()

    def as_it_stands(self) -> dict[str, list[Any]]:
        """What the browser would send if nobody touched anything."""
        data: dict[str, list[Any]] = {}
        for control in self.controls:
            if not control.name or control.is_button or "disabled" in control.attributes:
                continue
            if control.kind in ("checkbox", "radio"):
                if "checked" in control.attributes:
                    data.setdefault(control.name, []).append(control.attributes.get("value", "on"))
            elif control.tag == "select":
                chosen = [value for value, _, is_chosen in control.options if is_chosen]
                if not chosen and control.options and "multiple" not in control.attributes:
                    chosen = [control.options[0][0]]
                data.setdefault(control.name, []).extend(chosen)
            elif control.tag == "textarea":
                data.setdefault(control.name, []).append(control.text.removeprefix("\n"))
            elif control.kind not in ("file", "button", "reset"):
                data.setdefault(control.name, []).append(control.attributes.get("value", ""))
        return data


class Page(HTMLParser):
    """The links, forms and words of one page, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self.text = ""
        self.by_id: dict[str, Form] = {}
        self.labels: dict[str, str] = {}
        self.open_link: tuple[str, list[str]] | None = None
        self.open_form: Form | None = None
        self.open_control: Control | None = None
        self.open_option: list[Any] | None = None
        self.open_label: tuple[str, list[str]] | None = None
        self.labelled: list[tuple[Control, list[str]]] = []
        self.strays: list[Control] = []
        self.silent = 0
        self.feed(html)
        for control in self.strays:
            if owner := self.by_id.get(control.attributes.get("form", "")):
                owner.controls.append(control)
        for control, words in self.labelled:
            control.label = squeezed(" ".join(words))
        for form in self.forms:
            for control in form.controls:
                control.label = control.label or self.labels.get(control.attributes.get("id", "-"), "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "template"):
            self.silent += 1
        elif tag == "a" and "href" in given:
            self.open_link = (given["href"], [given.get("aria-label", "")])
        elif tag == "form":
            self.open_form = Form(given)
            self.forms.append(self.open_form)
            self.by_id[given.get("id", "-")] = self.open_form
        elif tag == "label":
            self.open_label = (given.get("for", ""), [])
        elif tag in ("input", "button", "select", "textarea"):
            control = Control(tag, given)
            if self.open_label and not self.open_label[0]:
                self.labelled.append((control, self.open_label[1]))
            if "form" in given:
                self.strays.append(control)
            elif self.open_form is not None:
                self.open_form.controls.append(control)
            if tag != "input":
                self.open_control = control
        elif tag == "option" and self.open_control is not None:
            self.open_option = [given.get("value"), "", "selected" in given]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "template"):
            self.silent -= 1
        elif tag == "a" and self.open_link:
            self.links.append((self.open_link[0], squeezed(" ".join(self.open_link[1]))))
            self.open_link = None
        elif tag == "form":
            self.open_form = None
        elif tag == "label" and self.open_label:
            if self.open_label[0]:
                self.labels[self.open_label[0]] = squeezed(" ".join(self.open_label[1]))
            self.open_label = None
        elif tag == "option" and self.open_option and self.open_control:
            value, text, is_chosen = self.open_option
            self.open_control.options.append((text if value is None else value, squeezed(text), is_chosen))
            self.open_option = None
        elif tag in ("button", "select", "textarea"):
            self.open_control = None

    def handle_data(self, data: str) -> None:
        if self.silent:
            return
        if self.open_option is not None:
            self.open_option[1] += data
        elif self.open_control is not None:
            self.open_control.text += data
        if self.open_link is not None:
            self.open_link[1].append(data)
        if self.open_label is not None and self.open_control is None:
            self.open_label[1].append(data)
        self.text += data + " "


class Walker:
    """Somebody who reads pages, follows links and presses buttons, and is counted."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.steps = self.pages = self.fields = self.most_queries = self.most_bytes = 0
        self.allowed_queries = MOST_QUERIES
        self.trail: list[str] = []
        self.typed: dict[str, list[Any]] = {}
        self.url = "/"
        self.page = Page("")

    # ── what a person does ──

    def open(self, url: str) -> Page:
        """Arrive at an address: where the task begins, or a link in a mail (which counts as a step of its own)."""
        return self._go("get", url)

    def from_mail(self, url: str) -> Page:
        self.steps += 1
        self.trail.append(f"mail → {url}")
        return self._go("get", urlsplit(url)._replace(scheme="", netloc="").geturl())

    def follow(self, words: str = "", *, to: str = "") -> Page:
        """Follow the first link with these words, or whose address matches the pattern `to`."""
        for href, text in self.page.links:
            if (words and words.lower() in text.lower()) or (to and re.search(to, href)):
                self.steps += 1
                self.trail.append(f"follow “{text or href}”")
                return self._go("get", href)
        raise AssertionError(
            f"{self.url} has no link “{words or to}”: {[text for _, text in self.page.links]}"
        )

    def type(self, words: str, value: str) -> None:
        control = self._field(words)
        self.fields += 1
        self.typed[control.name] = [value]

    def choose_file(self, words: str, file: Any) -> None:
        control = self._field(words, kind="file")
        self.steps += 1
        self.trail.append(f"choose a file for “{control.words}”")
        self.typed[control.name] = [file]

    def pick(self, words: str, value: str) -> None:
        """Pick one of a list or of some buttons; an activation like any other."""
        control = self._field(words, value=value)
        self.steps += 1
        self.trail.append(f"pick “{value}”")
        if control.tag == "select":
            value = next(
                key for key, text, _ in control.options if value.lower() in (text.lower(), key.lower())
            )
        else:
            value = control.attributes.get("value", "on")
        self.typed[control.name] = [value]

    def press(self, words: str, *, to: str = "") -> Page:
        """Press the first button with these words (of a form that leads to `to`), or Enter in its form."""
        for form in self.page.forms:
            if to and not re.search(to, form.attributes.get("action", "")):
                continue
            for button in form.controls:
                if button.is_button and words.lower() in button.words.lower():
                    return self._submit(form, button)
        found = [control.words for form in self.page.forms for control in form.controls if control.is_button]
        raise AssertionError(f"{self.url} has no button “{words}”: {found}")

    def enter(self) -> Page:
        """Press Enter in the form that was typed into."""
        for form in self.page.forms:
            if set(self.typed) & {control.name for control in form.controls}:
                return self._submit(form, next((each for each in form.controls if each.is_button), None))
        raise AssertionError("Nothing was typed.")

    # ── what it comes to ──

    def report(self, task: str) -> str:
        return (
            f"{task}: {self.steps} steps, {self.pages} pages, {self.fields} fields, "
            f"at most {self.most_queries} queries and {self.most_bytes} bytes a page; {' · '.join(self.trail)}"
        )

    def _field(self, words: str, *, kind: str = "", value: str = "") -> Control:
        for form in self.page.forms:
            for control in form.controls:
                if control.is_button or (kind and control.kind != kind) or control.kind == "hidden":
                    continue
                said = f"{control.words} {control.name}".lower()
                if words.lower() not in said:
                    continue
                own = (control.attributes.get("value", "").lower(), control.words.lower())
                if value and control.kind in ("radio", "checkbox") and value.lower() not in own:
                    continue
                return control
        found = [(each.words, each.name) for form in self.page.forms for each in form.controls]
        raise AssertionError(f"{self.url} has no field “{words}”: {found}")

    def _submit(self, form: Form, button: Control | None) -> Page:
        self.steps += 1
        self.trail.append(f"press “{button.words if button else 'Enter'}”")
        data = form.as_it_stands()
        names = {control.name for control in form.controls}
        data.update({name: value for name, value in self.typed.items() if name in names})
        if button is not None and button.name:
            data.setdefault(button.name, []).append(button.attributes.get("value", ""))
        action = (button.attributes.get("formaction") if button else "") or form.attributes.get("action", "")
        method = (button.attributes.get("formmethod") if button else "") or form.method
        return self._go(method.lower(), action or self.url, data)

    def _go(self, method: str, url: str, data: dict[str, list[Any]] | None = None) -> Page:
        target = urljoin(self.url, url)
        parts = urlsplit(target)
        assert not parts.netloc or parts.netloc == "testserver", f"{target} leads out of the portal"
        with CaptureQueriesContext(connection) as queries:
            response = getattr(self.client, method)(target.partition("#")[0], data or {})
        hops = 0
        while response.status_code in (301, 302, 303):
            target = urljoin(target, response.headers["Location"])
            with CaptureQueriesContext(connection) as queries:
                response = self.client.get(target.partition("#")[0])
            hops += 1
            assert hops < 5, f"{target} leads in circles"
        assert response.status_code == 200, (
            f"{target}: {response.status_code} {squeezed(Page(response.content.decode()).text)[:600]}"
        )
        self.pages += 1
        self.url, self.typed = target, {}
        self.page = Page(response.content.decode())
        if method == "get" or hops:
            self._count(target, queries, len(response.content))
        return self.page

    def _count(self, url: str, queries: CaptureQueriesContext, size: int) -> None:
        asked = [query for query in queries if not query["sql"].startswith(BOOKKEEPING)]
        self.most_queries = max(self.most_queries, len(asked))
        self.most_bytes = max(self.most_bytes, size)
        assert len(asked) <= self.allowed_queries, f"{url} asks {len(asked)} queries:\n" + "\n".join(
            query["sql"][:160] for query in asked
        )
        assert size <= MOST_BYTES, f"{url} has {size} bytes"
