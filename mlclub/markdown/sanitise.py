"""The last gate: an allow-list over the finished HTML, then what we made ourselves is put in its places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape

import nh3

_TEXT = "abbr b br cite code del dfn em i ins kbd mark q s samp small span strong sub sup u var wbr"
_BLOCKS = "blockquote center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li nav ol p pre section summary ul"
_TABLE = "caption col colgroup table tbody td tfoot th thead tr"
TAGS = frozenset(f"a img input {_TEXT} {_BLOCKS} {_TABLE}".split())
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"id", "title", "lang", "dir"},
    "a": {"href", "aria-label"},
    "img": {"src", "alt", "width", "height"},
    "input": {"checked", "aria-label"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "col": {"span"},
    "details": {"open"},
    "nav": {"aria-label"},
    "pre": {"tabindex"},
    "div": {"tabindex", "align"},
    "p": {"align"},
}
CLASSES: dict[str, set[str]] = {
    "a": {"wikilink", "missing", "cite", "footnote-backref"},
    "span": {"wikilink", "missing", "cite", "critic-note", "tex-error", "math-display", "picture-missing"},
    "div": {"notice", "warn", "math-display", "table-scroll", "info", "ok", "bad"},
    "ins": {"critic"},
    "del": {"critic"},
    "mark": {"critic"},
    "pre": {"code"},
    "ul": {"contains-task-list", "contents"},
    "ol": {"contains-task-list", "refs", "footnotes-list"},
    "li": {"task-list-item", "depth-0", "depth-1", "depth-2", "depth-3", "depth-4"},
    "input": {"task-list-item-checkbox"},
    "sup": {"footnote-ref"},
    "section": {"footnotes", "references"},
    "nav": {"toc"},
    "p": {"nav-up", "side-title"},
    "h2": {"refs-title"},
}


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href" and value.startswith("#"):
        fragment = value[1:]
        return value if not fragment or fragment.startswith("u-") else f"#u-{fragment}"
    if name in ("width", "height") and not re.fullmatch(r"\d{1,4}(?:px)?", value):
        return None
    if name in ("width", "height"):
        return value.removesuffix("px")
    if name in ("colspan", "rowspan", "span"):
        return value if re.fullmatch(r"\d{1,3}", value) else None
    if name == "align":
        return value if value in ("left", "right", "center") else None
    if name == "tabindex":
        return "0"
    if name == "src" and re.match(r"(?i)\s*(?:mailto|//|\\)", value):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={
        "script",
        "style",
        "title",
        "textarea",
        "noscript",
        "iframe",
        "noembed",
        "noframes",
        "xmp",
        "template",
    },
    attributes=ATTRIBUTES,
    attribute_filter=_attribute,
    allowed_classes=CLASSES,
    set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}, "img": {"loading": "lazy"}},
    link_rel="noopener noreferrer nofollow ugc",
    url_schemes={"http", "https", "mailto"},
    url_relative="pass_through",
    id_prefix="u-",
    strip_comments=True,
)

# Serialised attributes always stand in double quotes; a `>` inside them is not the tag's end.
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\"[^\"]*\"|[^\">])*)>")
_ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")
_SHIFT = {f"h{level}": f"h{min(level + 1, 6)}" for level in range(1, 7)}

PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd\x00]")


class Placeholders:
    """Stand-ins for HTML of our own making, which the sanitiser must neither see nor spoil.

    They hold a nonce, so that nobody can write one; the text may not hold their first character either.
    """

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._kept: list[str] = []
        self._pattern = re.compile(f"\ue000{re.escape(nonce)}:(\\d+)\ue001")

    def keep(self, html: str) -> str:
        """The stand-in for `html`."""
        self._kept.append(html)
        return f"\ue000{self._nonce}:{len(self._kept) - 1}\ue001"

    def restore(self, text: str) -> str:
        """A text node with every stand-in replaced."""
        if "\ue000" not in text:
            return text
        return self._pattern.sub(lambda match: self._kept[int(match.group(1))], text)

    def drop(self, attributes: str) -> str:
        """Attributes without any stand-in: somebody's quote swallowed a formula."""
        return self._pattern.sub("", attributes) if "\ue000" in attributes else attributes


def sanitised(html: str, placeholders: Placeholders, *, shift_headings: bool = False) -> str:
    """Allowed HTML only, with pictures of other sites as links, and what we kept aside put back into text nodes."""
    out: list[str] = []
    pos = anchors = 0
    clean = _CLEANER.clean(html)
    for match in _TAG.finditer(clean):
        out.append(placeholders.restore(clean[pos : match.start()]))
        pos = match.end()
        closing, name, attributes = match.groups()
        attributes = placeholders.drop(attributes)
        if name == "a":
            anchors += -1 if closing else 1
        elif name == "img":
            out.append(_picture(attributes, linked=anchors > 0))
            continue
        elif shift_headings and name in _SHIFT:
            name = _SHIFT[name]
        out.append(f"<{closing}{name}{attributes}>")
    out.append(placeholders.restore(clean[pos:]))
    return "".join(out)


def _picture(attributes: str, *, linked: bool) -> str:
    """Our own pictures stay; one on another site, which the page's policy would block anyway, becomes a link to it."""
    values: Mapping[str, str] = {key: unescape(value) for key, value in _ATTRIBUTE.findall(attributes)}
    source = values.get("src", "")
    alt = values.get("alt", "")
    if not source:
        return f'<span class="picture-missing">{escape(alt or "Picture missing")}</span>'
    if not re.match(r"(?i)https?:", source):
        return f"<img{attributes}>"
    words = escape(alt or source.rpartition("/")[2] or source)
    if linked:
        return f'<span class="picture-elsewhere">{words}</span>'
    return (
        f'<a class="picture-elsewhere" href="{escape(source)}" rel="noopener noreferrer nofollow ugc">'
        f"Picture on another site: {words}</a>"
    )
