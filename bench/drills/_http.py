"""A person with a browser, and a Redis that can be taken away, for what is tried on the portal as it runs."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import redis

from mlclub.supervisor import engines


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Visitor:
    """Keeps cookies and follows nothing."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            NoRedirects, urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def carry(self, name: str, value: str) -> None:
        """Put a cookie into the browser."""
        host = urllib.parse.urlsplit(self.base).hostname or ""
        self.cookies.set_cookie(
            http.cookiejar.Cookie(
                0, name, value, None, False, host, False, False, "/", True, False, None, False, None, None, {}
            )
        )

    def open(self, path: str, data: dict[str, Any] | None = None) -> tuple[int, str]:
        """The status and the page."""
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(self.base + path, body)
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def post(self, page: str, path: str, **values: Any) -> int:
        """Send a form that stands on `page`."""
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.open(page)[1])
        assert found, f"there is no form on {page}"
        return self.open(path, {"csrfmiddlewaretoken": found[1], **values})[0]


class OwnRedis:
    """A Redis on a port that stays the same when it is started again, empty."""

    def __init__(self) -> None:
        self.port = engines.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = [engines.redis_program(), "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(program, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not self.answers():
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.exceptions.RedisError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
