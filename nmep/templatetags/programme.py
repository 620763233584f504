"""`{% programme_tabs "papers" %}`: the few doors of an offering, on each of its pages."""

from __future__ import annotations

from typing import Any

from django import template

from nmep import people

register = template.Library()


@register.inclusion_tag("nmep/_tabs.html", takes_context=True)
def programme_tabs(context: template.Context, here: str = "") -> dict[str, Any]:
    """The tabs of `offering`; `roles` are those of the view, or asked here."""
    offering = context["offering"]
    roles = context.get("roles")
    if not isinstance(roles, people.Roles):
        roles = people.reader(context["user"], offering)
    return {"offering": offering, "roles": roles, "here": here}
