"""What every process is told: where things are, and what operators have decided."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from streams.core.calendars import Calendar
from streams.core.errors import PoulsError
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.core.roster import Roster


class SettingsErrors(PoulsError):
    """Every mistake in the settings; the text has one a line."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = complaints
        """PLACE: KEY: SENTENCE, the place being FILE:LINE or a variable's name."""


DEAD_LETTERS: Final = "dead-letters"


class Topic(msgspec.Struct, frozen=True):
    """A topic of Kafka."""

    name: str
    partitions: int
    channel: str
    """The channel of its contacts until they state one; `-` = it holds no contacts."""
    retention_days: int
    """How long the broker keeps a record."""


class Clock(msgspec.Struct, frozen=True):
    """What `now` is for readers."""

    mode: Literal["wall", "event"] = "wall"
    """`wall` = the server's clock, `event` = the greatest event time + what has passed since."""
    speed: float = 1.0
    """How many times as fast as the server's clock, in mode `event`."""


class Settings(msgspec.Struct, frozen=True):
    """Settings of one process."""

    kafka: str
    """HOST:PORT, several by comma."""
    redis: str
    """A URL."""
    listen: str
    """HOST:PORT of the API."""
    metrics_listen: str | None
    """HOST:PORT of a worker's metrics; `None` = it serves none."""
    fold: FoldPolicy
    reading: ReadingPolicy
    topics: Mapping[str, Topic]
    timezone: str | None
    """As stated in `pouls.toml`; `None` = it states none, and `fold` has UTC."""
    config_since: int
    """Since when these settings hold, in Unix seconds: of two, the later ones stand."""
    settings_hash: str
    """Of everything that changes cells."""
    roster: Roster | None = None
    """Who the people are, of `people.csv`; `None` = nobody says."""
    clock: Clock = Clock()
    calendars: Mapping[str, Calendar] = {}
    """When what is open, by name; `always` among them."""
    commit_interval_s: float = 0.3
    group: str = "pouls"
    """The workers' consumer group."""
    hosts: tuple[str, ...] = ()
    """Names by which browsers may call the API, besides addresses and its own."""
    origins: tuple[str, ...] = ()
    """Origins of foreign pages that may open the live connection."""


TOPICS: Final = (
    Topic("calls", 4, "voice", 30),
    Topic("chats", 4, "chat", 30),
    Topic("tickets", 4, "ticket", 400),
    Topic("agents", 4, "-", 90),
    Topic(DEAD_LETTERS, 1, "-", 30),
)
"""The topics that there are, with their defaults."""
