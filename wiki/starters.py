"""What a new page can begin with: the templates below, each as the club has put it, and the club's own.

A page `_Templates/Guide` stands in the place of the template of that name; any other page in that folder is one more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wiki import paths
from wiki.models import Page

#: The folder of the club's own templates; its name keeps it out of the tree.
FOLDER = "_Templates"


@dataclass(frozen=True)
class Starter:
    """A template for a new page."""

    slug: str
    name: str
    use: str
    text: str
    #: Where the club keeps it; none for one that nobody has changed.
    page: Page | None = None

    @property
    def path(self) -> str:
        """Where it is changed."""
        return self.page.path if self.page else f"{FOLDER}/{self.name}"


STARTERS = (
    Starter("blank", "Blank page", "Nothing but your own words.", ""),
    Starter(
        "concept",
        "Concept",
        "One idea, for somebody who meets it for the first time.",
        """**What it is, in one sentence.** And why somebody would care.

Needs first: the pages to read before, as links.

## The idea

The picture or the story, before any formula.

## The formula

$$
y = f(x)
$$

What each letter means.

## In code

```python
```

## Where people fall

-

## Further reading

-
""",
    ),
    Starter(
        "guide",
        "Guide",
        "How to do something, step by step.",
        """Who this is for, and what you have at the end.

## Before you begin

-

## Steps

1.
2.
3.

## When it does not work

What you see | What to do
--- | ---
 |
""",
    ),
    Starter(
        "meeting-notes",
        "Meeting notes",
        "What was decided, and who does what.",
        """Date:
Present:

## Decided

-

## To do

- [ ] Who: what, by when

## Talked about

-
""",
    ),
    Starter(
        "handover",
        "Handover",
        "What the next person in an office must know.",
        """Office, and from whom to whom.

## The year at a glance

Month | What happens | Where it is prepared
--- | --- | ---
 | |

## People to know

-

## Accounts and keys

Never write a password here: say who holds it.

## What I would do differently

-
""",
    ),
)


def offered(pages: Any) -> list[Starter]:
    """The templates that may be chosen, given the pages that somebody may see; one query."""
    own = {
        paths.key(page.name): page
        for page in pages.filter(path__istartswith=f"{FOLDER}/")
        .select_related("head")
        .only("path", "title", "head__text")
        .order_by("path")
    }
    found = []
    for starter in STARTERS:
        page = own.pop(paths.key(starter.name), None)
        found.append(replace(starter, text=page.text, page=page) if page else starter)
    return [
        *found,
        *(
            Starter(page.name, page.title, "A template of the club.", page.text, page)
            for page in own.values()
        ),
    ]


def text_of(slug: str, starters: list[Starter]) -> str:
    """The text that the template named `slug` begins with; empty for an unknown one."""
    return next((starter.text for starter in starters if starter.slug == slug), "")
