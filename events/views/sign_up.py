"""What hosts settle about signing up, and what they do for people by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from events import draws, no_shows, questions, registrations, windows
from events.access import event_run_by, series_run_by
from events.forms import AddForm, OpeningForm, QuestionForm, ReasonForm, RuleForm, WindowForm
from events.models import (
    Event,
    NoShowRule,
    Registration,
    RegistrationWindow,
    Series,
    SignUpQuestion,
)
from events.views.organising import GET_POST
from events.views.seats import WORDS
from members import audit
from mlclub.refusal import Refused
from mlclub.typed import number as number_of


@never_cache
@require_http_methods(GET_POST)
def sign_up_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions, the windows and the draw of one event."""
    event = event_run_by(request.user, pk)
    return settled(request, event)


@never_cache
@require_http_methods(GET_POST)
def series_sign_up(request: HttpRequest, slug: str) -> HttpResponse:
    """The questions and the windows of all dates of a series, and its rule about empty seats."""
    return settled(request, series_run_by(request.user, slug))


def settled(request: HttpRequest, owner: Event | Series) -> HttpResponse:
    """One page for both: each form has a button of its own, whose name says what it is for."""
    now = timezone.now()
    kind = "series" if isinstance(owner, Series) else "event"
    post = request.POST if request.method == "POST" else None
    rule = NoShowRule.objects.filter(series=owner).first() if isinstance(owner, Series) else None
    forms: dict[str, Any] = {
        "question_form": QuestionForm(
            post if post and "ask" in post else None, prefix="q", instance=SignUpQuestion(**{kind: owner})
        ),
        "window_form": WindowForm(
            post if post and "open" in post else None,
            prefix="w",
            instance=RegistrationWindow(**{kind: owner}),
        ),
    }
    if isinstance(owner, Series):
        days = owner.opens_before.days if owner.opens_before else None
        forms["opening_form"] = OpeningForm(
            post if post and "days" in post else None, prefix="o", initial={"days": days}
        )
        forms["rule_form"] = RuleForm(
            post if post and "rule" in post else None, prefix="r", instance=rule or NoShowRule(series=owner)
        )
    if post is not None:
        try:
            if act(request, owner, forms, now):
                return redirect(request.path)
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect(request.path)
    return render(
        request,
        "events/sign_up_edit.html",
        {
            "owner": owner,
            "event": owner if isinstance(owner, Event) else None,
            "series": owner if isinstance(owner, Series) else None,
            "questions": list(owner.questions.asked()),
            "windows": list(owner.windows.select_related("office").prefetch_related("people")),
            **forms,
        },
        status=422 if post is not None else 200,
    )


def act(request: HttpRequest, owner: Event | Series, forms: dict[str, Any], now: datetime) -> bool:
    """Do what the pressed button says; False when its form has errors."""
    post, user = request.POST, request.user
    for name, made in forms.items():
        if made.is_bound and not made.is_valid():
            return False
        if not made.is_bound:
            continue
        if name == "question_form":
            questions.add(made.save(commit=False))
        elif name == "opening_form":
            days = made.cleaned_data["days"]
            before = timedelta(days=days) if days else None
            windows.set_series_opening(owner, before, by=user, now=now)  # type: ignore[arg-type]
        else:
            if name == "rule_form" and made.instance.pk is None:
                made.instance.since = now
            made.save()
        audit.record(user, "sign_up.changed", owner, after={"what": name})  # type: ignore[arg-type]
        messages.success(request, "Saved.")
        return True
    if "drop" in post:
        question = get_object_or_404(owner.questions.asked(), pk=number_of(post["drop"]))
        questions.remove(question, now=now)
    elif "up" in post:
        keys = list(owner.questions.asked().values_list("pk", flat=True))
        key = number_of(post["up"])
        if key not in keys:
            raise Http404
        at = keys.index(key)
        keys.insert(max(0, at - 1), keys.pop(at))
        questions.reorder(owner, keys)
    elif "shut" in post:
        get_object_or_404(owner.windows, pk=number_of(post["shut"])).delete()
    elif "draw" in post and isinstance(owner, Event):
        switch_draw(owner, is_on=post["draw"] == "on", now=now)
    elif "draw_now" in post and isinstance(owner, Event):
        draws.draw(owner, by=user, now=now)  # type: ignore[arg-type]
    else:
        return False
    messages.success(request, "Saved.")
    return True


