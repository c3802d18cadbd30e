"""`pouls demo` as a process, for tests: what it says, what it runs, what its wall counts."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from deploy.kafka.broker import free_port
from tests.integration.crew import until

ROOT = Path(__file__).parents[2]
PROCESSES = ("tansu", "valkey-server", "pouls worker", "pouls api", "pouls alerts")
KPIS = "offered,answered,abandoned,handled"


class Running:
    """A demo under way, seen from outside."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.said = directory / "said"
        words = ["demo", "--port", str(self.port), "--seed", "7", *options]
        env = {"PATH": str(directory), "TMPDIR": str(directory), "HOME": str(directory)}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pouls", *words],
                cwd=ROOT, env=env, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @classmethod
    def on(cls, directory: Path, *options: str) -> Iterator[Self]:
        """Yields a demo without Java, Node or Redis on its PATH, for a fixture."""
        demo = cls(directory, *options)
        try:
            yield demo
        finally:
            demo.process.kill()
            demo.process.wait()

    def children(self) -> dict[str, psutil.Process]:
        """Returns the demo's processes by what they are."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            words = " ".join(child.cmdline())
            for name in PROCESSES:
                if name in words:
                    found[name] = child
        return found

    def get(self, path: str) -> dict[str, Any]:
        """Returns what the API answers; nothing while it cannot be asked."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found: dict[str, Any] = json.load(answer)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}
        return found

    def post(self, path: str, **body: object) -> None:
        """Does something through the API."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        assert httpx.post(url, json=body, timeout=20).is_success

    def counts(self) -> dict[str, int]:
        """Returns what the wall counts of the last hour; nothing while it cannot be asked."""
        found = self.get(f"readings?segment=site&kpi={KPIS}&window=60m")
        readings: list[dict[str, Any]] = found.get("readings", [])
        return {reading["kpi"]: reading["value"] or 0 for reading in readings}

    def wait_for_numbers(self) -> None:
        """Waits until the past hour is there and new contacts come."""
        until("the past hour is on the wall", lambda: self.counts().get("handled", 0) > 20)
        before = self.counts()
        until("numbers move", lambda: self.counts() != before)
