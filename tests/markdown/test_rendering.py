"""What authors write, and what readers see."""

import re

import pytest

from mlclub.markdown import Citation, Context, Entry, Target, render
from mlclub.markdown import cache as page_cache


def html(text, **context):
    return str(render(text, context=Context(**context) if context else None).html).strip()


def words(text, **context):
    return " ".join(re.sub(r"<[^>]+>", " ", html(text, **context)).split())


def kinds(text, **context):
    return dict(render(text, context=Context(**context)).formula_kinds)


# --- Formulas ---


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$x$", {"inline": 1}),
        ("a $x$, $y$-axis ($z$)", {"inline": 3}),
        ("it costs $5 and $10", {}),
        ("$ x $ and $y $", {}),
        (r"\$x\$", {}),
        ("`$x$` and\n\n    $x$\n\n```\n$$x$$\n```", {}),
        ("$$x$$", {"display": 1}),
        ("prose $$x$$ prose", {"display": 1}),
        ("$$\na\n\nb\n$$", {"display": 1}),
        ("$$\na\n\nb\n$$ and prose", {"display": 1}),
        ("- item\n  $$\n  x\n  $$\n- $$y$$", {"display": 2}),
        ("> $$\n> a\n> b\n> $$", {"display": 1}),
        ("|a|b|\n|-|-|\n|$x$|$$y$$|", {"inline": 1, "display": 1}),
        ("\\begin{align}\na &= b\n\\end{align}", {"environment": 1}),
        ("\\begin{align\\*}\na &= b\n\\end{align\\*}", {"environment": 1}),
        ("so \\begin{gather}a\\end{gather} ends", {"environment": 1}),
        ("\\begin{verbatim}\na\n\\end{verbatim}", {}),
        ("$a_1*b$ and $c*d_2$", {"inline": 2}),
        ("$$x", {}),
    ],
)
def test_formulas_are_found_where_authors_put_them(text, found):
    rendered = render(text)

    assert (dict(rendered.formula_kinds), rendered.formulas_failed) == (found, 0)


@pytest.mark.parametrize(
    "tex",
    [
        r"x \tag{Pythagoras}", r"\sum_{\substack{i<j \\ \substack{k \\ l}}} x", r"\require{cancel}\cancel{x}", "a \\\\\\\nb",
        r"\RR \EE \E \sc{A} \ep \mbox{if} \LaTeX", r"\begin{cases}a & b \\ c & d\end{cases}", r"\boxed{x}",
    ],
)  # fmt: skip
def test_what_authors_write_and_the_converter_does_not_know_is_mended(tex):
    assert render(f"$${tex}$$").warnings == ()


def test_a_wiki_that_went_through_pandoc_and_one_that_did_not_read_the_same():
    escaped = "$$\n\\begin{aligned}x\\_1 &= y\\^2 \\\\\\\\ z\\_i\\end{aligned}\n$$ and $\\\\{a\\\\}$"
    raw = "$$\n\\begin{aligned}x_1 &= y^2 \\\\ z_i\\end{aligned}\n$$ and $\\{a\\}$"

    assert html(escaped) == html(raw)
    assert render(escaped).formulas_failed == 0


def test_kramdown_writes_inline_formulas_with_two_dollars():
    text = "Let $$x$$ and $$y$$ be.\n\n$$z$$\n"

    assert kinds(text) == {"inline": 2, "display": 1}
    assert kinds("Let $$x$$ be.", dialect="kramdown") == {"inline": 1}
    assert kinds("It costs $5$ there.", dialect="kramdown") == {}


def test_an_unknown_command_is_an_amber_box_and_a_remark_with_its_line():
    rendered = render("fine $x$\n\nline $\\nonsense{x}$ there")

    assert '<span class="tex-error" title="Unknown command' in rendered.html
    assert "\\nonsense{x}" in rendered.html
    assert (rendered.formulas, rendered.formulas_failed) == (2, 1)
    assert str(rendered.warnings[0]) == 'line 3: Formula not shown: Unknown command "\\nonsense".'


def test_equations_are_numbered_through_the_page_and_can_be_referred_to_before_they_come():
    text = "See $\\eqref{b}$.\n\n$$\\begin{align}x\\label{a}\\end{align}$$\n\n$$\\begin{align}y\\label{b}\\end{align}$$"

    assert re.findall(r"\(\d\)", html(text)) == ["(2)", "(1)", "(2)"]
    assert 'href="#u-eq-b"' in html(text)
    assert 'id="u-eq-b"' in html(text)


def test_no_inline_style_is_left_and_colour_is_an_attribute():
    made = html(r"$$\begin{align}\color{red}{x} &= 1\end{align}$$")

    assert " style=" not in made
    assert 'mathcolor="#FF0000"' in made
    assert 'class="m-half m-right"' in made


