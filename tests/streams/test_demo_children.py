"""No process outlives the demo, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from streams.children import ChildFailed, Children

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from streams.children import Children
children = Children(Path(sys.argv[1]), keeper=sys.argv[2] == "keeper")
child = children.start("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
print(child.process.pid, flush=True)
time.sleep(600)
"""


def until(true: Callable[[], bool]) -> None:
    """Waits for something that must come."""
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("keeper", [False, True])
def test_children_are_ended_by_pid_the_last_one_first(tmp_path: Path, *, keeper: bool) -> None:
    """What depends on others ends before them."""
    order = []
    with Children(tmp_path, keeper=keeper) as children:
        pids = [children.start(name, SLEEPER).process.pid for name in ("first", "second")]
        processes = [child.process for child in children.all]
        for pid, process in zip(pids, processes, strict=True):
            terminate = process.terminate

            def noted(pid: int = pid, terminate: Callable[[], None] = terminate) -> None:
                order.append(pid)
                terminate()

            process.terminate = noted  # type: ignore[method-assign]
        assert not any(map(gone, pids))

    assert order == pids[::-1]
    assert all(map(gone, pids))
    assert [p.returncode for p in processes] == [-signal.SIGTERM] * 2


def test_a_child_that_does_not_want_to_end_is_ended_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time is up."""
    monkeypatch.setattr("streams.children.STOP_S", 0.2)
    with Children(tmp_path) as children:
        child = children.start("stubborn", [sys.executable, "-c", IGNORES_SIGTERM])
        until(lambda: child.log.read_text() == "up\n")

    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("way", ["linux", "keeper"])
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path, way: str) -> None:
    """SIGKILL gives nobody a chance to end anything in order."""
    if way == "linux" and sys.platform != "linux":
        pytest.skip("prctl is Linux's")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), way], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()

    until(lambda: gone(pid))


def test_ctrl_c_does_not_reach_children(tmp_path: Path) -> None:
    """They are ended in order by us: they are in a session of their own."""
    with Children(tmp_path) as children:
        child = children.start("sleeper", SLEEPER)

        assert os.getsid(child.process.pid) == child.process.pid


def test_a_child_that_ends_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    """With its name, its code, its log and the end of what it wrote."""
    with Children(tmp_path) as children:
        child = children.start("worker", [sys.executable, "-c", "raise SystemExit('no topics')"])
        child.process.wait()
        failed = children.failed

    assert failed is not None
    assert str(failed) == (
        f"worker ended with code 1; its log is {tmp_path / 'worker.log'}\n    no topics"
    )


def test_nothing_has_failed_while_all_run(tmp_path: Path) -> None:
    """And none at all is fine, too."""
    with Children(tmp_path) as children:
        assert children.failed is None
        children.start("sleeper", SLEEPER)
        assert children.failed is None


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    """By the name of what it is for."""
    with (
        Children(tmp_path) as children,
        pytest.raises(ChildFailed, match=r"kafka cannot be started: .*no-such-program"),
    ):
        children.start("kafka", ["/no-such-program"])
