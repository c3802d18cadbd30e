"""The connection to Redis: its timeouts, what it may say when it is away, whether it is fit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from streams.store.shapes import StoreAway

TIMEOUT_S: Final = 5.0
OLDEST: Final = (7, 0)
"""The oldest Redis that is supported."""
FEED_LIMIT: Final = (256 << 20, 128 << 20, 60)
"""Output buffer of a subscriber: hard limit, soft limit, for so many seconds. Redis' own cuts a
reader that is busy off after some 40 full commits."""
_TRANSIENT = (
    "MISCONF", "BUSY", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "LOADING", "READONLY",
    "UNBLOCKED",  # who waits for a key when Redis is emptied or becomes a replica
)  # fmt: skip


def connect(url: str) -> Redis:
    """Returns a client that gives up early and repeats nothing: callers repeat."""
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


@contextmanager
def may_be_away() -> Iterator[None]:
    """Turns everything that passes by itself into `StoreAway`."""
    try:
        yield
    except (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.ReadOnlyError,
        exceptions.OutOfMemoryError,
    ) as exc:
        raise StoreAway(f"Redis: {exc}") from exc
    except exceptions.ResponseError as exc:
        if str(exc).startswith(_TRANSIENT):
            raise StoreAway(f"Redis: {exc}") from exc
        raise


async def complaints(redis: Redis) -> list[str]:
    """Returns what makes this Redis unfit, a sentence each; empty = fit.

    Raises:
        StoreAway: it did not answer.
    """
    with may_be_away():
        info: Mapping[str, Any] = await redis.info()
    out = []
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        out.append(f"Redis {version} is too old: 7.0 is the oldest that is supported")
    policy = info["maxmemory_policy"]
    if policy != "noeviction":
        out.append(f"maxmemory-policy is {policy}: it must be noeviction, or cells disappear")
    return out


async def raise_feed_limit(redis: Redis) -> None:
    """Lets subscribers stall for longer, where Redis allows it and allows less now."""
    try:
        now = await redis.config_get("client-output-buffer-limit")
        words = str(now["client-output-buffer-limit"]).split()
        at = words.index("pubsub") + 1
        limits = [int(n) for n in words[at : at + 3]]
        if any(0 < n < wanted for n, wanted in zip(limits, FEED_LIMIT, strict=True)):
            text = " ".join(map(str, ("pubsub", *FEED_LIMIT)))
            await redis.config_set("client-output-buffer-limit", text)
    except exceptions.ResponseError:
        return  # a Redis that others run: its limits are theirs
