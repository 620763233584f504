"""What the editor asks for while somebody writes. django-markdownx's own views are open to anyone; these are not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.access import active_members_only
from mlclub import uploads
from wiki import editing, limits, paths, pictures
from wiki.forms import PictureForm, UploadForm
from wiki.models import Attachment
from wiki.rendering import shown

PREVIEWS_A_MINUTE = 120
UPLOADS_A_MINUTE = 20
MANY_PICTURES = "That is many pictures in a minute. Wait a moment."


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


@dataclass(frozen=True)
class Attached:
    """What a form holds once a picture stands in its text, and the form that asked for the picture."""

    data: QueryDict
    form: PictureForm


def attached(request: HttpRequest) -> Attached:
    """The picture that came with a form of a page, put at the end of its text. Nothing is saved but the picture; one
    that cannot be shown is said beside its field."""
    form = PictureForm(request.POST, request.FILES)
    data = request.POST.copy()
    if form.is_valid():
        try:
            if not within_limit(request, "upload", UPLOADS_A_MINUTE):
                raise ValidationError(MANY_PICTURES)
            kept = pictures.keep(
                uploads.image(form.cleaned_data["picture"]), now=timezone.now(), by=request.user
            )
        except ValidationError as problem:
            form.add_error("picture", problem)
        else:
            shows = re.sub(r"[\[\]\s]+", " ", form.cleaned_data["shows"]).strip()
            text = f"{data.get('text', '').rstrip()}\n\n![{shows}]({kept.get_absolute_url()})\n"
            data["text"] = text.lstrip("\n")
            form = PictureForm()
    return Attached(data, form)


@active_members_only
@require_POST
def markdownx_upload(request: HttpRequest) -> JsonResponse:
    """Store a picture; the answer holds the Markdown that shows it."""
    if not within_limit(request, "upload", UPLOADS_A_MINUTE):
        return JsonResponse({"image": [MANY_PICTURES]}, status=429)
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
