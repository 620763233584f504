"""What anybody could type, shown in a real browser: nothing of it runs, nothing leaves the page, nothing takes long.

The policy of the portal's pages would stop a script that got through; so that it cannot hide a hole, what the renderer
makes is also loaded into a page without any policy.
"""

from __future__ import annotations

import time

import pytest
from django.urls import reverse

from mlclub.markdown import Citation, Context, Target, render
from tests.factories import make_event, make_member, make_page, make_revision
from tests.factories.members import make_club, make_term
from tests.factories.posts import make_post
from tests.factories.projects import make_initiative
from tests.factories.wiki import make_paper
from tests.markdown.hostile import VECTORS
from wiki.models import BibEntry, ReadingList

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: Seconds that one text may take.
LONGEST = 3

#: A page without any policy.
HERE = "http://trap.example/"

#: Notes whatever an attack would do if it ran, and every request that is not the page itself.
WATCH = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "msgbox", "print", "open"]) window[name] = (word) => { ran.push(name + word); };
"""

#: As a person with a mouse and a keyboard would, for every element.
TRY_EVERYTHING = """() => {
  addEventListener("click", (event) => event.preventDefault());
  addEventListener("submit", (event) => event.preventDefault());
  const kinds = ["mouseover", "mouseenter", "pointerenter", "focus", "blur", "click", "toggle", "animationstart", "error", "load", "begin"];
  document.querySelectorAll("body *").forEach((element) => {
    if (element instanceof HTMLAnchorElement && /^\\s*javascript:/i.test(element.href)) ran.push("href " + element.href);
    for (const kind of kinds) element.dispatchEvent(new Event(kind, { bubbles: kind === "click", cancelable: true }));
  });
  return ran;
}"""

#: Names and words that people type outside of a page's text.
NAMES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ constructor.constructor('alert(1)')() }}",
    "${alert(1)}",
    "<mark><img src=x onerror=alert(1)></mark>",
    "\ue0f0<img src=x onerror=alert(1)>\ue0f1",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "<a href=javascript:alert(1)>press</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[x](javascript:alert(1))",
    "$\\href{javascript:alert(1)}{x}$",
    "{++<img src=x onerror=alert(1)>++}",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
]  # fmt: skip

ANSWERS = Context(
    links=lambda names: {name: Target(f"/wiki/{name}", exists=True, title=f'"><img src=x onerror=alert(1)>{name}') for name in names},
    citations=lambda keys: {key: Citation(f"<img src=x onerror=alert(1)>{key}", url="javascript:alert(1)", text="<script>alert(1)</script>") for key in keys},
    images=lambda names: {name: Target("javascript:alert(1)") for name in names},
)  # fmt: skip


def test_there_are_enough_of_them():
    assert len(set(VECTORS)) + len(set(NAMES)) >= 150


@pytest.mark.parametrize("context", [None, ANSWERS], ids=["bare", "with hostile answers"])
def test_nothing_that_is_rendered_runs_even_where_no_policy_forbids_it(browser, context):
    slowest, made = 0.0, []
    for vector in VECTORS:
        began = time.perf_counter()
        made.append(render(vector, context=context).html)
        slowest = max(slowest, time.perf_counter() - began)
    tab = browser.new_context().new_page()
    tab.add_init_script(WATCH)
    asked, dialogs = [], []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page = {"html": ""}

    def serve(route):
        if route.request.url == HERE:
            route.fulfill(content_type="text/html; charset=utf-8", body=page["html"])
        else:
            asked.append(route.request.url)
            route.abort()

    tab.route("**/*", serve)
    for start in range(0, len(made), 40):
        # Each in a box of its own, so that one that is not closed does not swallow the next.
        boxes = "".join(f"<trap-box>{html}</trap-box>" for html in made[start : start + 40])
        page["html"] = f"<!doctype html><title>x</title>{boxes}"
        tab.goto(HERE)
        assert tab.evaluate(TRY_EVERYTHING) == [], VECTORS[start : start + 40]
        assert tab.url == HERE
        assert tab.locator("trap-box").count() == min(40, len(made) - start)
    tab.context.close()
    assert dialogs == []
    assert [url for url in asked if not url.startswith(HERE)] == []
    assert slowest < LONGEST


@pytest.fixture
def trapped(transactional_db):
    """A club in which everything is called by an attack."""
    make_club()
    make_term()
    author = make_member(name=NAMES[1])
    for number, name in enumerate(NAMES):
        page = make_page(
            path=f"Traps/Trap {number}",
            text=f"# {name}\n\nestuary {name}\n\n[@key{number}]\n\n[[{name}]]\n",
            author=author,
            is_public=True,
        )
        make_revision(page=page, text=f"{page.text}\n{name} again\n", author=author, summary=name[:200])
        paper = make_paper(title=f"estuary {name}", authors_text=name, abstract=f"estuary {name}", venue=name)
        BibEntry.objects.create(key=f"key{number}", bibliography="Traps/x.bib", paper=paper)
        ReadingList.objects.create(title=f"estuary {name}", description=name)
        make_initiative(name=f"estuary {name}", summary=name, description=name)
        make_event(title=f"estuary {name}", summary=name, description=name, visibility="members")
    make_post(
        title=f"estuary {NAMES[0]}",
        excerpt=NAMES[1],
        text="\n\n".join(NAMES),
        state="published",
        authors=[author],
    )
    return author


def test_no_name_summary_caption_or_search_runs_on_the_portals_pages(browser, live_server, client, trapped):
    client.force_login(trapped, backend="allauth.account.auth_backends.AuthenticationBackend")
    context = browser.new_context(reduced_motion="reduce")
    context.add_cookies(
        [{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}]
    )
    tab = context.new_page()
    tab.add_init_script(WATCH)
    complaints, dialogs = [], []
    # The editor asks before what was typed is left; that is ours.
    tab.on(
        "dialog",
        lambda dialog: (
            dialog.accept()
            if dialog.type == "beforeunload"
            else (dialogs.append(dialog.message), dialog.dismiss())
        ),
    )
    # The policy has nothing to forbid: what it would stop must not even be there.
    tab.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    addresses = [
        reverse("wiki:page_front"),
        reverse("wiki:change_list"),
        reverse("wiki:page_wanted"),
        reverse("wiki:reading_list_list"),
        f"{reverse('wiki:paper_list')}?all=1",
        reverse("wiki:page_detail", args=["Traps/Trap 1"]),
        reverse("wiki:page_detail", args=["Traps/Trap 11"]),
        reverse("wiki:page_history", args=["Traps/Trap 1"]),
        reverse("wiki:page_diff", args=["Traps/Trap 1"]),
        reverse("wiki:page_edit", args=["Traps/Trap 5"]),
        f"{reverse('portal:search')}?q=estuary",
        f"{reverse('portal:search')}?q=estuary&kind=Paper",
        reverse("events:event_list"),
        reverse("projects:initiative_list"),
        trapped.get_absolute_url(),
    ]
    for address in addresses:
        began = time.perf_counter()
        tab.goto(live_server.url + address)
        assert tab.evaluate(TRY_EVERYTHING) == [], address
        assert time.perf_counter() - began < 10 * LONGEST, address
    for name in NAMES:
        tab.goto(live_server.url + reverse("portal:search"))
        tab.locator("#query").fill(name)
        with tab.expect_navigation():
            tab.locator("#query").press("Enter")
        assert tab.evaluate(TRY_EVERYTHING) == [], name
    tab.goto(live_server.url + reverse("portal:search"))
    tab.locator("#query").press_sequentially("estuary")
    tab.locator("[role=option]").first.wait_for()
    assert tab.evaluate("ran") == []
    context.close()
    assert dialogs == []
    assert complaints == []
