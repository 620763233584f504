"""What a new page can begin with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Starter:
    """A template for a new page."""

    slug: str
    name: str
    use: str
    text: str


STARTERS = (
    Starter("blank", "Blank page", "Nothing but your own words.", ""),
    Starter(
        "concept",
        "Concept",
        "One idea, for somebody who meets it for the first time.",
        """**What it is, in one sentence.** And why somebody would care.

Needs first: [[…]]

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


def text_of(slug: str) -> str:
    """The text that the template named `slug` begins with; empty for an unknown one."""
    return next((starter.text for starter in STARTERS if starter.slug == slug), "")