def test_the_clubs_macros_reach_formulas():
    assert render(r"$\loss$", context=Context(macros={"loss": r"\mathcal{L}"})).formulas_failed == 0


# --- Links ---

PAGES = {"Value functions": Target("/wiki/rl/value-functions/"), "CNN": Target("/wiki/cnn/")}


def known(names):
    return {name: PAGES.get(name, Target(f"/wiki/new/?title={name}", exists=False)) for name in names}


def test_links_to_pages_are_asked_for_once_and_lead_where_they_should():
    asked = []

    def links(names):
        asked.append(list(names))
        return known(names)

    rendered = render(
        "[[CNN]] [[Value functions#Bellman recurrence | the recurrence]] [[CNN|nets]] [[Nowhere]] [[#Below]] [[CNN#^ab12]]\n\n"
        "`[[code]]` \\[\\[escaped\\]\\] [[_TOC_]] [[plot.png|height=250px]]\n\n## Below",
        context=Context(links=links),
    )

    assert asked == [["CNN", "Value functions", "Nowhere"]]
    assert [(link.target, link.text, link.url, link.exists) for link in rendered.links] == [
        ("CNN", "CNN", "/wiki/cnn/", True),
        ("Value functions", "the recurrence", "/wiki/rl/value-functions/#u-bellman-recurrence", True),
        ("CNN", "nets", "/wiki/cnn/", True),
        ("Nowhere", "Nowhere", "/wiki/new/?title=Nowhere", False),
        ("", "Below", "#u-below", True),
        ("CNN", "CNN", "/wiki/cnn/#u-block_ab12", True),
    ]
    assert (
        'class="wikilink missing" href="/wiki/new/?title=Nowhere" title="This page is not written yet"'
        in rendered.html
    )
    assert "[[escaped]]" in rendered.html
    assert 'height="250"' in rendered.html
    assert rendered.html.count('href="#u-below"') == 2


def test_links_without_anybody_to_ask_are_words():
    assert html("see [[CNN|nets]]") == '<p>see <span class="wikilink">nets</span></p>'


def test_pictures_are_found_by_name_and_those_elsewhere_become_links():
    context = Context(
        images=lambda names: {name: Target("/wiki/files/1/") for name in names if name == "plot one.png"}
    )
    rendered = render(
        "![a plot](plot%20one.png) [[gone.png]] ![far](https://other.example/x.png)", context=context
    )

    assert '<img src="/wiki/files/1/" alt="a plot" loading="lazy">' in rendered.html
    assert "Picture missing: gone.png" in rendered.html
    assert 'href="https://other.example/x.png"' in rendered.html
    assert rendered.html.count("<img") == 1
    assert [picture.found for picture in rendered.images] == [True, False, None]


def test_bare_addresses_are_links_and_their_sentences_end():
    assert 'href="https://x.example/a_(b)"' in html("see https://x.example/a_(b).")
    assert html("(www.x.example)").count('href="https://www.x.example"') == 1
    assert "<a" not in html("`https://x.example`")


# --- Citations ---


def papers(keys):
    return {
        key: Citation("Anvil 2021", url="https://doi.example/1", text=f"About {key}")
        for key in keys
        if key != "lost1"
    }


def test_citations_are_asked_for_once_numbered_and_listed():
    rendered = render("@anvil2021 says. [@https://doi.org/10.1/x.2, p. 3; @anvil2021] [@lost1] write to me@x.example, @everyone.", context=Context(citations=papers))  # fmt: skip

    assert [(cite.key, cite.found, cite.number) for cite in rendered.citations[:4]] == [
        ("anvil2021", True, 1), ("https://doi.org/10.1/x.2", True, 2), ("anvil2021", True, 1), ("lost1", False, 0),
    ]  # fmt: skip
    assert rendered.html.count('href="#u-ref-1"') == 2
    assert '<li id="u-ref-2">About https://doi.org/10.1/x.2' in rendered.html
    assert "[2, p. 3]" in rendered.html
    assert "me@x.example" in rendered.html


def test_a_full_stop_is_not_part_of_a_key():
    rendered = render("See @https://doi.org/10.1/x.2.", context=Context(citations=papers))

    assert [cite.key for cite in rendered.citations] == ["https://doi.org/10.1/x.2"]


# --- The rest of the syntax ---


def test_suggestions_show_what_comes_and_what_goes():
    made = html("a {++new++} {--old--} {~~was~>is~~} {==this==}{>>why?<<}")

    assert re.findall(r"<(ins|del|mark) class=\"critic\">(.*?)</", made) == [
        ("ins", "new"), ("del", "old"), ("del", "was"), ("ins", "is"), ("mark", "this"),
    ]  # fmt: skip
    assert '<span class="critic-note">why?</span>' in made


