"""Rule files are read anew when they change, or on SIGHUP; mistakes in them change nothing."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from alerting import ruleset
from alerting.metrics import AlertMetrics
from alerting.ruleset import Ruleset
from streams.core.errors import BadName
from streams.settings import Settings, SettingsErrors

LOOK_S: Final = 2.0
"""How often files are looked at."""

log = logging.getLogger("pouls.alerts")


class Reloading:
    """Watches the files of a set of rules.

    Args:
        settings: Of the process.
        environ: The variables that addresses of channels may name.
        rules: The set in use.
        use: Told of another.
        metrics: Counts.
        clock_ms: Now.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        rules: Ruleset,
        use: Callable[[Ruleset], None],
        metrics: AlertMetrics,
        clock_ms: Callable[[], int],
    ) -> None:
        self._settings, self._environ, self._use = settings, environ, use
        self._metrics, self._clock_ms = metrics, clock_ms
        self._files = rules.files
        self._stamps = ruleset.stamps(rules.files)
        self._asked = asyncio.Event()
        metrics.reloaded(clock_ms())

    def now(self) -> None:
        """Asks for it."""
        self._asked.set()

    async def run(self) -> None:
        """Watches for ever."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Reads the files if one has changed, or somebody has asked for it."""
        stamps = await asyncio.to_thread(ruleset.stamps, self._files)
        if stamps == self._stamps and not self._asked.is_set():
            return
        self._asked.clear()
        self._stamps = stamps
        try:
            rules = await asyncio.to_thread(
                ruleset.load, self._settings, self._environ, self._clock_ms()
            )
        except (SettingsErrors, BadName) as mistakes:
            self._metrics.reloaded(None)
            for line in str(mistakes).splitlines():
                log.error("the rules before stay in use: %s", line)  # noqa: TRY400
            return
        self._files = rules.files
        self._stamps = {**stamps, **ruleset.stamps(set(rules.files) - set(stamps))}
        self._use(rules)
        self._metrics.reloaded(self._clock_ms())
        log.info("rule files are read anew", extra={"rules": len(rules.rules)})
        for line in rules.unheard:
            log.warning("%s", line)
