"""What the editor asks for while somebody writes. django-markdownx's own views are open to anyone; these are not."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.access import active_members_only
from mlclub import uploads
from wiki import editing, limits, paths, pictures
from wiki.forms import UploadForm
from wiki.models import Attachment
from wiki.rendering import shown

PREVIEWS_A_MINUTE = 60
UPLOADS_A_MINUTE = 20


def within_limit(request: HttpRequest, what: str, a_minute: int) -> bool:
    return limits.within(what, request.user.pk, a_minute)


@active_members_only
@require_POST
def markdownx_markdownify(request: HttpRequest) -> HttpResponse:
    """What is being typed, as it will look."""
    if not within_limit(request, "preview", PREVIEWS_A_MINUTE):
        return HttpResponse(
            "That is many previews in a minute. Wait a moment.", status=429, content_type="text/plain"
        )
    text = request.POST.get("content")
    if text is None:
        return HttpResponse("There is no text to show.", status=400, content_type="text/plain")
    try:
        editing.check_text(text)
    except ValidationError as problem:
        return HttpResponse(problem.messages[0], status=400, content_type="text/plain")
    path = paths.tidy(request.POST.get("path", ""))[: paths.LONGEST]
    return HttpResponse(shown(editing.as_written(text), path=path).html)


@active_members_only
@require_POST
def markdownx_upload(request: HttpRequest) -> JsonResponse:
    """Store a picture; the answer holds the Markdown that shows it."""
    if not within_limit(request, "upload", UPLOADS_A_MINUTE):
        return JsonResponse({"image": ["That is many pictures in a minute. Wait a moment."]}, status=429)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"image": list(form.errors.get("image", ["Choose a picture."]))}, status=400)
    try:
        picture = uploads.image(form.cleaned_data["image"])
    except ValidationError as problem:
        return JsonResponse({"image": problem.messages}, status=400)
    kept = pictures.keep(picture, now=timezone.now(), by=request.user)
    return JsonResponse(
        {"image_code": f"![]({kept.get_absolute_url()})", "image_path": kept.get_absolute_url()}
    )


@login_not_required
@require_safe
def attachment_file(request: HttpRequest, sha: str, extension: str) -> HttpResponseBase:
    """A picture, for whoever may see a page that shows it, and never run as anything else; an original as a download."""
    row = Attachment.objects.visible_to(request.user).filter(sha256=sha).order_by("pk").first()
    if row is None or row.extension != extension:
        raise Http404
    return uploads.serve_private(request, row.file, row.filename, as_attachment=not row.is_picture)