def test_macros_of_gollum():
    context = {
        "links": known,
        "contents": lambda: [Entry("Basics", "/wiki/basics/"), Entry("CNN", "/wiki/cnn/", 1)],
    }
    made = html(
        '<<GlobalTOC()>>\n\n<<Navigation("Networks", "CNN")>>\n\n<<Warn("Mind the *gap* (_).")>>\n\n<<Other("x")>>',
        **context,
    )

    assert '<li class="depth-1"><a href="/wiki/cnn/"' in made
    assert '<p class="nav-up"><a class="wikilink" href="/wiki/cnn/"' in made
    assert '<div class="notice warn">\n<p>Mind the <em>gap</em> (_).</p>' in made
    assert "&lt;&lt;Other(" in made


def test_block_ids_become_anchors_and_are_not_shown():
    made = html("A claim. ^ab12\n\n$$x$$\n\n^cd34\n\nx^2 is no id")

    assert 'id="u-block_ab12"' in made
    assert '<div id="u-block_cd34" class="math-display">' in made
    assert "^ab12" not in made
    assert "x^2 is no id" in made


def test_front_matter_is_returned_and_not_shown():
    rendered = render("---\ntitle: A page\ntags: [a, b]\n---\n# Head\n")

    assert dict(rendered.front_matter) == {"title": "A page", "tags": ["a", "b"]}
    assert words("---\ntitle: A page\n---\nBody") == "Body"
    assert words("---\nnot a mapping\n---\nBody") != "Body"
    assert render("---\na: &a [1]\nb: *a\n---\nBody").front_matter == {}


def test_what_only_looks_like_a_tag_is_text():
    assert (
        words("link <Module page name (not a path)> here")
        == "link &lt;Module page name (not a path)&gt; here"
    )
    assert words("a <Module page name> b") == "a &lt;Module page name> b".replace("e>", "e&gt;")
    assert words("<Module page>\n") == "&lt;Module page&gt;"


def test_lists_of_tasks_terms_and_footnotes():
    made = html("- [ ] open\n- [x] done\n\nTerm\n: Meaning\n\nA note[^1].\n\n[^1]: Its text.")

    assert made.count('type="checkbox"') == made.count('disabled=""') == 2
    assert "<dt>Term</dt>" in made
    assert 'href="#u-fn1"' in made
    assert 'id="u-fn1"' in made
    assert 'href="#u-fnref1"' in made


def test_a_hard_break_at_the_end_breaks_nothing():
    assert html("one\\\ntwo \\") == "<p>one<br>\ntwo</p>"


def test_headings_leave_the_first_level_to_the_page_and_have_anchors_of_their_own():
    rendered = render("# Top\n\n## Same\n\n## Same\n\n### With $V^\\pi$ & more\n\n[go](#same-1)")

    assert [(heading.level, heading.text, heading.anchor) for heading in rendered.toc] == [
        (2, "Top", "u-top"), (3, "Same", "u-same"), (3, "Same", "u-same-1"), (4, "With V^\\pi & more", "u-with-v-pi-more"),
    ]  # fmt: skip
    assert "<h1" not in rendered.html
    assert '<h3 id="u-same-1">' in rendered.html
    assert 'href="#u-same-1"' in rendered.html
    assert [heading.level for heading in render("## A\n\n### B").toc] == [2, 3]


def test_code_is_coloured_by_classes():
    made = html("```python\ndef f(): return '<b>'  # why\n```")

    assert '<span class="k">def</span>' in made
    assert "&lt;b&gt;" in made
    assert "style" not in made


def test_plain_text_is_what_search_reads():
    rendered = render(
        "# Head\n\nSome *words* with [[CNN|nets]], $x$.\n\n$$y$$\n\n```\ncode\n```\n\n- one\n- two"
    )

    assert rendered.plain_text == "Head\nSome words with nets, x.\ncode\none\ntwo"


# --- The cache ---


class Counting:
    def __init__(self, answer):
        self.answer, self.calls = answer, 0

    def __call__(self, names):
        self.calls += 1
        return dict.fromkeys(names, self.answer)


def test_a_page_is_rendered_anew_when_what_it_links_to_has_changed():
    red = render("[[Cache one]]", context=Context(links=Counting(Target("/new/", exists=False)))).html
    blue = render("[[Cache one]]", context=Context(links=Counting(Target("/page/")))).html

    assert ("missing" in red, "missing" in blue) == (True, False)


def test_with_a_state_nobody_is_asked_twice():
    links = Counting(Target("/page/"))
    for _ in range(3):
        render("[[Cache two]]", context=Context(links=links, state="7"))
    assert links.calls == 1
    render("[[Cache two]]", context=Context(links=links, state="8"))
    assert links.calls == 2


def test_a_page_needs_no_cache(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }

    assert page_cache.get("x") is None
    assert html("still *here*") == "<p>still <em>here</em></p>"
