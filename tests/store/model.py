"""The scripts said again, slowly and plainly, on dicts."""

from typing import Any

import msgpack

from streams.codec import split_facts
from streams.store.shapes import FIELDS, Head, base_key
from tests.store.backends import START_US, Arg, Stored, everything


class Model:
    """The scripts on dicts."""

    def __init__(self) -> None:
        self.now_us = START_US
        self._heads: dict[str, dict[str, str]] = {}
        self._hashes: dict[str, dict[str, dict[bytes, bytes]]] = {}
        self._segments: dict[str, set[bytes]] = {}
        self._contacts: dict[str, dict[bytes, bytes]] = {}
        self._messages: list[tuple[str, bytes]] = []

    def run(self, name: str, source: str, *args: Arg) -> Any:
        """Run a script."""
        texts = [arg if isinstance(arg, bytes) else str(arg) for arg in args]
        return getattr(self, f"_{name}")(source, *texts)

    def epoch(self, stored: int | None) -> int:
        """Return the epoch that a claim gets."""
        return max(self.now_us, (stored or 0) + 1)

    def _claim(
        self, source: str, settings: str, since: str, begin: str, end: str, *fields: str
    ) -> list[bytes | None]:
        head = self._heads.get(source)
        changed = head is None or head["hash"] != settings
        if head and changed and int(since) <= int(head["since"]):
            return [b"older", head["hash"].encode(), head["since"].encode()]
        epoch = str(self.epoch(int(head["epoch"]) if head else None))
        if head is None or changed:
            if head:
                self._unlink(source, head["build"])
            head = self._heads[source] = dict.fromkeys(("version", "append", "top", "as_of"), "0")
            head |= {"offset": str(int(begin) - 1), "record": "-1", "hash": settings}
            head |= {"since": since, "build": epoch, "gap": f"0-{begin}" if int(begin) else ""}
            if int(end) > int(begin):
                head["until"] = end
        head |= {"epoch": epoch, "since": str(max(int(since), int(head["since"])))}
        values = [head[f].encode() if f in head else None for f in fields]
        return [b"new" if changed else b"kept", *values]

    def _unlink(self, source: str, build: str) -> None:
        for kept in (self._hashes, self._segments, self._contacts):
            kept.pop(base_key(source, build), None)

    def judge(self, head: dict[str, str] | None, epoch: str, expected: int) -> int:
        """Return what a commit is answered."""
        if head is None or head["epoch"] != epoch:
            return 0
        if int(head["version"]) == expected + 1:
            return 2
        return int(int(head["version"]) == expected)

    def _commit(self, source: str, epoch: str, expected: str, *rest: Any) -> int:
        offset, record, append, top, gap, visible, facts = rest
        head = self._heads.get(source)
        code = self.judge(head, epoch, int(expected))
        if code != 1:
            return code
        assert head is not None
        base = base_key(source, head["build"])
        self._put(base, *msgpack.unpackb(visible, raw=True)[1:])
        self._put_facts(self._contacts.setdefault(base, {}), *msgpack.unpackb(facts, raw=True))
        version = str(int(head["version"]) + 1)
        head |= {"version": version, "offset": offset, "record": record, "append": append}
        head |= {"top": top, "gap": gap}
        if "until" in head and int(offset) + 1 >= int(head["until"]):
            del head["until"]
        self._say(source, f"c {head['epoch']} {version} {offset}\n".encode() + visible)
        return 1

    def _put(self, base: str, segments: list[bytes], hashes: list[list[Any]]) -> None:
        self._segments.setdefault(base, set()).update(segments)
        held = self._hashes.setdefault(base, {})
        for name, put, gone in hashes:
            fields = held.setdefault(name.decode(), {})
            fields.update(zip(put[::2], put[1::2], strict=True))
            for key in gone:
                fields.pop(key, None)

    def _put_facts(self, held: dict[bytes, bytes], *facts: list[bytes]) -> None:
        names, tails, replaced, gone = facts
        for name, tail in zip(names, tails, strict=True):
            held[name] = held.get(name, b"") + tail
        held.update(zip(replaced[::2], replaced[1::2], strict=True))
        for name in gone:
            held.pop(name, None)

    def _beat(self, source: str, epoch: str, end: str, asked: str) -> list[bytes]:
        head = self._heads.get(source)
        if head is None or head["epoch"] != epoch:
            return []
        as_of = int(head["append"])
        if end and int(head["offset"]) + 1 >= int(end):
            as_of = int(asked) // 1000
        head["as_of"] = str(max(as_of, int(head["as_of"])))
        self._say(source, f"b {epoch} {head['version']} {head['as_of']}\n".encode())
        return [head["version"].encode(), str(self.now_us).encode()]

    def _say(self, source: str, message: bytes) -> None:
        self._messages.append((source, message))

    def head(self, source: str) -> Head | None:
        """Read what is known of a source as a whole."""
        kept = self._heads.get(source, {})
        return Head.of([kept[f].encode() if f in kept else None for f in FIELDS])

    def read(self, source: str) -> Stored | None:
        """Read everything of one instant."""
        head = self.head(source)
        if head is None:
            return None
        base = base_key(source, head.build)
        contacts = self._contacts.get(base, {})
        return Stored(
            head,
            everything(head, self._segments.get(base, set()), self._hashes.get(base, {})),
            {contact.decode(): split_facts(raws) for contact, raws in contacts.items()},
        )

    def feed(self) -> list[tuple[str, bytes]]:
        """Take the messages since the last time."""
        out, self._messages = self._messages, []
        return out

    def snapshot(self) -> Any:
        """Remember everything."""
        return (
            {k: dict(v) for k, v in self._heads.items()},
            {b: {n: dict(h) for n, h in hashes.items()} for b, hashes in self._hashes.items()},
            {k: set(v) for k, v in self._segments.items()},
            {k: dict(v) for k, v in self._contacts.items()},
        )

    def restore(self, snapshot: Any) -> None:
        """Go back."""
        self._heads, self._hashes, self._segments, self._contacts = snapshot

    def flush(self) -> None:
        """Lose everything."""
        for kept in (self._heads, self._hashes, self._segments, self._contacts):
            kept.clear()
