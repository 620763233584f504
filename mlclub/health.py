"""Two addresses for whoever watches the portal: is it alive, and is every part of it well."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mlclub.gather import Health, flat

logger = logging.getLogger(__name__)


def database() -> Iterable[Health]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield Health(name="database", is_ok=True, detail="answers")


def migrations() -> Iterable[Health]:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    names = ", ".join(f"{migration.app_label} {migration.name}" for migration, _ in waiting)
    yield Health(
        name="migrations", is_ok=not waiting, detail=f"not applied: {names}" if waiting else "all applied"
    )


def broker() -> Iterable[Health]:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
        client.ping()
    yield Health(name="redis", is_ok=True, detail="answers")


def apps() -> Iterable[Health]:
    """What each app says of itself: the ledger's oldest due row, the last tick."""
    return flat("health", timezone.now())


PARTS: dict[str, Callable[[], Iterable[Health]]] = {
    "database": database,
    "migrations": migrations,
    "redis": broker,
    "apps": apps,
}


def examine() -> list[Health]:
    """Every part, and a part that cannot even be asked is red. The reason goes to the log, not to the world."""
    found: list[Health] = []
    for name, ask in PARTS.items():
        try:
            found += list(ask())
        except (DatabaseError, redis.exceptions.RedisError) as problem:
            logger.warning("The health of %s could not be read: %s", name, problem)
            found.append(Health(name=name, is_ok=False, detail="does not answer"))
    return found


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that a broken database does not restart the web."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Every part by name; 503 as soon as one of them is red."""
    parts = examine()
    red = [part.name for part in parts if not part.is_ok]
    answer = {
        "ok": not red,
        "red": red,
        "parts": {part.name: {"ok": part.is_ok, "detail": part.detail} for part in parts},
    }
    return JsonResponse(answer, status=503 if red else 200)
