from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members.models import User
from mlclub import uploads
from nmep import library
from nmep.forms.library import ModuleForm
from nmep.models import Module, ModuleLink


@login_not_required
@require_safe
def module_list(request: HttpRequest) -> HttpResponse:
    """What is taught here, by level, and what each module needs."""
    levels = library.tree(request.user)
    broken = ModuleLink.objects.broken().told_to(request.user)
    return render(
        request,
        "nmep/module_list.html",
        {
            "levels": levels,
            "count": sum(level.count for level in levels),
            "with_broken_links": set(broken.values_list("module", flat=True)),
            "may_create": request.user.has_perm("nmep.add_module"),
        },
    )


@login_not_required
@require_safe
def module_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One module, as far as its reader may read it."""
    module = get_object_or_404(
        Module.objects.visible_to(request.user).select_related("maintainer").defer("search"), slug=slug
    )
    sheet = library.sheet(module, request.user)
    return render(
        request,
        "nmep/module_detail.html",
        {"module": module, "sheet": sheet, "builds_on": library.builds_on(module, request.user)},
    )


@login_not_required
@require_safe
def module_deck(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The deck of a module as a file."""
    module = get_object_or_404(Module.objects.visible_to(request.user).exclude(deck_file=""), slug=slug)
    name = str(module.deck_file.name).rpartition("/")[2]
    return uploads.serve_private(request, module.deck_file, filename=name, as_attachment=False)


@permission_required("nmep.add_module", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def module_create(request: HttpRequest) -> HttpResponse:
    """A new module, for the officer for education."""
    return _edited(request, Module())


@require_http_methods(["GET", "HEAD", "POST"])
def module_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The maintainer and the officer for education write; what builds on it stands above."""
    module = get_object_or_404(Module.objects.visible_to(request.user).defer("search"), slug=slug)
    if not Module.objects.editable_by(request.user).filter(pk=module.pk).exists():
        raise PermissionDenied
    return _edited(request, module)


def _edited(request: HttpRequest, module: Module) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    title = module.title
    form = ModuleForm(request.POST or None, request.FILES or None, instance=module, editor=user)
    if request.method == "POST" and form.is_valid() and form.save_as(user, now=timezone.now()):
        messages.success(request, f"{module} is saved as revision {module.revision}.")
        return redirect(module)
    return render(
        request,
        "nmep/module_form.html",
        {
            "module": module if module.pk else None,
            "title": title,
            "form": form,
            "builds_on": library.builds_on(module, user) if module.pk else None,
        },
        status=422 if form.is_bound else 200,
    )
