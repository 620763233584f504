"""Every template and static file of ours, read as text."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "mail" not in path.relative_to(ROOT / "templates").parts]
STYLES = sorted((ROOT / "static" / "css").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
PYTHON = [
    path
    for app in ["mlclub", "members", "wiki", "events", "projects", "nmep"]
    for path in sorted((ROOT / app).rglob("*.py"))
]

HEX = re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b", re.IGNORECASE)
ELSEWHERE = re.compile(
    r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import|from\s+["']https?:"""
)


def found(pattern, text, paths=()):
    return [match.group(0) for match in re.finditer(pattern, text, re.IGNORECASE)]


def name(path):
    return str(path.relative_to(ROOT))


def without_comments(text):
    return re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_page_carries_style_or_script_of_its_own(path):
    text = without_comments(path.read_text())

    assert found(r"\sstyle\s*=\s*[\"'{]", text) == []
    assert found(r"<style\b", text) == []
    assert found(r"\son[a-z]+\s*=\s*[\"']", text) == []
    assert found(r"javascript:", text) == []
    assert [
        tag for tag in found(r"<script\b[^>]*>", text) if "src=" not in tag and "application/json" not in tag
    ] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_template_names_a_colour(path):
    text = re.sub(r"&#\w+;|href=\"#[^\"]*\"|#[\w-]+\"", "", path.read_text())

    assert HEX.findall(text) == []


@pytest.mark.parametrize(
    "path", [path for path in [*STYLES, *SCRIPTS] if path.name != "tokens.css"], ids=name
)
def test_colours_stand_in_the_tokens_and_nowhere_else(path):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)

    assert HEX.findall(text) == []


@pytest.mark.parametrize("path", [*TEMPLATES, *STYLES, *SCRIPTS], ids=name)
def test_nothing_is_loaded_from_another_host(path):
    assert ELSEWHERE.findall(without_comments(path.read_text())) == []


def test_no_python_of_ours_writes_inline_style_or_handlers():
    wrong = [
        name(path)
        for path in PYTHON
        if re.search(
            r"<[a-z][^>\n]*\s(?:style|on(?:click|change|submit|load|error))=\\?[\"']", path.read_text()
        )
    ]

    assert wrong == []


def test_every_image_of_a_style_sheet_exists():
    missing = [
        (name(path), url)
        for path in STYLES
        for url in re.findall(r'url\("([^"]+)"\)', path.read_text())
        if not (path.parent / url).resolve().exists()
    ]

    assert missing == []
