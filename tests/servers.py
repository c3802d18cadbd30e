"""Processes that tests and benchmarks start: a real Apache Kafka, a real Redis, workers, the API.

A server has its own directory and a free port of the loopback interface, keeps both over a
restart, and is ended by its process id.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.kafka import broker


class ServerError(Exception):
    """A process ended or did not listen in time; the message ends with what it printed."""


class Process:
    """A program with a log: started, ended, killed, frozen and started again.

    Attributes:
        log: the file of everything it printed, over all its lives.
    """

    def __init__(
        self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.env = None if env is None else {**os.environ, **env}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; the program must have been started."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program; it must not run already."""
        assert not self.running
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
            )

    def wait(self, timeout_s: float) -> int:
        """Return the exit code of a program that ends by itself.

        Raises:
            subprocess.TimeoutExpired: it did not.
        """
        assert self._process is not None
        return self._process.wait(timeout_s)

    def stop(self, timeout_s: float = 20) -> None:
        """End it in order (SIGTERM), or by force when it takes too long."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it by SIGKILL: what a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Let it hang (SIGSTOP): connections stay, no answer comes."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def said(self) -> str:
        """Return the end of its log, for messages."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Server(Process):
    """A process that listens on a port of its own.

    Attributes:
        address: `127.0.0.1:port`, the same after a restart.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60,
    ) -> None:
        super().__init__(command, log, env)
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._timeout_s = timeout_s

    def start(self) -> None:
        """Start it and return when it listens.

        Raises:
            ServerError: it ended, or did not listen in time.
        """
        super().start()
        deadline = time.monotonic() + self._timeout_s
        while not self._listens():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                name = " ".join(self.command[:3])
                raise ServerError(f"{name} … does not listen on {self.port}:\n{self.said()}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


def kafka(directory: Path) -> Server:
    """Return a real Apache Kafka, not yet started, with its log in `directory`.

    Raises:
        broker.BrokerError: Java or Maven is missing, or Kafka's jars cannot be fetched.
    """
    port = broker.free_port()
    return Server(broker.prepare(directory, port), port, directory / "kafka.log")


def redis(directory: Path) -> Server:
    """Return a real `redis-server`, not yet started, configured as design §6 asks (AOF).

    Raises:
        ServerError: it is not on PATH.
    """
    if shutil.which("redis-server") is None:
        raise ServerError("`redis-server` is not on PATH: install the Debian package redis-server")
    port = broker.free_port()
    directory.mkdir(parents=True, exist_ok=True)
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(directory),
        "save": "",
        "appendonly": "yes",
        "auto-aof-rewrite-min-size": "512mb",
        "maxmemory-policy": "noeviction",
        "client-output-buffer-limit": "pubsub 256mb 128mb 60",
    }
    command = ["redis-server", *(part for key in options for part in (f"--{key}", options[key]))]
    return Server(command, port, directory / "redis.log")
