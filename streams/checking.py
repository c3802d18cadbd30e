"""What a change of `pouls.toml` will cause, told before a worker starts."""

from collections.abc import Iterator, Mapping

import msgspec

from streams.settings import Settings, reached_by_others
from streams.store import Head, Store, StoreAway


class Outlook(msgspec.Struct, frozen=True):
    """What a worker with these settings would do."""

    sentence: str
    stops: bool = False
    """It would not start."""


async def outlook(settings: Settings) -> Outlook:
    """Returns what a worker would do, given what Redis holds now."""
    store = Store(settings.redis)
    heads: dict[str, Head] = {}
    try:
        for name in _sources(settings):
            if head := await store.head(name):
                heads[name] = head
    except StoreAway as away:
        return Outlook(f"Redis at {settings.redis} cannot be asked what it holds: {away}")
    finally:
        await store.close()
    return compare(settings, heads)


def compare(settings: Settings, heads: Mapping[str, Head]) -> Outlook:
    """Returns what a worker would do, given the heads of the sources that are stored."""
    others = {n: h for n, h in heads.items() if h.settings_hash != settings.settings_hash}
    if not heads:
        return Outlook("Redis holds nothing yet: everything will be folded with these settings.")
    if not others:
        return Outlook("What Redis holds was folded with these settings: nothing will change.")
    latest = max(head.since for head in others.values())
    these = f"{', '.join(others)}: folded with other settings that change what is counted. "
    if latest < settings.config_since:
        return Outlook(
            these + "Their logs will be folded again when a worker starts; until then their "
            "numbers are said to be rebuilding."
        )
    return Outlook(
        these + f"A worker will stop, because config_since ({settings.config_since}) is not later "
        f"than theirs ({latest}). Set a later one to have the logs folded again.",
        stops=True,
    )


def strangers(settings: Settings) -> Iterator[str]:
    """Yields a sentence for each address that others reach: its command wants to be told so."""
    for variable, listen, command in (
        ("POULS_LISTEN", settings.listen, "api"),
        ("POULS_METRICS_LISTEN", settings.metrics_listen, "worker"),
    ):
        if reached_by_others(listen):
            yield (
                f"{variable}: others can reach {listen}, and there is no sign-in yet: "
                f"`pouls {command}` will need --insecure."
            )


def _sources(settings: Settings) -> Iterator[str]:
    for topic in settings.event_topics.values():
        yield from (f"{topic.name}-{partition}" for partition in range(topic.partitions))
