"""Processes that must not outlive this one, however it ends.

Three ways out: in order (`stop`), by a signal that somebody turns into `stop`, or killed. For the
last, Linux kills a child when its parent dies; elsewhere a keeper does, a tiny process that holds
one end of a pipe and is woken by its closing. Children have a session of their own, so that Ctrl-C
reaches only us and they are ended in order.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streams.core.errors import PoulsError

STOP_S: Final = 10.0
"""How long a child may take to end in order."""
TAIL: Final = 12
"""Lines of a log that are quoted when something fails."""
PR_SET_PDEATHSIG: Final = 1
KEEPER: Final = """
import os, signal, sys
children = set()
for line in sys.stdin:
    (children.add if line[0] == "+" else children.discard)(int(line[1:]))
for pid in children:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def _binding() -> Callable[[], None]:
    """Returns what a child of Linux does between fork and exec: it asks to die with its parent."""
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has died meanwhile
            os._exit(1)

    return bind


def _start_keeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  our own text
        [sys.executable, "-c", KEEPER], stdin=subprocess.PIPE, start_new_session=True
    )


class ChildFailed(PoulsError):
    """A child ended, or does not work; the text says which, and quotes its log."""


class Child:
    """A process of ours, with a log."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name, self.process, self.log = name, process, log

    @property
    def failed(self) -> ChildFailed | None:
        """What to say if it has ended by itself."""
        code = self.process.poll()
        return None if code is None else self.failure(f"ended with code {code}")

    def failure(self, what: str) -> ChildFailed:
        """Returns an error that quotes the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL:]
        quoted = "".join(f"\n    {line}" for line in lines)
        return ChildFailed(f"{self.name} {what}; its log is {self.log}{quoted}")


class Children:
    """All processes of one purpose; a context, which ends them."""

    def __init__(self, logs: Path, *, keeper: bool = sys.platform != "linux") -> None:
        """`keeper`: a process sees to it that children die with us; else Linux does."""
        self.all: list[Child] = []
        self._logs = logs
        self._keeper = _start_keeper() if keeper else None
        self._bound = None if keeper else _binding()

    def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Child:
        """Starts a process, which logs to NAME.log. To be called by the main thread.

        Raises:
            ChildFailed: there is no such program.
        """
        path = self._logs / f"{name}.log"
        with path.open("ab") as log:
            try:
                process = subprocess.Popen(  # noqa: S603  our own command
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=env,
                    start_new_session=True,
                    preexec_fn=self._bound,  # noqa: PLW1509  one system call, no locks
                )
            except OSError as exc:
                raise ChildFailed(f"{name} cannot be started: {exc}") from exc
        child = Child(name, process, path)
        self.all.append(child)
        self._tell_keeper(f"+{process.pid}")
        return child

    @property
    def failed(self) -> ChildFailed | None:
        """What to say of the first child that has ended by itself."""
        return next((failed for child in self.all if (failed := child.failed)), None)

    def stop(self) -> None:
        """Ends all children, the last one first: in order, or by force when that takes too long."""
        while self.all:
            process = self.all[-1].process
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._tell_keeper(f"-{process.pid}")
            self.all.pop()
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None

    def _tell_keeper(self, line: str) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.write(f"{line}\n".encode())
            self._keeper.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
