"""The markup that many pages share: `{% load ui %}`. `static/css/README.md` shows each with its classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import segno
from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BaseForm
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from heroicons import _load_icon

from mlclub import look
from mlclub.forms import ErrorSummary, Part, parts_of

register = template.Library()

TONE_ICONS = {"ok": "check", "warn": "exclamation-triangle", "bad": "x-mark", "info": "clock", "": ""}
ALLAUTH_LABELS = {
    "remember": "Stay signed in on this device",
    "login": "Mail address",
    "email": "Mail address",
}
#: What may stand within a line: formulas and emphasis, no link and no block.
WITHIN_A_LINE = re.compile(r"</?(math|m[a-z]+|semantics|em|strong|code|del|span|br)\b")
MESSAGE_TONES = {"debug": "", "info": "info", "success": "ok", "warning": "warn", "error": "bad"}


# ── Small marks ──


@lru_cache(maxsize=512)
def drawn(name: str, size: str, css_class: str) -> SafeString:
    """A heroicon as bare SVG: colour, stroke and size come from `icon.css`."""
    style, box = ("micro", 16) if size == "micro" else ("outline", 24)
    paths = "".join(
        ElementTree.tostring(path, encoding="unicode").strip()
        for path in _load_icon(style, name).iter("path")
    )
    for noise in (' stroke-linecap="round"', ' stroke-linejoin="round"'):
        paths = paths.replace(noise, "")
    classes = " ".join(filter(None, ["icon", "micro" if size == "micro" else "", css_class]))
    return mark_safe(f'<svg class="{classes}" viewBox="0 0 {box} {box}" aria-hidden="true">{paths}</svg>')


@register.simple_tag
def icon(name: str, *, size: str = "", css: str = "") -> SafeString:
    """`{% icon "bell" %}`: a heroicon that says nothing to a screen reader; `size="micro"` for 16 px."""
    return drawn(name, size, css)


@register.simple_tag
def badge(tone: str, label: str, *, icon: str | None = None) -> SafeString:
    """`{% badge "ok" "Done" icon="check" %}`: icon, word and tone together."""
    name = TONE_ICONS.get(tone, "") if icon is None else icon
    return format_html(
        '<span class="{}">{}{}</span>',
        f"badge {tone}".strip(),
        drawn(name, "micro", "") if name else "",
        label,
    )


@register.simple_tag
def avatar(person: Any, *, big: bool = False) -> SafeString:
    """The person's picture, or their initials; it repeats a name beside it, so it is hidden from readers."""
    css = "avatar big" if big else "avatar"
    picture = getattr(person, "avatar_url", "")
    if picture:
        side = 56 if big else 32
        return format_html(
            '<img class="{}" src="{}" alt="" width="{}" height="{}" loading="lazy">', css, picture, side, side
        )
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, getattr(person, "initials", "?"))


@register.simple_tag
def person_link(person: Any) -> SafeString:
    """Avatar and name, linked to the person's page where they have one."""
    inner = format_html("{}<span>{}</span>", avatar(person), getattr(person, "display_name", str(person)))
    url = person.get_absolute_url() if hasattr(person, "get_absolute_url") else ""
    if not url:
        return format_html('<span class="person">{}</span>', inner)
    return format_html('<a class="person" href="{}">{}</a>', url, inner)


# ── Dates ──


def how_far(moment: datetime, now: datetime) -> str:
    """The distance between two moments in words: "in 3 days", "2 hours ago", "now"."""
    seconds = (moment - now).total_seconds()
    days = (timezone.localtime(moment).date() - timezone.localtime(now).date()).days
    size = abs(seconds)
    if size < 60:
        return "now"
    if size < 3600:
        words = counted(round(size / 60), "minute")
    elif size < 20 * 3600:
        words = counted(round(size / 3600), "hour")
    elif abs(days) <= 1:
        return "tomorrow" if seconds > 0 else "yesterday"
    else:
        words = span_of_days(abs(days))
    return f"in {words}" if seconds > 0 else f"{words} ago"


