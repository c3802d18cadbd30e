"""What is read for whom: lines, one a topic, and views, sets of topics that clients share."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from api import segments
from api.messages import Value, fragment
from streams.core.errors import BadName
from streams.core.kpis import KPIS
from streams.core.windows import parse as parse_window

MAX_TOPICS: Final = 100
"""Topics and patterns that one client may ask for."""
MAX_EXPANDED: Final = 500
"""Topics that one view may come to when its patterns are expanded."""
LIVE: Final = "live"
SHOWN: Final = "shown"
"""The one key of a topic that is none of the board's."""


class Topic(NamedTuple):
    """A segment, or a pattern such as `queue:*`, in a window."""

    segment: str
    window: str

    def __str__(self) -> str:
        """Returns the topic's name in messages."""
        return f"{self.segment}@{self.window}"


def parse(text: str) -> Topic:
    """Returns a topic in its one canonical form.

    Raises:
        BadName: no `SEGMENT@WINDOW`, an unknown dimension or window; the text says which.
    """
    segment, at, window = text.rpartition("@")
    if not at:
        raise BadName(f"topic {text!r} is not SEGMENT@WINDOW")
    return Topic(segments.parse(segment), parse_window(window).name)


def offered(name: str) -> Topic:
    """Returns a topic that is none of the board's, by its name: `alerts@live`."""
    return Topic(*name.split("@", 1))


def parse_all(
    texts: Iterable[str], others: Collection[Topic] = ()
) -> tuple[tuple[Topic, ...], list[tuple[str, str]]]:
    """Returns the topics, each once, and (text, what is wrong) of those that are none.

    Args:
        texts: What is asked for.
        others: Topics that are none of the board's.
    """
    known = {str(topic): topic for topic in others}
    topics: dict[Topic, None] = {}
    refused = []
    for text in texts:
        try:
            topics[known.get(text) or parse(text)] = None
        except BadName as error:
            refused.append((text, str(error)))
    return tuple(topics), refused


def kpis_of(window: str) -> tuple[str, ...]:
    """Returns the KPIs that a window has: those true now for `live`, the others for every other."""
    shown = (kpi for kpi in KPIS.values() if not kpi.private)
    return tuple(kpi.id for kpi in shown if (kpi.kind == LIVE) == (window == LIVE))


class Line:
    """One topic: its values of the last tick, as JSON, and which of them changed in it."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.name = str(topic)
        self.changed: set[str] = set()
        self._values: dict[str, Value] = {}
        self._encoded: dict[str, msgspec.Raw] = {}

    def want(self, kpis: set[str]) -> Iterator[str]:
        """Forgets the KPIs that nobody wants any more; yields those that have no value yet."""
        for kpi in self._values.keys() - kpis:
            del self._values[kpi], self._encoded[kpi]
        yield from kpis - self._values.keys()

    def put(self, kpi: str, value: Value) -> bool:
        """Takes a value in; returns whether it is another than before."""
        if self._values.get(kpi) == value:
            return False
        self._values[kpi], self._encoded[kpi] = value, fragment(value)
        return True

    def step(self, read: Callable[[Topic, str], Value]) -> None:
        """Reads every KPI again."""
        self.changed = {kpi for kpi in self._values if self.put(kpi, read(self.topic, kpi))}

    def pick(self, kpis: Iterable[str]) -> dict[str, msgspec.Raw]:
        """Returns the JSON of some KPIs."""
        return {kpi: self._encoded[kpi] for kpi in kpis}


class Offered:
    """A topic of which somebody else says what it shows: one document, under the key `shown`."""

    def __init__(self, topic: Topic) -> None:
        self.name = str(topic)
        self.changed: set[str] = set()
        self._shown: msgspec.Raw | None = None
        self._next: msgspec.Raw | None = None

    def offer(self, document: msgspec.Raw) -> None:
        """Takes in what is to be shown from the next tick on."""
        self._next = document

    def step(self) -> None:
        """Shows what was offered last."""
        self.changed = {SHOWN} if _bytes(self._next) != _bytes(self._shown) else set()
        self._shown = self._next

    def pick(self, _: Iterable[str]) -> dict[str, msgspec.Raw]:
        """Returns the document; nothing until there is one."""
        return {} if self._shown is None else {SHOWN: self._shown}


def _bytes(document: msgspec.Raw | None) -> bytes | None:
    return None if document is None else bytes(document)


class View:
    """A set of topics; it only ever grows, by what its patterns bring."""

    def __init__(
        self,
        asked: tuple[Topic, ...],
        kpis: tuple[str, ...] | None,
        others: Collection[Topic] = (),
    ) -> None:
        self.asked = asked
        self.kpis = kpis
        self.others = others
        """Topics that are none of the board's."""
        self.clients = 0
        self.topics: dict[Topic, tuple[str, ...]] = {}
        """Topic → the KPIs of it that are shown."""
        self.denied: dict[Topic, str] = {}
        """Topic → why it is not given."""
        self.added: set[Topic] = set()
        """Topics that came in this tick."""
        self.snapshot: str | None = None
        self.delta: str | None = None

    def grow(
        self,
        expand: Callable[[Topic], Sequence[Topic]],
        trouble: Callable[[Topic], str | None],
    ) -> None:
        """Takes in the topics that the patterns mean now.

        Args:
            expand: Returns the topics that a pattern means.
            trouble: Returns why a topic cannot be read, `None` where it can.
        """
        found = dict.fromkeys(t for ask in self.asked for t in expand(ask))
        self.added = set()
        for topic in found:
            if topic in self.topics or topic in self.denied:
                continue
            room = len(self.topics) < MAX_EXPANDED
            reason = trouble(topic) if room else f"more than {MAX_EXPANDED} topics"
            if reason is None:
                self.topics[topic] = self._shown(topic)
                self.added.add(topic)
            else:
                self.denied[topic] = reason

    def _shown(self, topic: Topic) -> tuple[str, ...]:
        if topic in self.others:
            return (SHOWN,)
        all_of_it = kpis_of(topic.window)
        return tuple(k for k in all_of_it if self.kpis is None or k in self.kpis)
