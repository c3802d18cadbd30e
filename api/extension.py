"""Parts of the process that are none of the API's own, such as alerts: routes, topics, a life.

The API knows nothing of what they are about; `pouls.py` hands them to `create_app`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from fastapi import APIRouter


@dataclass(frozen=True)
class Host:
    """What the API does for an extension."""

    offer: Callable[[str, msgspec.Raw], None]
    """Shows a document under one of the extension's topics, from the next tick on."""
    agents: Callable[[str], Sequence[str]]
    """Returns the ids of the agents who are in a team now."""


class Extension(Protocol):
    """One such part."""

    @property
    def topics(self) -> Collection[str]:
        """Topics of the WebSocket of which it says what they show: `alerts@live`."""

    @property
    def forms(self) -> Collection[str]:
        """Paths to which a page of ours sends a form; everything else takes JSON only."""

    @property
    def origins(self) -> Collection[str]:
        """Addresses under which our own pages are reached, besides those of the API."""

    def router(self, host: Host) -> APIRouter:
        """Returns its routes."""

    async def run(self, host: Host) -> None:
        """Lives until it is cancelled, then gives back what it holds."""
