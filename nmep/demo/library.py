"""The demo club's library: twelve modules, what each needs, some of them public, one with a link that broke."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.text import slugify

from members.demo import People
from nmep.demo import texts
from nmep.models import Module, ModuleLink, ModuleNeed

#: The one that no term has used yet.
UNUSED = ("Graph networks", "modern", "Message passing, pooling, and where it beats a transformer.")

#: title → (needed, good to know)
NEEDS: dict[str, tuple[list[str], list[str]]] = {
    "Classical machine learning": (["What learning is"], []),
    "Gradient descent": (["What learning is"], ["Classical machine learning"]),
    "Backpropagation": (["Gradient descent"], []),
    "Regularisation": (["Gradient descent"], ["Backpropagation"]),
    "Convolutions": (["Backpropagation"], []),
    "Computer vision": (["Convolutions"], ["Regularisation"]),
    "Attention": (["Backpropagation"], []),
    "Language models": (["Attention"], []),
    "Graph networks": (["Backpropagation"], ["Attention"]),
    "Reinforcement learning": (["Gradient descent"], ["Backpropagation"]),
    "Generative models": (["Backpropagation"], ["Attention", "Convolutions"]),
}
PUBLIC = 7
BROKEN = "Computer vision"


def seed(people: People, now: datetime) -> list[Module]:
    """Make it, and return the modules of the programme in the order of its weeks."""
    keepers = [people.cast["lead"], people.cast["mentor"], people.cast["member"]]
    modules = [
        Module(
            title=title,
            slug=slugify(title),
            level=level,
            overview=f"Afterwards you can say in your own words what this is about: {summary[0].lower()}{summary[1:]}",
            outline=_outline(title, summary),
            deck_url=f"https://files.club.example/modules/{slugify(title)}.pdf",
            before="Read the first two pages of last week's notes. Ten minutes, no more." if n else "",
            after=f"- Redo the example of the class with numbers of your own.\n- Three questions about {title.lower()}, in the portal.",
            solutions="The numbers are in the last slide. Full marks for any answer that names its assumption.",
            concerns="Ran eight minutes over twice: cut the second example." if n % 3 == 2 else "",
            is_public=n < PUBLIC,
            licence=Module.Licence.BY_SA if n < PUBLIC else "",
            maintainer=keepers[n % 4] if n % 4 < 3 else None,
            revision=2 + n % 4,
            updated_at=now - timedelta(days=20 + 9 * n),
        )
        for n, (title, level, summary) in enumerate([*texts.CLASSES, UNUSED])
    ]
    Module.objects.bulk_create(modules)
    by_title = {module.title: module for module in modules}
    for title, (strong, weak) in NEEDS.items():
        for needed, strength in [
            *((name, ModuleNeed.Strength.STRONG) for name in strong),
            *((name, ModuleNeed.Strength.WEAK) for name in weak),
        ]:
            ModuleNeed.objects.create(module=by_title[title], needed=by_title[needed], strength=strength)
    _links(modules, now)
    return modules[: len(texts.CLASSES)]


def _outline(title: str, summary: str) -> str:
    ideas = [
        idea.strip()
        for idea in summary.rstrip(".").replace(" and ", ", ").replace(";", ",").split(",")
        if idea.strip()
    ]
    lines = [
        f"- {idea[0].upper()}{idea[1:]} (10 min)\n    - One picture, one number, one question to the room"
        for idea in ideas
    ]
    return "\n".join(
        [
            f"- Why {title.lower()}, in one example (5 min)",
            *lines,
            "- What you take home, in one sentence (5 min)",
        ]
    )


def _links(modules: list[Module], now: datetime) -> None:
    """The decks were followed two days ago; one of them is gone for twelve."""
    checked = now - timedelta(days=2)
    ModuleLink.objects.bulk_create(
        [
            ModuleLink(
                module=module,
                url=module.deck_url,
                checked_at=checked,
                next_check_at=checked + timedelta(days=7),
                broken_since=now - timedelta(days=12) if module.title == BROKEN else None,
                problem="no such page (404)" if module.title == BROKEN else "",
            )
            for module in modules
            if module.is_public
        ]
    )
