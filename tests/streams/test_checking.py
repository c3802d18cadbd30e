"""What a change of settings will cause."""

from pathlib import Path

import msgspec
import pytest

from streams.checking import compare, outlook
from streams.settings import Settings, load_settings
from streams.store import Head

SETTINGS = load_settings({}, Path("pouls.toml"))


def settings(since: int) -> Settings:
    """Returns settings that hold since then."""
    return msgspec.structs.replace(SETTINGS, config_since=since)


def head(settings_hash: str = SETTINGS.settings_hash, since: int = 5) -> Head:
    """Returns what is stored of a source."""
    return Head(1, 1, 9, 9, 1, 1, settings_hash, since, "b1", None, "", 0)


def test_an_empty_redis_waits_for_the_first_worker() -> None:
    """Nothing changes where nothing is."""
    found = compare(settings(0), {})
    assert (found.sentence.split(":")[0], found.stops) == ("Redis holds nothing yet", False)


def test_the_same_settings_change_nothing() -> None:
    """However old they are."""
    found = compare(settings(0), {"calls-0": head()})
    assert found.sentence.endswith("nothing will change.")
    assert not found.stops


def test_other_settings_that_are_later_fold_the_log_again() -> None:
    """Of the sources that were folded otherwise."""
    found = compare(settings(6), {"calls-0": head(), "calls-1": head("other")})
    assert found.sentence.startswith("calls-1: folded with other settings")
    assert "will be folded again" in found.sentence
    assert not found.stops


@pytest.mark.parametrize("since", [4, 5])
def test_other_settings_that_are_not_later_stop_a_worker(since: int) -> None:
    """Two versions of a file cannot undo each other."""
    found = compare(settings(since), {"calls-0": head("other"), "calls-1": head("third", 3)})
    assert f"config_since ({since}) is not later than theirs (5)" in found.sentence
    assert found.stops


async def test_a_redis_that_is_away_is_said(unused_tcp_port: int) -> None:
    """The settings may be right all the same."""
    away = msgspec.structs.replace(SETTINGS, redis=f"redis://127.0.0.1:{unused_tcp_port}/0")
    found = await outlook(away)
    assert found.sentence.startswith(f"Redis at {away.redis} cannot be asked what it holds")
    assert not found.stops
