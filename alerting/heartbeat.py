"""The dead man's switch: a URL that hears from us while all is well, and raises the alarm if not.

Whatever goes wrong here, with the leader, the store or the feed, nothing is sent: whoever listens
there notices the silence. So the question is only whether all is well; the answer must come from
what works, not from what says that it works.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import httpx

from alerting.metrics import AlertMetrics

FOLLOWS: Final = "another leads"
"""No trouble: the heartbeat is the leader's."""
PATIENCE_S: Final = 10.0
LOOK_S: Final = 0.5

log = logging.getLogger("pouls.alerts")


class Heartbeat:
    """Tells a URL that all is well, as long as it is.

    Args:
        url: Where, a secret.
        trouble: Says why all is not well, or "".
        metrics: Counts.
        every_s: How often.
    """

    def __init__(
        self,
        url: str,
        trouble: Callable[[], str],
        metrics: AlertMetrics,
        every_s: float,
    ) -> None:
        self._url, self._trouble, self._metrics, self._every_s = url, trouble, metrics, every_s
        self._silent: str | None = None
        """Why nothing was sent, or nobody answered, the last time; "" = all was well."""

    async def run(self) -> None:
        """Beats for ever."""
        async with httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False) as client:
            while True:
                why = self._trouble()
                if why:
                    self._note(why, "silent")
                    await asyncio.sleep(min(LOOK_S, self._every_s))
                    continue
                failed = await self._beat(client)
                self._note(failed, "failed" if failed else "sent")
                await asyncio.sleep(self._every_s)

    async def _beat(self, client: httpx.AsyncClient) -> str:
        """Returns why nobody heard, without any part of the address, or ""."""
        try:
            answer = await client.post(self._url, json={"status": "ok"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        return "" if answer.is_success else f"status {answer.status_code}"

    def _note(self, why: str, outcome: str) -> None:
        """Counts, and says once what has changed."""
        if outcome != "silent":
            self._metrics.beaten(outcome)
        if why != self._silent:
            if outcome == "failed":
                log.warning("the heartbeat was not heard: %s", why)
            elif not why:
                log.info("the heartbeat is heard")
            elif why != FOLLOWS:
                log.warning("no heartbeat: %s", why)
            self._silent = why