def span_of_days(days: int) -> str:
    """A number of days in the largest unit that is still exact enough to plan with."""
    if days < 21:
        return counted(days, "day")
    if days < 70:
        return counted(round(days / 7), "week")
    if days < 700:
        return counted(round(days / 30.4), "month")
    return counted(round(days / 365.25), "year")


def counted(number: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def spoken_date(day: date, today: date) -> str:
    """`Fri 30 Oct`, with the year when it is not this one."""
    return date_format(day, "D j M" if day.year == today.year else "D j M Y")


@register.simple_tag
def when(moment: datetime | date | None, *, relative: bool = True, now: datetime | None = None) -> SafeString:
    """A moment in the club's zone, with the zone's name and how far off it is."""
    now = now or timezone.now()
    today = timezone.localtime(now).date()
    if moment is None:
        return SafeString("")
    if not isinstance(moment, datetime):
        far = (moment - today).days
        near = {0: "today", 1: "tomorrow", -1: "yesterday"}
        words = near.get(far) or (f"in {span_of_days(far)}" if far > 0 else f"{span_of_days(-far)} ago")
        shown = format_html('<time datetime="{}">{}</time>', moment.isoformat(), spoken_date(moment, today))
    else:
        local = timezone.localtime(moment)
        words = how_far(moment, now)
        shown = format_html(
            '<time datetime="{}">{}, {} {}</time>',
            local.isoformat(timespec="minutes"),
            spoken_date(local.date(), today),
            date_format(local, "TIME_FORMAT"),
            local.tzname() or "",
        )
    if not relative:
        return shown
    return format_html('<span class="moment">{} <span class="far">{}</span></span>', shown, words)


@register.simple_tag
def day(moment: datetime | date | None, *, month: bool = False, now: datetime | None = None) -> SafeString:
    """The date column of a row: weekday, day, and the hour (or the month, with `month=True`)."""
    if moment is None:
        return SafeString('<span class="day"></span>')
    today = timezone.localtime(now or timezone.now()).date()
    if isinstance(moment, datetime):
        local = timezone.localtime(moment)
        on, stamp, hour = local.date(), local.isoformat(timespec="minutes"), date_format(local, "TIME_FORMAT")
    else:
        on, stamp, hour = moment, moment.isoformat(), ""
    if on == today and hour and not month:
        return format_html(
            '<time class="day today" datetime="{}"><span>Today</span><b>{}</b></time>', stamp, hour
        )
    is_near = abs(on - today) < timedelta(days=45)
    below = (
        hour if hour and not month and is_near else date_format(on, "M" if on.year == today.year else "M Y")
    )
    return format_html(
        '<time class="{}" datetime="{}"><span>{}</span><b>{}</b><span>{}</span></time>',
        "day today" if on == today else "day",
        stamp,
        date_format(on, "D"),
        on.day,
        below,
    )


# ── Ways around ──


@register.simple_tag
def crumbs(*parts: str) -> SafeString:
    """`{% crumbs "Events" events_url "This one" %}`: label, address, label, address, …, the page itself."""
    pairs = [(parts[at], parts[at + 1] if at + 1 < len(parts) else "") for at in range(0, len(parts), 2)]
    items = format_html_join(
        "",
        "<li>{}</li>",
        (
            (
                format_html('<a href="{}">{}</a>', url, label)
                if url
                else format_html('<span aria-current="page">{}</span>', label),
            )
            for label, url in pairs
        ),
    )
    return format_html('<nav class="crumbs" aria-label="You are here"><ol>{}</ol></nav>', items)


def address(name: str, args: Sequence[Any]) -> str:
    """The address behind a URL name, or nothing when no such page exists (yet)."""
    if not args:
        return fixed_address(name, get_urlconf())
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@lru_cache(maxsize=512)
def fixed_address(name: str, urlconf: str | None) -> str:
    """An address without arguments, worked out once: the navigation asks for thirty on every page."""
    try:
        return reverse(name, urlconf)
    except NoReverseMatch:
        return ""


def is_here(path: str, url: str) -> bool:
    """Whether the page at `path` is the one at `url` or lies below it."""
    return path == url or (url != "/" and path.startswith(url))


@register.simple_tag(takes_context=True)
def nav_link(
    context: template.Context, name: str, label: str, *args: Any, icon: str = "", item: bool = True
) -> SafeString:
    """A link of the navigation, marked when one is there; nothing at all when the page does not exist.

    `item=False` leaves the list item out, for menus.
    """
    url = address(name, args)
    if not url:
        return SafeString("")
    request = context.get("request")
    here = request is not None and is_here(request.path, url)
    return drawn_link(url, label, icon, is_here=here, is_item=item)


@lru_cache(maxsize=512, typed=True)  # a label that is escaped already is another one than its like
def drawn_link(url: str, label: str, icon: str, *, is_here: bool, is_item: bool) -> SafeString:
    """The markup of a link of the navigation: every page has thirty, and they are always the same."""
    here = mark_safe(' aria-current="page"') if is_here else ""
    link = format_html('<a href="{}"{}>{}{}</a>', url, here, drawn(icon, "", "") if icon else "", label)
    return format_html("<li>{}</li>", link) if is_item else link


@register.simple_tag
def address_of(name: str, *args: Any) -> str:
    """`{% address_of "events:event_list" as url %}`: the address, or empty where `{% url %}` would fail."""
    return address(name, args)


@register.simple_tag(takes_context=True)
def pages(context: template.Context, page_obj: Page[Any] | None, *, name: str = "page") -> SafeString:
    """Links to the other pages of a long list; filters in the address are kept."""
    if page_obj is None or not page_obj.has_other_pages():
        return SafeString("")
    request = context.get("request")
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    numbers = []
    for number in page_obj.paginator.get_elided_page_range(page_obj.number, on_each_side=2, on_ends=1):
        is_number = isinstance(number, int)
        numbers.append((number, page_address(query, name, number) if is_number else ""))
    links = {
        "before": page_address(query, name, page_obj.previous_page_number())
        if page_obj.has_previous()
        else "",
        "after": page_address(query, name, page_obj.next_page_number()) if page_obj.has_next() else "",
    }
    return SafeString(render_to_string("ui/pages.html", {"page": page_obj, "numbers": numbers, **links}))


def page_address(query: QueryDict, name: str, number: Any) -> str:
    """The present query with another page number."""
    query[name] = str(number)
    return f"?{query.urlencode()}"


# ── Blocks ──


@register.simple_tag
def empty(
    *, title: str, text: str = "", href: str = "", action: str = "", icon: str = "inbox", level: int = 3
) -> SafeString:
    """What will be here and the first step towards it."""
    return SafeString(
        render_to_string(
            "ui/empty.html",
            {"title": title, "text": text, "href": href, "action": action, "icon": icon, "level": level},
        )
    )


@register.simple_block_tag
def panel(content: str, *, title: str = "", css: str = "", level: int = 2, anchor: str = "") -> SafeString:
    """`{% panel title="Decision" %}…{% endpanel %}`: a hairline box around something acted on."""
    heading = format_html("<h{}>{}</h{}>", level, title, level) if title else ""
    named = format_html(' id="{}"', anchor) if anchor else ""
    return format_html(
        '<section class="{}"{}>{}{}</section>', f"panel {css}".strip(), named, heading, mark_safe(content)
    )


@register.simple_block_tag
def notice(content: str, *, tone: str = "", icon: str | None = None) -> SafeString:
    """`{% notice tone="warn" %}…{% endnotice %}`: something the reader must know, with icon and tone."""
    name = (TONE_ICONS.get(tone) or "information-circle") if icon is None else icon
    return format_html(
        '<div class="{}">{}<div>{}</div></div>',
        f"notice {tone}".strip(),
        drawn(name, "", ""),
        mark_safe(content),
    )


@register.simple_tag(takes_context=True)
def panels(context: template.Context, obj: Any) -> SafeString:
    """What the apps above know of `obj`, each as a section with its own template."""
    from mlclub.gather import flat

    request = context.get("request")
    user = getattr(request, "user", None)
    found = [
        (panel.title, mark_safe(render_to_string(panel.template, {**panel.context, "user": user}, request)))
        for panel in flat("panels", obj, user)
    ]
    return format_html_join("", '<section class="panel slim"><h2>{}</h2>{}</section>', found)


@register.simple_tag
def markdown(text: str, *, context: Any = None) -> SafeString:
    """A person's Markdown as safe HTML."""
    from mlclub.markdown import render

    return render(text, context=context).html


@register.simple_tag
def markdown_line(text: str) -> SafeString:
    """`{% markdown_line option %}`: one line of Markdown for a button, a heading or a cell.

    What makes more than a line of words and formulas, or holds a link, is shown as it was typed.
    """
    from mlclub.markdown import render

    html = render(text).html.strip()
    inner = html.removeprefix("<p>").removesuffix("</p>")
    if html.startswith("<p>") and inner.count("<") == len(WITHIN_A_LINE.findall(inner)):
        return mark_safe(inner)
    return conditional_escape(text)


@register.simple_tag
def error_summary(*shown: BaseForm | None) -> SafeString:
    """`{% error_summary form other_form %}`: what is to be mended, at the top, where the focus goes."""
    summary = ErrorSummary(*shown)
    if not summary:
        return SafeString("")
    first = next(form for form in shown if form is not None)
    summary_id = f"{first.prefix}-summary" if first.prefix else "error-summary"
    return SafeString(render_to_string("forms/summary.html", {"summary": summary, "summary_id": summary_id}))


@register.simple_tag
def form_parts(form: BaseForm) -> list[Part]:
    """`{% form_parts form as parts %}`: the visible fields, those that most people leave alone behind a title."""
    return parts_of(form)


@register.simple_tag
def qr(text: str, *, label: str) -> SafeString:
    """A QR code as SVG in the page's own colours, with what it is for as its name."""
    drawing = segno.make(text, error="m")
    side = drawing.symbol_size(border=4)[0]
    path = "".join(
        f"M{column} {row}h1v1h-1z"
        for row, line in enumerate(drawing.matrix, 4)
        for column, dark in enumerate(line, 4)
        if dark
    )
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" role="img" aria-label="{}"><path class="qr-paper" d="M0 0h{}v{}h-{}z"/><path d="{}"/></svg>',
        side,
        side,
        label,
        side,
        side,
        side,
        path,
    )


