"""Ways to reach people and machines: one file each, and one line here.

- base.py says what a notifier is told and answers.
- mail.py, apprise_sender.py, pagerduty.py, alertmanager.py and webhook.py each make one attempt.

Who is told, when again, and what happens after the last attempt: `alerting/delivery`.
"""

import logging
from collections.abc import Callable
from typing import Final

from alerting.notifiers.alertmanager import Alertmanager
from alerting.notifiers.apprise_sender import AppriseSender
from alerting.notifiers.base import (
    Failed,
    Notifier,
    Outcome,
    Parcel,
    Sent,
    Tools,
    client,
)  # fmt: skip
from alerting.notifiers.mail import Mail
from alerting.notifiers.pagerduty import PagerDuty
from alerting.notifiers.webhook import Webhook
from streams.settings.check import unknown

NOTIFIERS: Final[tuple[Callable[[Tools], Notifier], ...]] = (
    Mail,
    AppriseSender,
    PagerDuty,
    Alertmanager,
    Webhook,
)
"""All that there are; a new one takes its place here."""


class Notifiers:
    """All notifiers, by how addresses begin."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        """`clock_ms` gives the time in ms."""
        self._client = client()
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells addresses
        tools = Tools(self._client, clock_ms)
        self._all = tuple(make(tools) for make in NOTIFIERS)
        self._by_scheme = {scheme: one for one in self._all for scheme in one.schemes}

    @property
    def schemes(self) -> tuple[str, ...]:
        """How addresses may begin."""
        return tuple(self._by_scheme)

    def of(self, url: str) -> Notifier | None:
        """Returns who tells an address; `None` = nobody can."""
        return self._by_scheme.get(scheme(url))

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address, without any part of it but its scheme."""
        one = self.of(url)
        if one is not None:
            return one.complaint(url)
        return unknown(scheme(url), self._by_scheme, "kind of address")

    async def close(self) -> None:
        """Closes all connections."""
        for one in self._all:
            await one.close()
        await self._client.aclose()


def scheme(url: str) -> str:
    """Returns how an address begins: all of it that may be told."""
    begin, found, _ = url.partition("://")
    return begin.lower() if found else ""


__all__ = [
    "NOTIFIERS", "Failed", "Notifier", "Notifiers", "Outcome", "Parcel", "Sent", "Tools", "scheme",
]  # fmt: skip
