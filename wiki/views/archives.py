"""Taking the whole library along in one file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members import audit
from mlclub import uploads
from wiki import archives
from wiki.models import LibraryArchive


@permission_required("wiki.export_library", raise_exception=True)
@require_safe
def archive_list(request: HttpRequest) -> HttpResponse:
    """What leaves with an archive, and those that were made."""
    rows = LibraryArchive.objects.select_related("asked_by")[:10]
    is_waiting = any(row.state == LibraryArchive.State.WAITING for row in rows)
    return render(request, "wiki/archive_list.html", {"archives": rows, "is_waiting": is_waiting})


@permission_required("wiki.export_library", raise_exception=True)
@require_POST
def archive_create(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    archives.ask(user, now=timezone.now())
    messages.success(request, "The archive is being made. Look here again in a minute.")
    return redirect("wiki:archive_list")


@permission_required("wiki.export_library", raise_exception=True)
@require_safe
def archive_download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file, while it is kept. Who took it is written down."""
    user: Any = request.user
    row = get_object_or_404(LibraryArchive, pk=pk, state=LibraryArchive.State.READY)
    audit.record(user, "wiki.library-downloaded", row)
    return uploads.serve_private(request, row.file, str(row.file.name).rpartition("/")[2])
