"""What would run, draw or load something becomes a label, and nothing of it is lost."""

import re
import time

import pytest

from mlclub.markdown import Context, Target, render


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("<script>\nlet a = 1;\n\nlet b = 2;\n</script>", "A script, which does not run here"),
        ("<style>p { color: red }</style>", "A style sheet, which is not used here"),
        ('<canvas id="c" width="5"></canvas>', "A drawing made by a script"),
        ('<iframe src="https://maps.example/x?a=1&amp;b=2"></iframe>', "A frame from maps.example"),
        ("<iframe srcdoc='<b>x</b>'></iframe>", "A frame"),
        ('<svg width="9">\n<path d="M0"/>\n\n<path d="M1"/>\n</svg>', "A drawing in SVG"),
        ('<object data="x.swf"></object>', "An embedded object"),
        ('<embed src="//films.example/x">', "An embedded object from films.example"),
        ("<div>\n<script>\na\n\nb\n</script>\n</div>", "A script, which does not run here"),
        ('<iframe src="https://www.youtube.com/embed/abc-DEF_123?t=5"></iframe>', "Watch the video on youtube.com"),
        ('<iframe src="//player.vimeo.com/video/12345"></iframe>', "Watch the video on vimeo.com"),
    ],
)  # fmt: skip
def test_a_label_says_what_stood_there(text, label):
    rendered = render(f"Before.\n\n{text}\n\nAfter.")

    assert words(rendered.html) == f"Before. {label} After."
    assert [embed.line for embed in rendered.embeds] == [4 if text.startswith("<div>") else 3]


def test_the_whole_piece_is_kept_even_with_blank_lines_in_it():
    text = "<script>\nlet a = 1;\n\nlet b = 2;\n</script>"

    assert [embed.source for embed in render(f"x\n\n{text}\n").embeds] == [text]
    drawing = '<svg width="9">\n<path d="M0"/>\n\n<path d="M1"/>\n</svg>'
    assert [embed.source for embed in render(f"x\n\n{drawing}\n\ny").embeds] == [drawing]


def test_in_a_sentence_the_words_around_it_stay():
    rendered = render("One <canvas>no *canvas*</canvas> two.")

    assert words(rendered.html) == "One A drawing made by a script two."


def test_a_handler_goes_and_what_it_hangs_on_stays():
    rendered = render('<p onclick="go()">Press *here*.</p>\n')

    assert words(rendered.html) == "What happens here onclick, which does not run Press *here*."
    assert [(embed.kind, embed.source) for embed in rendered.embeds] == [("handler", '<p onclick="go()">')]


def test_a_look_is_told_without_a_label():
    rendered = render('<div style="color: red">Red.</div>')

    assert words(rendered.html) == "Red."
    assert [embed.kind for embed in rendered.embeds] == ["look"]


def test_the_original_is_linked_where_it_is_kept_and_asked_for_once():
    asked = []

    def kept(shas):
        asked.append(tuple(shas))
        return {shas[0]: Target("/files/1.html")}

    rendered = render(
        '<script>a</script>\n\n<iframe src="https://www.youtube.com/embed/abcdef"></iframe>\n\n<script>b</script>',
        context=Context(embeds=kept),
    )

    assert [len(shas) for shas in asked] == [2]
    assert rendered.html.count("the original as a file") == 1
    assert 'href="/files/1.html"' in rendered.html


@pytest.mark.parametrize("text", ["`<script>x</script>`", "```\n<script>x</script>\n```", "<!-- <canvas></canvas> -->", "A < b and c > d."])  # fmt: skip
def test_code_and_comments_are_none(text):
    assert render(text).embeds == ()


@pytest.mark.parametrize(
    "text",
    [
        "<script " * 20_000,
        "<svg>\n\n" * 15_000,
        '<p onx="' * 20_000,
        "<canvas>" * 15_000 + "</canvas>",
        "<canvas>x</canvas>\n\n" * 8_000,
        "a <canvas>x</canvas> " * 6_000,
        "<!--" * 30_000,
        "<svg>\n\n" * 9_000 + "> </svg>",
    ],
)
def test_many_of_them_take_no_time(text):
    started = time.process_time()
    render(text)
    assert time.process_time() - started <= 3
