"""The scripts themselves, on a real server."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis

from streams.codec import split_facts
from streams.store.redis import script
from streams.store.shapes import FIELDS, Head, base_key, feed_key, head_key
from tests.store.backends import START_US, Arg, Stored, everything

Cuts = Mapping[str, Sequence[tuple[str, str]]]
"""Mistakes to plant: script → (text, what stands there instead)."""
TIME = ("redis.call('TIME')", "({ string.match(KEYS[3], '(%d+) (%d+)') })")
"""Lets the test say what time it is."""


class Real:
    """The scripts on a real server, which is emptied first."""

    def __init__(self, port: int, cuts: Cuts | None = None) -> None:
        self.now_us = START_US
        self._redis = redis.Redis(port=port, protocol=2)
        self._redis.flushall()
        names = ("claim", "commit", "beat")
        self._scripts = {name: script(name).replace(*TIME) for name in names}
        for name, pairs in (cuts or {}).items():
            for text, instead in pairs:
                assert text in self._scripts[name]
                self._scripts[name] = self._scripts[name].replace(text, instead)
        self._pubsub = self._redis.pubsub()  # type: ignore[no-untyped-call]
        self._pubsub.psubscribe("pouls:*:feed")
        self.feed()

    def close(self) -> None:
        """Close the connections."""
        self._pubsub.close()
        self._redis.close()

    def run(self, name: str, source: str, *args: Arg) -> Any:
        """Run a script."""
        time = "{} {}".format(*divmod(self.now_us, 1_000_000))
        return self._redis.eval(
            self._scripts[name], 3, head_key(source), feed_key(source), time, *args
        )

    def head(self, source: str) -> Head | None:
        """Read what is known of a source as a whole."""
        return Head.of(self._redis.hmget(head_key(source), FIELDS))

    def read(self, source: str) -> Stored | None:
        """Read everything of one instant."""
        head = self.head(source)
        if head is None:
            return None
        base = base_key(source, head.build)
        names = [name.decode() for name in self._members(f"{base}hashes")]
        return Stored(
            head,
            everything(
                head, self._members(f"{base}segments"), {n: self._hash(base + n) for n in names}
            ),
            {c.decode(): split_facts(raws) for c, raws in self._hash(f"{base}contacts").items()},
        )

    def _members(self, key: str) -> set[bytes]:
        return set(self._redis.smembers(key))  # type: ignore[arg-type]

    def _hash(self, key: str) -> dict[bytes, bytes]:
        return dict(self._redis.hgetall(key))  # type: ignore[arg-type]

    def feed(self) -> list[tuple[str, bytes]]:
        """Take the messages since the last time."""
        self._pubsub.ping()
        out: list[tuple[str, bytes]] = []
        while True:
            message = self._pubsub.get_message(timeout=5)
            assert message is not None
            if message["type"] == "pong":
                return out
            if message["type"] == "pmessage":
                source = message["channel"].decode().split("{")[1].split("}")[0]
                out.append((source, message["data"]))

    def snapshot(self) -> Any:
        """Remember everything."""
        keys = list(self._redis.keys("*"))
        pipe = self._redis.pipeline()
        for key in keys:
            pipe.dump(key)
        return dict(zip(keys, pipe.execute(), strict=True))

    def restore(self, snapshot: Any) -> None:
        """Go back."""
        self._redis.flushall()
        pipe = self._redis.pipeline()
        for key, value in snapshot.items():
            pipe.restore(key, 0, value)
        pipe.execute()

    def flush(self) -> None:
        """Lose everything."""
        self._redis.flushall()
