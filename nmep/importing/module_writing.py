"""Making modules of the pages of a wiki: in one transaction, and the second time without a change."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from members import audit
from mlclub.refusal import Refused
from nmep import library
from nmep.importing.module_pages import ModulePage, ModulePages, key_of
from nmep.importing.report import ModuleReport
from nmep.models import Module

TEXTS = ("overview", "outline", "before", "after", "concerns", "deck_url")


def import_modules(found: ModulePages, *, now: datetime, is_rehearsal: bool = False) -> ModuleReport:
    """Write the pages as modules; a rehearsal writes them and takes them back. Raises `Refused` for a circle."""
    report = ModuleReport(guides=found.guides, warnings=list(found.warnings))
    with transaction.atomic():
        library.lock_needs()
        levels = levels_of(found.pages)
        written = [(page, *_write(page, levels[page.name], report, now)) for page in found.pages]
        modules = {page.name: module for page, module, _ in written}
        for page, module, is_ours in written:
            _need(page, module, modules, found.guides, report, is_ours=is_ours)
            report.rows.append(
                {
                    "title": module.title,
                    "slug": module.slug,
                    "level": module.level,
                    "needs": [str(need.needed) for need in module.needs.all() if need.is_strong],
                    "good_after": [str(need.needed) for need in module.needs.all() if not need.is_strong],
                }
            )
        report.modules = report.pages = len(written)
        if report.created or report.updated:
            audit.record(None, "modules-imported", "nmep.module", after={"created": report.created})
        if is_rehearsal:
            transaction.set_rollback(True)
    return report


def levels_of(pages: list[ModulePage]) -> dict[str, str]:
    """A wiki does not say levels, so the way to a module does: with two strong needs in a row before it, it is no
    longer a fundamental; with four, it is research. An officer's change of it stays."""
    strong = {page.name: [key_of(name) for name in page.strong] for page in pages}

    def depth(name: str, seen: frozenset[str]) -> int:
        before = [depth(each, seen | {name}) for each in strong[name] if each in strong and each not in seen]
        return 1 + max(before) if before else 0

    steps = [Module.Level.FUNDAMENTAL] * 2 + [Module.Level.MODERN] * 2
    depths = {name: depth(name, frozenset([name])) for name in strong}
    return {name: steps[n] if n < len(steps) else Module.Level.RESEARCH for name, n in depths.items()}


def _seal(texts: dict[str, str]) -> str:
    """A word for what an import wrote: a module that reads otherwise was edited here."""
    return hashlib.sha256("\x00".join(texts[name] for name in TEXTS).encode()).hexdigest()[:24]


def _write(page: ModulePage, level: str, report: ModuleReport, now: datetime) -> tuple[Module, bool]:
    """The module of a page, and whether its texts are the import's to write."""
    texts = {name: getattr(page, name) for name in TEXTS}
    module = (
        Module.objects.filter(imported_from=page.source).first()
        or Module.objects.filter(slug=slug_of(page)).first()
        or Module.objects.filter(title__iexact=page.title).first()
    )
    if module is None:
        module = Module(title=page.title, slug=slug_of(page), level=level, updated_at=now, **texts)
        module.imported_from, module.imported_as = page.source, _seal(texts)
        module.save()
        report.created += 1
        return module, True
    current = {name: getattr(module, name) for name in TEXTS}
    if not module.imported_from or module.imported_as != _seal(current):
        said = "was edited here" if module.imported_from else "was written here"
        report.warnings.append(f"{page.source}: “{module}” {said} and stays as it is")
        report.kept += 1
        return module, False
    if current == texts:
        report.unchanged += 1
        return module, True
    for name, value in texts.items():
        setattr(module, name, value)
    module.imported_as, module.revision, module.updated_at = _seal(texts), module.revision + 1, now
    module.save()
    report.updated += 1
    return module, True


def slug_of(page: ModulePage) -> str:
    """The address of the module: its title's, and never the one of another page."""
    slug = slugify(page.title)[:120] or page.name
    return f"{slug}-module" if slug == "new" else slug


def _need(
    page: ModulePage,
    module: Module,
    modules: dict[str, Module],
    guides: list[str],
    report: ModuleReport,
    *,
    is_ours: bool,
) -> None:
    needs: dict[int, str] = {}
    for names, strength in ((page.weak, library.WEAK), (page.strong, library.STRONG)):
        for name in names:
            key = key_of(name)
            if key in {key_of(guide) for guide in guides}:
                continue
            report.links += 1
            is_there = key in modules and modules[key].pk != module.pk
            report.links_resolved += is_there
            report.links_broken += not is_there
            if key not in modules:
                report.warnings.append(f"{page.source}: [[{name}]] is no module here; left out")
            elif modules[key].pk == module.pk:
                report.warnings.append(f"{page.source}: it says that it needs itself; left out")
            else:
                needs[modules[key].pk] = strength
    report.strong += sum(strength == library.STRONG for strength in needs.values())
    report.weak += sum(strength == library.WEAK for strength in needs.values())
    if not is_ours:
        return
    try:
        library.set_needs(module, needs)
    except ValidationError as problem:
        raise Refused(f"{page.source}: {problem.messages[0]}") from problem
