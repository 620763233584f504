import re
from pathlib import Path

import pytest

from mlclub.look import colours

STATIC = Path(__file__).parents[2] / "static"
TONES = ["ok", "warn", "bad", "info"]

# Text on what lies behind it.
TEXT = [
    *[(text, ground) for text in ["ink", "muted"] for ground in ["bg", "surface"]],
    *[("accent", ground) for ground in ["bg", "surface", "info_tint"]],
    *[("accent_strong", ground) for ground in ["bg", "surface"]],
    *[("ink", f"{tone}_tint") for tone in TONES],
    *[("muted", f"{tone}_tint") for tone in ["warn", "info"]],
    *[(tone, ground) for tone in TONES for ground in ["bg", "surface", f"{tone}_tint"]],
    ("on_accent", "accent"),
    ("on_accent", "accent_strong"),
    ("bg", "muted"),
    ("bg", "ink"),
    ("ink", "line"),
]
# Borders of controls, rings of focus, marks that mean something.
SHAPES = [
    *[
        (shape, ground)
        for shape in ["control", "accent", "bad", "ok", "warn"]
        for ground in ["bg", "surface"]
    ],
    ("accent", "info_tint"),
    ("ok", "ok_tint"),
    ("warn", "warn_tint"),
]


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_contrast_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_is_readable_on_its_ground(text, ground, theme):
    tokens = colours()

    assert contrast(getattr(tokens[text], theme), getattr(tokens[ground], theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_borders_of_controls_and_the_focus_ring_can_be_seen(shape, ground, theme):
    tokens = colours()

    assert contrast(getattr(tokens[shape], theme), getattr(tokens[ground], theme)) >= 3


def test_every_colour_token_stands_in_a_pair_that_is_checked():
    checked = {name for pair in [*TEXT, *SHAPES] for name in pair}

    assert set(colours()) - checked == set()


def test_the_colour_that_is_only_decoration_never_frames_a_control():
    form = (STATIC / "css" / "components" / "form.css").read_text()

    assert re.findall(r"(?:input|textarea|select)[^{}]*\{[^}]*border:[^;}]*var\(--line\)", form) == []