# ── What base.html needs ──


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """The visitor's theme: auto, light or dark."""
    return look.theme_of(context.get("request"))


@register.simple_tag
def term_rule(term: Any, weeks: Iterable[Any] | None) -> SafeString:
    """The line under the masthead: one segment a week, spent, now, or to come."""
    states = [getattr(week, "state", week) for week in weeks or ()]
    if not states:
        return SafeString("")
    now = next((at for at, state in enumerate(states, start=1) if state == "now"), 0)
    said = f"{term}: week {now} of {len(states)}" if now else f"{term}, {counted(len(states), 'week')}"
    segments = format_html_join("", '<span class="{}"></span>', ((state,) for state in states))
    return format_html('<div class="term-rule" role="img" aria-label="{}">{}</div>', said, segments)


@register.simple_tag
def is_demo() -> bool:
    """Whether this is the demo club, where everybody may sign in as anybody."""
    return bool(settings.DEMO)


@register.filter
def unprompted(form: BaseForm) -> BaseForm:
    """allauth's forms in our words, without the placeholders that repeat their labels."""
    for name, field in form.fields.items():
        field.widget.attrs.pop("placeholder", None)
        field.label = ALLAUTH_LABELS.get(name, field.label)
        # A form that was refused has read its labels already.
        form[name].label = str(field.label or "")
    return form


@register.filter
def zone_name(zone: Any) -> str:
    """`Los Angeles` for America/Los_Angeles."""
    return str(zone).rpartition("/")[2].replace("_", " ")


@register.filter
def tone(level_tag: str) -> str:
    """The tone of a message's level."""
    return MESSAGE_TONES.get(level_tag.split()[-1] if level_tag else "", "")


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that goes with a tone."""
    return TONE_ICONS.get(tone) or "information-circle"
