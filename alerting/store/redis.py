"""The leader's half of the alert store: the lease, what is held, one commit a tick.

As in the store of the streams, everything that changes state is one script, so it happens whole or
not at all; what a script refuses is a result; `StoreAway` means that nobody knows whether it
happened, and that the same call may be made again. Nothing is repeated in here: callers repeat.
"""

import importlib.resources
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgpack
import msgspec
from redis.asyncio.client import PubSub

from alerting.core.investigations import Investigation
from alerting.core.shapes import Event, Instance, Key
from alerting.core.telling import Group, Quiet
from alerting.store.shapes import (
    FEED,
    HASHES,
    HELD,
    KEPT_MS,
    LEASE_MS,
    Commit,
    Head,
    Held,
    Lease,
    field,
    key,
    parse_field,
)
from streams.store import connection
from streams.store.connection import may_be_away

_HEAD: Final = ("seq", "at_ms", "clock_ms", "acts", "born_ms", "noted", "lost_ms")
"""Fields of the head that a commit writes, but `seq`, and a leader reads."""
_HASH_KEYS: Final = [key(name) for name in HASHES]
_COMMIT_KEYS: Final = [
    key("head"), *_HASH_KEYS, key("events"), key("out"), key("shown"), FEED, key("outcome:"),
]  # fmt: skip
_event: Final = msgspec.json.Decoder(Event)
_instance: Final = msgspec.json.Decoder(Instance)
_group: Final = msgspec.json.Decoder(Group)
_quiet: Final = msgspec.json.Decoder(Quiet)
_investigation: Final = msgspec.json.Decoder(Investigation)
_json: Final = msgspec.json.Encoder().encode


def script(name: str) -> str:
    """Returns the text of a script beside this file."""
    return importlib.resources.files("alerting.store").joinpath(f"{name}.lua").read_text()


class LeaderStore:
    """What a leader, and whoever shows alerts, says to Redis."""

    lease_ms: int = LEASE_MS

    def __init__(self, url: str) -> None:
        self._redis: Any = connection.connect(url)  # its answers' types do not say bytes
        self._renew = self.registered("renew")
        self._resign = self.registered("resign")
        self._load = self.registered("load")
        self._commit = self.registered("commit")

    def registered(self, name: str) -> Any:  # noqa: ANN401  redis-py's scripts are not typed
        """Returns a script, ready to be called."""
        return self._redis.register_script(script(name))

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()

    async def complaints(self) -> list[str]:
        """Returns what makes this Redis unfit, a sentence each; empty = fit.

        Raises:
            StoreAway: it did not answer.
        """
        return await connection.complaints(self._redis)

    # -- the leader

    async def renew(self, owner: str) -> Lease:
        """Takes the lease, or keeps it.

        Args:
            owner: One life of one process: nobody else says the same.

        Raises:
            StoreAway: nobody knows whether it happened; renew again.
        """
        with may_be_away():
            epoch, clock = await self._renew(
                keys=[key("lease"), key("head")], args=[owner, self.lease_ms]
            )
        return Lease(int(epoch) if epoch else None, int(clock))

    async def resign(self, owner: str) -> None:
        """Gives the lease back, so that another need not wait for its end.

        Raises:
            StoreAway: nobody knows whether it happened; the lease ends by itself.
        """
        with may_be_away():
            await self._resign(keys=[key("lease")], args=[owner])

    async def load(self, epoch: int) -> Held | None:
        """Returns all that a leader goes on from; `None` = the epoch is over.

        Raises:
            StoreAway: load again.
        """
        with may_be_away():
            reply = await self._load(keys=[key("head"), *_HASH_KEYS], args=[epoch, *_HEAD])
        return _held(epoch, *reply) if reply else None

    async def commit(self, commit: Commit) -> int:
        """Stores a tick.

        Returns:
            1 done, 2 was done before (the reply had been lost), 0 refused: the epoch is over.

        Raises:
            StoreAway: nobody knows whether it happened; send the same commit again.
        """
        with may_be_away():
            return int(await self._commit(keys=_COMMIT_KEYS, args=_args(commit)))

    # -- everybody

    async def head(self) -> Head:
        """Returns how the leader is.

        Raises:
            StoreAway: try again.
        """
        names = Head.__struct_fields__
        with may_be_away():
            values = await self._redis.hmget(key("head"), list(names))
        found = {n: int(v) for n, v in zip(names, values, strict=True) if v}
        return msgspec.convert(found, Head)

    async def shown(self) -> bytes | None:
        """Returns what walls show; `None` = nobody has ever led.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            found: bytes | None = await self._redis.get(key("shown"))
        return found

    def feed(self) -> PubSub:
        """Returns a new subscription, to `FEED`, to be closed by the caller."""
        feed: PubSub = self._redis.pubsub()
        return feed

    async def history(self, from_ms: int, to_ms: int, episode: str | None = None) -> list[Event]:
        """Returns what happened between two instants of Redis TIME, oldest first.

        Args:
            from_ms: From then on.
            to_ms: Up to then, exclusive.
            episode: Of this one only.

        Raises:
            StoreAway: try again.
        """
        # A commit is sent again until it is answered, so an event may have come late, never early.
        with may_be_away():
            entries = await self._redis.xrange(key("events"), min=str(from_ms), max="+")
        found = [_event.decode(values[b"e"]) for _, values in entries]
        return [
            event
            for event in found
            if from_ms <= event.clock_ms < to_ms and episode in (None, event.episode)
        ]

    async def quiet(self) -> dict[str, Quiet]:
        """Returns all silences and maintenance that are remembered.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            stored = await self._redis.hgetall(key("quiet"))
        return {name.decode(): _quiet.decode(value) for name, value in stored.items()}

    async def investigations(self) -> dict[str, Investigation]:
        """Returns all investigations.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            stored = await self._redis.hgetall(key("inv"))
        return {name.decode(): _investigation.decode(value) for name, value in stored.items()}

    async def instance(self, of: Key) -> Instance | None:
        """Returns an instance; `None` = there is nothing to remember.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            stored = await self._redis.hget(key("inst"), field(of))
        return None if stored is None else _instance.decode(stored)

    async def outcome(self, act_id: str) -> str | None:
        """Returns what became of an act: empty = done, else why not; `None` = nothing yet.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            found = await self._redis.get(key(f"outcome:{act_id}"))
        return None if found is None else found.decode()

    async def secret(self) -> str:
        """Returns what links are signed with, of 32 hex digits: the same for every replica.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            await self._redis.set(key("secret"), secrets.token_hex(16), nx=True)
            found = await self._redis.get(key("secret"))
        return str(found.decode())


