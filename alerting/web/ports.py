"""What the routes need of others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from alerting.acts import ActRecord
from alerting.core.investigations import Investigation
from alerting.core.rules import Rule
from alerting.core.shapes import Event
from alerting.store import Dead, Head, Told
from streams.core.buckets import Zone
from streams.core.roster import Roster
from streams.core.words import Language


class AlertsRead(Protocol):
    """What is read of Redis (`alerting.store`); each may raise `StoreAway`."""

    async def shown(self) -> bytes | None:
        """Returns what walls show; `None` = nobody ever said."""

    async def head(self) -> Head:
        """Returns how the leader is."""

    async def clock_ms(self) -> int:
        """Returns Redis TIME."""

    def feed(self) -> Any:  # noqa: ANN401  redis-py's subscriptions are hardly typed
        """Returns a new subscription, to be closed by the caller."""

    async def history(self, from_ms: int, to_ms: int, episode: str | None = None) -> list[Event]:
        """Returns events from one instant up to before another, by Redis TIME, oldest first."""

    async def investigations(self) -> dict[str, Investigation]:
        """Returns all investigations."""

    async def told(self, episodes: Iterable[str]) -> dict[str, dict[str, Told]]:
        """Returns what was told last, by episode and address."""

    async def dead(self, count: int = 100) -> list[Dead]:
        """Returns the latest of what could not be delivered, latest first."""

    async def outcome(self, act_id: str) -> str | None:
        """Returns what became of an act: "" = done, else why not; `None` = not known yet."""

    async def secret(self) -> str:
        """Returns what signs links."""

    async def close(self) -> None:
        """Closes all connections."""


class ActsWritten(Protocol):
    """Where acts are written."""

    async def write(self, record: ActRecord) -> int:
        """Returns the offset.

        Raises:
            ActsAway: nobody knows whether it was recorded.
        """

    async def close(self) -> None:
        """Closes the connection."""


class Host(Protocol):
    """What the API does for these routes."""

    @property
    def offer(self) -> Callable[[str, msgspec.Raw], None]:
        """Shows a document on the walls, under a topic."""

    @property
    def agents(self) -> Callable[[str], Sequence[str]]:
        """Returns the ids of the agents who are in a team now."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the routes know of the operation."""

    rules: Mapping[str, Rule] = {}
    """By id."""
    roster: Roster | None = None
    """`None` = anybody may say who he is."""
    zone: Zone
    language: Language = "fr"
    """Of who does not say."""
    url: str
    """The public address."""
    secret: str | None = None
    """What signs links; `None` = Redis has it."""
    currency: str = ""

    def name(self, person: str) -> str:
        """Returns what others may see of a person: the alias, else the id."""
        alias = self.roster.alias(person) if self.roster else None
        return alias or person
