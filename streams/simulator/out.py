"""Events as they leave the operation: CloudEvents, with ids that the same run gives again."""

import datetime as dt
from typing import Any, Final, NamedTuple

import msgspec

TOPIC: Final = {"voice": "calls", "callback": "calls", "chat": "chats", "ticket": "tickets"}
FEEDS: Final = ("calls", "chats", "tickets", "agents")
SOURCE: Final = "urn:pouls:simulator:"


class Timed(NamedTuple):
    """An event, and when a source would hand it over."""

    at_ms: int
    value: bytes


class Out:
    """Writes events into a list that the operation empties."""

    def __init__(self, run: str) -> None:
        self.events: list[Timed] = []
        self._run = run
        self._said = 0
        self._second, self._text = -1, ""
        self._encode = msgspec.json.Encoder().encode

    def put(self, at_ms: int, feed: str, kind: str, subject: str, data: dict[str, Any]) -> None:
        """Says one thing. Of two at one instant the later one has the greater id."""
        self._said += 1
        self._write(at_ms, f"{self._run}-{self._said:09d}", feed, kind, subject, data)

    def alive(self, at_ms: int, feed: str, every_s: int) -> None:
        """Says that a feed works; its ids are its own, so that they move nobody else's."""
        own_id = f"{self._run}-{feed}-{at_ms}"
        self._write(at_ms, own_id, feed, "source.alive", feed, {"every_s": every_s})

    def _write(
        self, at_ms: int, id: str, feed: str, kind: str, subject: str, data: dict[str, Any]
    ) -> None:
        event = {
            "type": kind,  # first, because decoding is faster then
            "specversion": "1.0",
            "id": id,
            "source": SOURCE + feed,
            "time": self._time(at_ms),
            "subject": subject,
            "data": data,
        }
        self.events.append(Timed(at_ms, self._encode(event)))

    def _time(self, ms: int) -> str:
        """Returns RFC 3339 with Z; most events share their second with the one before."""
        second = ms // 1000
        if second != self._second:
            moment = dt.datetime.fromtimestamp(second, dt.UTC)
            self._second, self._text = second, moment.strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{self._text}{ms % 1000:03d}Z"
