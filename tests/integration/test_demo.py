"""`pouls demo` on a machine with nothing but Python: numbers move, and nothing stays behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.crew import until
from tests.integration.demo import Running


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
    assert set(children) == {"tansu", "valkey-server", "pouls worker", "pouls api"}
    assert f"http://127.0.0.1:{running.port}/" in running.said.read_text()

    os.kill(running.process.pid, number)

    assert running.process.wait(60) == 0, running.said.read_text()
    assert not any(child.is_running() for child in children.values())
    assert list(tmp_path.glob("pouls-demo-*")) == []


def test_nothing_survives_a_demo_that_is_killed(running: Running) -> None:
    """SIGKILL cannot be caught: the system ends the children."""
    until("all have started", lambda: len(running.children()) == 4)
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
