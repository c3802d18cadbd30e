"""`pouls demo` on a machine with nothing but Python: numbers move, and nothing stays behind."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.kafka.broker import free_port
from tests.integration.crew import until

ROOT = Path(__file__).parents[2]
KPIS = "offered,answered,abandoned,handled"


class Running:
    """A demo under way, seen from outside."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.said = directory / "said"
        words = ["demo", "--port", str(self.port), "--seed", "7"]
        env = {"PATH": str(directory), "TMPDIR": str(directory), "HOME": str(directory)}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pouls", *words],
                cwd=ROOT, env=env, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def children(self) -> dict[str, psutil.Process]:
        """Returns the demo's processes by what they are."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            words = " ".join(child.cmdline())
            for name in ("tansu", "valkey-server", "pouls worker", "pouls api"):
                if name in words:
                    found[name] = child
        return found

    def counts(self) -> dict[str, int]:
        """Returns what the wall counts of the last hour; nothing while it cannot be asked."""
        query = f"segment=site&kpi={KPIS}&window=60m"
        url = f"http://127.0.0.1:{self.port}/api/v1/readings?{query}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                readings: list[dict[str, Any]] = json.load(answer)["readings"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}
        return {reading["kpi"]: reading["value"] or 0 for reading in readings}

    def wait_for_numbers(self) -> None:
        """Waits until the past hour is there and new contacts come."""
        until("the past hour is on the wall", lambda: self.counts().get("handled", 0) > 20)
        before = self.counts()
        until("numbers move", lambda: self.counts() != before)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A demo without Java, Node or Redis on its PATH."""
    demo = Running(tmp_path)
    yield demo
    demo.process.kill()
    demo.process.wait()


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
