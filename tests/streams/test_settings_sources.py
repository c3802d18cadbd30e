"""Which sources there are."""

import subprocess
import sys

import pytest

from deploy.kafka.broker import free_port
from streams.settings import load_settings, sources


def test_kafka_says_how_many_partitions_there_are() -> None:
    """The configuration only where Kafka does not know the topic, or does not answer."""
    configured = {"calls": 2, "chats": 2}

    assert sources.names(configured, {"calls": 3}) == [
        "calls-0", "calls-1", "calls-2", "chats-0", "chats-1",
    ]  # fmt: skip


def test_a_kafka_that_is_away_is_said_and_does_not_keep_us() -> None:
    """Readers serve what is in Redis all the same.

    In a process of its own: kafka-python leaves the socket of a failed bootstrap to the collector.
    """
    ask = f"print(sources.reported('127.0.0.1:{free_port()}', ['calls'], 100))"
    done = subprocess.run(
        [sys.executable, "-c", f"from streams.settings import sources; {ask}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "{}\n"
    assert "does not say how many partitions" in done.stderr


def test_only_events_have_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither dead letters nor what people do is folded."""
    monkeypatch.setattr(sources, "reported", lambda *_: {"calls": 1, "chats": 1, "agents": 1})
    found = sources.of(load_settings({"POULS_CONFIG": "/dev/null"}))

    assert found == ["calls-0", "chats-0", *(f"tickets-{n}" for n in range(4)), "agents-0"]