def switch_draw(event: Event, *, is_on: bool, now: datetime) -> None:
    if is_on and (event.capacity is None or event.registration_closes_at is None):
        raise Refused(
            "A draw needs a number of seats and the hour at which registration closes. Give them first."
        )
    draws.switch(event, is_on=is_on, now=now)


@never_cache
@require_http_methods(GET_POST)
def question_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Word a question otherwise. What was answered keeps the words it was asked in."""
    question = get_object_or_404(SignUpQuestion.objects.asked().select_related("event", "series"), pk=pk)
    if question.event:
        owner: Event | Series = event_run_by(request.user, question.event.pk)
        back = redirect("events:sign_up_edit", owner.pk)
    else:
        owner = series_run_by(request.user, question.series.slug if question.series else "")
        back = redirect("events:series_sign_up", owner.slug)
    form = QuestionForm(request.POST or None, instance=question)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return back
    return render(
        request,
        "events/question_edit.html",
        {"form": form, "owner": owner, "back": back["Location"]},
        status=422 if form.is_bound else 200,
    )


# ── People ──


@require_http_methods(GET_POST)
def people_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Register somebody by hand, whatever the hour; they take the next seat or the end of the line."""
    event = event_run_by(request.user, pk)
    form = AddForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        data = form.cleaned_data
        person = data["person"][0] if data["person"] else None
        outcome = registrations.register(event, person, name=data["name"], email=data["email"], by=user)
        who = person.display_name if person else data["name"]
        if outcome.is_live and outcome.registration:
            if not outcome.is_repeat:
                audit.record(
                    user, "registration.by_hand", event, after={"registration": outcome.registration.pk}
                )
            place = f"waits, as number {outcome.line}" if outcome.line else "is on the list"
            messages.success(request, f"{who} {place}.")
        else:
            messages.warning(request, WORDS[outcome.answer])
        return redirect("events:event_people", event.pk)
    return render(
        request,
        "events/people_add.html",
        {"form": form, "event": event},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def people_move_up(request: HttpRequest, pk: int, registration_pk: int) -> HttpResponse:
    """Put somebody at the head of the line, and say why."""
    event = event_run_by(request.user, pk)
    row = get_object_or_404(
        Registration.objects.live().select_related("event", "user"), event=event, pk=registration_pk
    )
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        outcome = registrations.move_up(row, by=user, reason=form.cleaned_data["reason"])
        if outcome.is_live:
            messages.success(request, f"{row.who} is next in line.")
        else:
            messages.warning(request, "There is no line to move up in.")
        return redirect("events:event_people", event.pk)
    return render(
        request,
        "events/people_move_up.html",
        {"form": form, "event": event, "row": row},
        status=422 if form.is_bound else 200,
    )


@require_POST
def people_excuse(request: HttpRequest, pk: int, registration_pk: int) -> HttpResponse:
    """Somebody was missing, and that is all right."""
    event = event_run_by(request.user, pk)
    row = get_object_or_404(
        Registration.objects.select_related("event", "user"), event=event, pk=registration_pk
    )
    user: Any = request.user
    no_shows.excuse(row, by=user, now=timezone.now())
    messages.success(request, f"{row.who} is excused.")
    return redirect("events:event_people", event.pk)


@require_POST
def door_list(request: HttpRequest, pk: int) -> HttpResponse:
    """A host says whether everybody who was there is on the list."""
    event = event_run_by(request.user, pk)
    user: Any = request.user
    try:
        no_shows.set_door_list(event, is_complete="open" not in request.POST, by=user, now=timezone.now())
        messages.success(request, "Saved.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("events:event_people", event.pk)
