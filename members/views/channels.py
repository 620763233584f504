"""Channels of Discord and Slack into which the portal writes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from members import audit
from members.ledger import channels, hooks
from members.mail_forms import ChannelForm
from members.models import Club, Notification, Webhook


@permission_required("members.change_webhook", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_list(request: HttpRequest) -> HttpResponse:
    """What is written into, whether it goes, and a form for one more."""
    officer: Any = request.user
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.instance.made_by = officer
        webhook = form.save()
        audit.record(
            officer, "channel.added", webhook, after={"name": str(webhook), "readers": webhook.readers}
        )
        messages.success(request, f"{webhook} is listed. Send a test message to see that it works.")
        return redirect("members:channel_list")
    lately = Notification.objects.to_channels().select_related("webhook").order_by("-created_at")[:20]
    return render(
        request,
        "members/channel_list.html",
        {"form": form, "webhooks": list(Webhook.objects.all()), "lately": list(lately)},
        status=422 if form.is_bound else 200,
    )


@permission_required("members.change_webhook", raise_exception=True)
@require_POST
def channel_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Test it, try again what failed, switch it on or off, or remove it."""
    officer: Any = request.user
    webhook = get_object_or_404(Webhook, pk=pk)
    match request.POST.get("act"):
        case "test":
            answer = hooks.post(webhook, f"A test message from {Club.current().name}.")
            if answer.is_ok:
                Webhook.objects.filter(pk=pk).update(problem="", failing_since=None)
                messages.success(request, f"It stands in {webhook}.")
            else:
                messages.error(request, f"{webhook} did not take it: {answer.reason}")
        case "again":
            count = channels.try_again(webhook, now=timezone.now())
            messages.success(request, f"{count} will be tried again.")
        case "on" | "off" as act:
            Webhook.objects.filter(pk=pk).update(is_on=act == "on")
            audit.record(officer, f"channel.{act}", webhook)
            messages.success(request, f"{webhook} is switched {act}.")
        case "remove":
            audit.record(officer, "channel.removed", webhook, before={"name": str(webhook)})
            webhook.delete()
            messages.success(request, "Removed. What stands in the channel stays there.")
        case _:
            messages.error(request, "Choose what to do with the channel.")
    return redirect("members:channel_list")
