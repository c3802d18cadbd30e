"""`pouls alerts send-test`: every address is told that this is a test, once, whatever waits."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry

from alerting import ruleset
from alerting.metrics import AlertMetrics
from alerting.notifiers import Failed
from alerting.reaching import reach
from alerting.senders import Senders, chosen
from alerting.store import AlertStore
from streams.settings import Settings

_WHO: Final = re.compile(r"(duty|person|channel):\S+")
CONSUMER: Final = "send-test"


def trying(to: str) -> bool:
    """Returns whether a text can mean somebody."""
    return _WHO.fullmatch(to) is not None


async def send_test(
    settings: Settings,
    environ: Mapping[str, str],
    to: str | None,
    say: Callable[[str], None],
) -> bool:
    """Tells addresses that this is a test, says of each what happened; nothing secret.

    Args:
        settings: Of the process.
        environ: The variables of addresses.
        to: Who is meant, `duty:x`, `person:y` or `channel:z`; `None` = everybody.
        say: Told a line for each address.

    Returns:
        Whether everybody meant was told, and of all there is nothing critical reaches nobody.

    Raises:
        SettingsErrors: every mistake in the rule files.
    """
    now_ms = time.time_ns() // 1_000_000
    rules = ruleset.load(settings, environ, now_ms)
    store = AlertStore(settings.redis)
    senders = Senders(
        settings, environ, store, AlertMetrics(CollectorRegistry()), CONSUMER, lambda: now_ms
    )
    try:
        everyone = senders.addresses(rules)
        addresses = list(chosen(everyone, to, now_ms))
        found = reach(rules.rules.values(), rules.routing, everyone)
        for line in (*found.lost, *found.lines) if to is None else ():
            say(line)
        if not addresses:
            say(f"{to or 'anybody'}: has no address")
            return False
        sender, good = senders.sender(rules, None), to is not None or not found.lost
        for address in addresses:
            outcome = await sender.try_out(address)
            failed = isinstance(outcome, Failed)
            good = good and not failed
            say(f"{address}: {outcome.why if isinstance(outcome, Failed) else 'told'}")
        return good
    finally:
        await senders.close()
        await store.close()
