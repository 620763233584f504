"""The cache: Redis, and a miss where Redis is not there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Reads as a miss and writes nothing while Redis is down, so that pages still answer.

    `add` and `incr` raise nothing either; a rate limit built on them must therefore fail closed itself
    (`members.adapter` does).
    """

    def _forgive(self, name: str, missing: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(), name)(*args, **kwargs)
        except (RedisError, OSError) as problem:
            logger.warning("Cache is not reachable: %s", problem)
            return missing

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._forgive("get", default, key, default, version)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._forgive("add", False, key, value, timeout, version)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._forgive("set", None, key, value, timeout, version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._forgive("touch", False, key, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._forgive("delete", False, key, version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        return self._forgive("get_many", {}, keys, version)

    def set_many(
        self, data: Mapping[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        return self._forgive("set_many", list(data), data, timeout, version)

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._forgive("delete_many", None, keys, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._forgive("has_key", False, key, version)

    def tally(self, key: str, field: str, *, most: int = 0) -> None:
        """One more of `field` among the counters of `key`; with `most`, no further field once there are so many. The
        counters stay until they are taken."""
        try:
            client, name = self._cache.get_client(None, write=True), self.make_and_validate_key(key)
            if not most or client.hlen(name) < most or client.hexists(name, field):
                client.hincrby(name, field, 1)
        except (RedisError, OSError) as problem:
            logger.warning("Cache is not reachable: %s", problem)

    def take_tallies(self, key: str) -> dict[str, int]:
        """Take the counters of `key` away; of two who ask at once, each count goes to one."""
        try:
            client, name = self._cache.get_client(None, write=True), self.make_and_validate_key(key)
            pipeline = client.pipeline(transaction=True)
            pipeline.hgetall(name)
            pipeline.delete(name)
            found, _ = pipeline.execute()
        except (RedisError, OSError) as problem:
            logger.warning("Cache is not reachable: %s", problem)
            return {}
        return {field.decode(): int(times) for field, times in found.items()}

    def give_back(self, key: str, taken: Mapping[str, int]) -> None:
        """Add counters that were taken to what has been counted since."""
        try:
            client, name = self._cache.get_client(None, write=True), self.make_and_validate_key(key)
            pipeline = client.pipeline(transaction=True)
            for field, times in taken.items():
                pipeline.hincrby(name, field, times)
            pipeline.execute()
        except (RedisError, OSError) as problem:
            logger.warning("Cache is not reachable: %s", problem)

    def is_reachable(self) -> bool:
        """Whether Redis takes a note right now; sign-in limits fail closed when it does not. A ping would not do:
        one that is full still answers it, and counts nothing."""
        try:
            client = self._cache.get_client(None, write=True)
            return bool(client.set(self.make_and_validate_key("reachable"), 1, ex=60))
        except (RedisError, OSError):
            return False
