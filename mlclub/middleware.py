"""What every answer carries: private pages are not stored by caches, logs hold no tokens."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.defaults import bad_request

TOKEN_PATHS = re.compile(
    r"(/(?:u|c|f|guest|was-me|events/feed|calendar/feed|first-run|invitation|nmep/certificates"
    r"|settings/notifications/prove|wiki/mirror)/"
    # A magic link is known by its token, whatever page it opens.
    r"|\bmagic-(?=[\w-]{40}))[^/\s?.\"']+"
)


class PrivatePagesMiddleware:
    """Pages of a signed-in person are `private, no-store` unless their view says otherwise; and whoever signs out leaves
    none behind in the browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and getattr(request, "user", None) is not None:
            if request.user.is_authenticated:
                response["Cache-Control"] = "private, no-store"
            else:
                response["Cache-Control"] = "private, no-cache"
        if request.method == "POST" and request.path == reverse("account_logout"):
            response["Clear-Site-Data"] = '"cache"'
        response.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()"
        )
        return response


class ZeroBytesMiddleware:
    """A zero byte in an address or a field is a question wrongly put: the database holds none in its texts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (DataError, ValueError)) and "NUL" in str(exception):
            return bad_request(request, exception, template_name="zero_bytes.html")
        return None


class RedactTokens(logging.Filter):
    """Replaces the secret part of capability addresses in every log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = TOKEN_PATHS.sub(r"\1…", message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line: time in UTC, level, logger, message and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
