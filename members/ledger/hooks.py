"""How Discord and Slack are spoken to: which addresses that are allowed, no mentions, no redirects, and their answers."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from members import sealing
from members.models import Webhook

SECONDS = 10
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    """What the service said. `wait` is how long it asks for silence; `is_final` that trying again is of no use."""

    is_ok: bool = False
    remote_id: str = ""
    reason: str = ""
    wait: timedelta | None = None
    is_gone: bool = False
    is_final: bool = False
    may_have_gone: bool = False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def is_allowed(service: str, address: str) -> bool:
    """Whether `address` is one of the service: everything else inside or outside the club's network is refused."""
    return address.startswith(settings.CHANNEL_ADDRESSES[service]) and not set(address) & set("?#@\\ \r\n\t")


def post(webhook: Webhook, text: str) -> Answer:
    """A new message."""
    address = sealing.opened(webhook.address)
    if webhook.service == Webhook.Service.DISCORD:
        return _ask(webhook, "POST", f"{address}?wait=true", _discord(text))
    return _ask(webhook, "POST", address, _slack(text))


def edit(webhook: Webhook, remote_id: str, text: str) -> Answer:
    """Another text in place of the former one. Slack's incoming webhooks cannot: there one message more says it."""
    address = sealing.opened(webhook.address)
    if webhook.service == Webhook.Service.DISCORD:
        return _ask(webhook, "PATCH", f"{address}/messages/{remote_id}", _discord(text))
    return _ask(webhook, "POST", address, _slack(f"Changed: {text}"))


def _discord(text: str) -> dict[str, Any]:
    # parse: [] lets nobody be pinged, whatever the text holds; flag 4 leaves out the preview of the link.
    return {"content": text[:2000], "allowed_mentions": {"parse": []}, "flags": 4}


def _slack(text: str) -> dict[str, Any]:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {
        "text": plain[:3000],
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _ask(webhook: Webhook, method: str, address: str, body: dict[str, Any]) -> Answer:
    if not is_allowed(webhook.service, address.partition("?")[0]):
        return Answer(reason="The address of this channel cannot be read or is not allowed.", is_final=True)
    request = urllib.request.Request(  # noqa: S310  only addresses that begin as the settings say
        address,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "User-Agent": "club-portal (webhook)"},
        method=method,
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=SECONDS) as answer:
            said = answer.read(100_000)
            return Answer(is_ok=True, remote_id=_id_in(said))
    except urllib.error.HTTPError as refusal:
        return _refused(refusal)
    except urllib.error.URLError as problem:
        timed_out = isinstance(problem.reason, TimeoutError)
        return Answer(reason=f"Cannot be reached: {type(problem.reason).__name__}", may_have_gone=timed_out)
    except (OSError, http.client.HTTPException) as problem:
        return Answer(reason=f"Fell silent: {type(problem).__name__}", may_have_gone=True)


def _id_in(said: bytes) -> str:
    try:
        found = json.loads(said)
    except ValueError:
        return ""  # Slack answers "ok"
    return str(found.get("id", ""))[:100] if isinstance(found, dict) else ""


def _refused(refusal: urllib.error.HTTPError) -> Answer:
    reason = f"{refusal.code} {refusal.reason}"
    if refusal.code == 429:
        try:
            seconds = float(refusal.headers.get("Retry-After", "60"))
        except ValueError:
            seconds = 60
        return Answer(reason=reason, wait=min(timedelta(seconds=max(1, seconds)), LONGEST_PAUSE))
    return Answer(
        reason=reason,
        is_gone=refusal.code == 404,
        is_final=400 <= refusal.code < 500 and refusal.code != 408,
        may_have_gone=refusal.code in (502, 504),
    )