def _held(epoch: int, head: Sequence[Any], *hashes: Sequence[bytes]) -> Held:
    values = {name: int(value) for name, value in zip(_HEAD, head, strict=True) if value}
    inst, groups, quiet, inv = (dict(zip(h[::2], h[1::2], strict=True)) for h in hashes)
    return Held(
        epoch=epoch,
        seq=values.get("seq", 0),
        at_ms=values.get("at_ms", 0),
        clock_ms=values.get("clock_ms", 0),
        acts=values.get("acts", 0),
        born_ms=values.get("born_ms", 0),
        noted=bool(values.get("noted", 0)),
        lost_ms=values.get("lost_ms"),
        instances={parse_field(k.decode()): _instance.decode(v) for k, v in inst.items()},
        groups={k.decode(): _group.decode(v) for k, v in groups.items()},
        quiet={k.decode(): _quiet.decode(v) for k, v in quiet.items()},
        investigations={k.decode(): _investigation.decode(v) for k, v in inv.items()},
    )


def _args(commit: Commit) -> list[Any]:
    """Returns the arguments of `commit.lua`."""
    head: list[Any] = []
    for name in _HEAD[1:]:
        value = getattr(commit, name)
        head += [name, "" if value is None else str(int(value))]
    instances = {field(k): v for k, v in commit.instances.items()}
    changes = [_change(instances), *(_change(getattr(commit, name)) for name in HELD[1:])]
    outcomes = [word for pair in commit.outcomes.items() for word in pair]
    packed = msgpack.packb(
        [head, changes, [_json(e) for e in commit.events], [_json(n) for n in commit.notices],
         outcomes],
        use_bin_type=False,
    )  # fmt: skip
    return [commit.epoch, commit.seq, packed, commit.shown or b"", KEPT_MS]


def _change(changed: Mapping[str, msgspec.Struct | None]) -> tuple[list[Any], list[str]]:
    """Returns what to set, fields and values in turn, and what to delete."""
    put = [item for name, one in changed.items() if one is not None for item in (name, _json(one))]
    return put, [name for name, one in changed.items() if one is None]
