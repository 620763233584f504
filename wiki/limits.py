"""How often somebody may ask for something."""

from __future__ import annotations

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError


def within(what: str, who: object, a_minute: int) -> bool:
    """Whether `who` has asked for this fewer than `a_minute` times in this minute; always, without a cache."""
    key = f"limit:{what}:{who}:{int(timezone.now().timestamp()) // 60}"
    try:
        cache.add(key, 0, 120)
        return int(cache.incr(key)) <= a_minute
    except (ValueError, RedisError, OSError):
        return True
