from __future__ import annotations

from itertools import count

from nmep.models import Module, ModuleNeed

module_number = count(1)


def make_module(title=None, *, needs=(), better_after=(), **fields):
    """A module for members; it needs `needs` and is better after `better_after`."""
    n = next(module_number)
    if fields.get("is_public"):
        fields.setdefault("licence", Module.Licence.BY_SA)
    module = Module.objects.create(
        title=title or f"Module {n}", slug=fields.pop("slug", f"module-{n}"), **fields
    )
    for needed in needs:
        ModuleNeed.objects.create(module=module, needed=needed)
    for needed in better_after:
        ModuleNeed.objects.create(module=module, needed=needed, strength=ModuleNeed.Strength.WEAK)
    return module
