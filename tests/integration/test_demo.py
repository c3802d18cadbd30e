"""`pouls demo` on a machine with nothing but Python: numbers move, and nothing stays behind."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streams.told import WHO
from tests.integration.crew import until
from tests.integration.demo import PROCESSES, Running


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A demo without Java, Node or Redis on its PATH."""
    yield from Running.on(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_the_wall_moves_and_a_signal_ends_everything(
    running: Running, tmp_path: Path, number: signal.Signals
) -> None:
    """The address is printed; after the signal no process and no file is left."""
    running.wait_for_numbers()
    children = running.children()
    assert set(children) == set(PROCESSES)
    assert f"http://127.0.0.1:{running.port}/" in running.said.read_text()

    os.kill(running.process.pid, number)

    assert running.process.wait(60) == 0, running.said.read_text()
    assert not any(child.is_running() for child in children.values())
    assert list(tmp_path.glob("pouls-demo-*")) == []


def test_nothing_survives_a_demo_that_is_killed(running: Running) -> None:
    """SIGKILL cannot be caught: the system ends the children."""
    until("all have started", lambda: len(running.children()) == len(PROCESSES))
    children = running.children()

    running.process.kill()
    running.process.wait()

    until("all have ended", lambda: not any(c.is_running() for c in children.values()))


def test_a_dead_worker_is_named_and_ends_the_demo(running: Running, tmp_path: Path) -> None:
    """With its log, which stays."""
    until("the worker has started", lambda: "pouls worker" in running.children())
    children = running.children()
    children["pouls worker"].kill()

    assert running.process.wait(60) == 1
    (directory,) = tmp_path.glob("pouls-demo-*")
    assert f"worker ended with code -9; its log is {directory}/worker.log" in (
        running.said.read_text()
    )
    assert not any(child.is_running() for child in children.values())


@pytest.fixture
def incident(tmp_path: Path) -> Iterator[Running]:
    """A demo in which something happens."""
    yield from Running.on(tmp_path, "--scenario", "incident")


def heard_the_end(said: str) -> set[str]:
    """Returns who would have been told that the longest wait of the queue is over."""
    end = re.compile(r"▶ (.+) would be told: RESOLVED · (Longest wait|Somebody).* garantie")
    return {found[1] for found in end.finditer(said)}


def test_an_incident_is_told_taken_on_and_over(incident: Running) -> None:
    """On the screen and on the wall: the newcomer sees who is told, who is next, and the end."""
    said = incident.said.read_text

    def waits() -> list[dict[str, Any]]:
        """Returns the alert about the queue in which nobody is answered."""
        rows: list[dict[str, Any]] = incident.get("alerts").get("alerts", [])
        names = {("longest_wait", "queue:garantie")}
        return [row for row in rows if (row["rule"], row["segment"]) in names]

    until("it fires", lambda: any(row["state"] == "firing" for row in waits()))
    assert "10 times as fast as in earnest (time_scale = 0.1)" in said()
    until("one is told", lambda: "▶ the supervisor would be told: " in said())
    until("then the other", lambda: "▶ the on-call manager would be told: NOBODY ANSWERS" in said())

    (alert,) = waits()
    incident.post(f"alerts/{quote(alert['episode'], safe='')}/ack", by="newcomer")
    until("it is taken on", lambda: waits()[0]["acked"] is not None)
    told = {WHO["supervisor"]}  # the manager only if it became critical
    until("it is over, for all who were told", lambda: heard_the_end(said()) >= told)
    assert not [row for row in waits() if row["state"] == "firing"]
