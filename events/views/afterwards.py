"""What an event leaves behind: recordings, pictures, feedback to hosts, thanks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import afterwards, feedback
from events.access import event_for, event_run_by
from events.forms.afterwards import AlbumForm, ObjectionForm, RecordingFilterForm, ThanksForm
from events.models import Album, Event, FeedbackForm, Material, Talk, ThankYou
from events.views.organising import GET_POST
from events.views.pages import speakers
from mlclub.refusal import Refused


@login_not_required
@require_safe
def recording_list(request: HttpRequest) -> HttpResponse:
    """What past events left, newest first: by words, kind, topic, term and speaker."""
    now = timezone.now()
    form = RecordingFilterForm(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    materials = (
        Material.objects.visible_to(request.user, now).select_related("page").order_by("position", "pk")
    )
    kind = asked.get("kind")
    materials = materials.filter(kind=kind) if kind else materials.filter(kind__in=RecordingFilterForm.KINDS)
    events = Event.objects.filter(pk__in=materials.order_by().values("event"), starts_at__lte=now)
    if asked.get("topic"):
        events = events.filter(topics=asked["topic"])
    if asked.get("term"):
        events = events.filter(term=asked["term"])
    if asked.get("speaker"):
        said = asked["speaker"]
        talks = Talk.objects.filter(Q(speakers__name__icontains=said) | Q(speaker_names__icontains=said))
        events = events.filter(pk__in=talks.values("event"))
    if asked.get("q"):
        said = asked["q"]
        talks = Talk.objects.filter(title__icontains=said)
        events = events.filter(
            Q(title__icontains=said) | Q(summary__icontains=said) | Q(pk__in=talks.values("event"))
        )
    events = (
        events.defer("description", "search")
        .prefetch_related("topics", speakers(), Prefetch("materials", materials, to_attr="left_behind"))
        .order_by("-starts_at", "-pk")
    )
    page = Paginator(events, 25).get_page(request.GET.get("page"))
    context = {"page_obj": page, "form": form, "is_filtered": any(asked.values())}
    return render(
        request, "events/recording_list.html", context, status=422 if form.is_bound and form.errors else 200
    )


@require_http_methods(GET_POST)
def album_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Share the pictures, after looking who does not want to be in them; or take the album away."""
    event = event_run_by(request.user, pk)
    album = Album.objects.filter(event=event).first()
    if request.method == "POST" and "remove" in request.POST:
        Album.objects.filter(event=event).delete()
        messages.success(request, "The album is not shared any more.")
        return redirect(event)
    form = AlbumForm(request.POST or None, initial={"url": album.url} if album else {})
    if request.method == "POST" and form.is_valid():
        afterwards.share_album(event, form.cleaned_data["url"], by=request.user, now=timezone.now())  # type: ignore[arg-type]
        messages.success(request, "The pictures are with the event, for members and whoever was there.")
        return redirect(event)
    context = {
        "event": event,
        "album": album,
        "form": form,
        "shy": afterwards.shy_people(event),
        "objections": list(album.objections.open().select_related("person")) if album else [],
    }
    return render(request, "events/album_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(GET_POST)
def album_object(request: HttpRequest, pk: int) -> HttpResponse:
    """I am in a picture and do not want to be: the album is hidden at once."""
    user: Any = request.user
    event = event_for(user, pk)
    album = get_object_or_404(Album.objects.visible_to(user).select_related("event"), event=event)
    form = ObjectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        afterwards.object_to(album, user, form.cleaned_data["which"], now=timezone.now())
        messages.success(request, "The album is hidden until a host has taken your picture out.")
        return redirect(event)
    return render(
        request,
        "events/album_object.html",
        {"event": event, "form": form},
        status=422 if form.is_bound else 200,
    )


@require_safe
def event_feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """What those who were there thought, in sum and from four answers on; for hosts and officers."""
    event = event_run_by(request.user, pk)
    form = (
        FeedbackForm.objects.select_related("event")
        .filter(event=event, audience=FeedbackForm.Audience.ATTENDEES)
        .first()
    )
    results = feedback.results(form, now=timezone.now()) if form else None
    return render(request, "events/event_feedback.html", {"event": event, "form": form, "results": results})


@require_http_methods(GET_POST)
def event_thank(request: HttpRequest, pk: int) -> HttpResponse:
    """Thank who made the event: a draft until somebody sends it, once."""
    event = event_run_by(request.user, pk)
    user: Any = request.user
    people = afterwards.to_be_thanked(event, user)
    draft = ThankYou.objects.filter(event=event).first()
    first = {
        "sentence": f"Thank you for {event.title}. It would not have been the same without you.",
        "people": people,
    }
    if draft:
        first = {"sentence": draft.sentence, "people": list(draft.people.all())}
    form = ThanksForm(request.POST or None, people=people, initial=first)
    if request.method == "POST" and form.is_valid():
        is_sent = "send" in request.POST
        try:
            thanked = afterwards.keep_thanks(
                event, **form.cleaned_data, by=user, now=timezone.now(), is_sent=is_sent
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = f"Sent: {thanked} thanked." if is_sent else "The draft is kept. Nobody was told yet."
            messages.success(request, words)
            return redirect("events:event_thank", event.pk)
    return render(
        request,
        "events/event_thank.html",
        {
            "event": event,
            "form": form,
            "draft": draft,
            "people": people,
            "is_over": event.is_over(timezone.now()),
        },
        status=422 if form.is_bound else 200,
    )


@require_POST
def talk_consent(request: HttpRequest, pk: int, talk_pk: int) -> HttpResponse:
    """A speaker says themselves whether they may be recorded."""
    user: Any = request.user
    event = event_for(user, pk)
    talk = get_object_or_404(event.talks.filter(speakers=user), pk=talk_pk)
    may_record = request.POST.get("may") == "yes"
    hidden = afterwards.say_recording(talk, may_record=may_record, by=user)
    if may_record:
        messages.success(request, "You may be recorded.")
    else:
        messages.success(
            request,
            "You are not recorded."
            + (" What was there is hidden, and the hosts are told." if hidden else ""),
        )
    return redirect(event)
