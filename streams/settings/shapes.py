"""What every process is told: where things are, and what operators have decided."""

from collections.abc import Mapping
from pathlib import Path
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
ACTS: Final = "acts"
"""What people do to alerts: compacted, so the latest of each key stays for ever."""
NO_EVENTS: Final = frozenset({DEAD_LETTERS, ACTS})
"""Topics whose records nobody folds."""


class Topic(msgspec.Struct, frozen=True):
    """A topic of Kafka."""

    name: str
    partitions: int
    channel: str
    """The channel of its contacts until they state one; `-` = it holds no contacts."""
    retention_days: int
    """How long the broker keeps a record; 0 = for ever, the latest one of each key."""


class Clock(msgspec.Struct, frozen=True):
    """What `now` is for readers."""

    mode: Literal["wall", "event"] = "wall"
    """`wall` = the server's clock, `event` = the greatest event time + what has passed since."""
    speed: float = 1.0
    """How many times as fast as the server's clock, in mode `event`."""


class Address(msgspec.Struct, frozen=True):
    """Where somebody is told of alerts: secrets, so `${VARIABLE}` stays as it stands in the file.

    Whoever sends puts the variables' values in, nobody else.
    """

    page: str | None = None
    """What wakes him up."""
    mail: str | None = None
    """What can wait."""


class Rate(msgspec.Struct, frozen=True):
    """How many pages somebody gets; what is beyond comes together."""

    pages: int = 6
    within_s: float = 600.0


PACK: Final = "pack"
"""Stands for the rules that come with Pouls."""


class Alerts(msgspec.Struct, frozen=True):
    """What operators have decided about alerts."""

    rules: tuple[Path | Literal["pack"], ...] = (PACK,)
    """Rule files."""
    time_scale: float = 1.0
    """What every duration of rules, chains and groups is multiplied by; windows stay."""
    url: str = "http://127.0.0.1:8080"
    """Of the API, as people reach it: for links in what they are told."""
    lang: Literal["fr", "en"] = "fr"
    """Of whom no language is known."""
    heartbeat: str | None = None
    """A URL that hears from us while all is well, with `${VARIABLE}` as it stands."""
    rate: Rate = Rate()
    """Of pages to one person."""
    targets: Mapping[str, Address] = {}
    """Where people are told, by `targets_ref` of people.csv or else by the person's id."""


class Settings(msgspec.Struct, frozen=True):
    """Settings of one process."""

    kafka: str
    """HOST:PORT, several by comma."""
    redis: str
    """A URL."""
    listen: str
    """HOST:PORT of the API."""
    metrics_listen: str | None
    """HOST:PORT of the metrics of a worker or of alerts; `None` = it serves none."""
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
    alerts: Alerts = Alerts()

    @property
    def event_topics(self) -> dict[str, Topic]:
        """The topics whose records are folded: their partitions are the sources."""
        return {name: topic for name, topic in self.topics.items() if name not in NO_EVENTS}


TOPICS: Final = (
    Topic("calls", 4, "voice", 30),
    Topic("chats", 4, "chat", 30),
    Topic("tickets", 4, "ticket", 400),
    Topic("agents", 4, "-", 90),
    Topic(DEAD_LETTERS, 1, "-", 30),
    Topic(ACTS, 1, "-", 0),
)
"""The topics that there are, with their defaults."""
