"""A real Apache Kafka of one node, without Docker, for tests, benchmarks and the demo.

`python deploy/kafka/broker.py --dir DIR --port 9092` fetches the jars once, formats a new DIR and
then *becomes* the broker: whoever started it ends it (SIGTERM) by the process id it already has.
A directory can be started again. Needs `java` (17 or later) and, the first time, `mvn`; Python's
standard library does the rest, so that any Python can run it.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import NoReturn

HERE = Path(__file__).resolve().parent
LIB = HERE / "lib"
CLUSTER = "cG91bHMtZGV2LWJyb2tlcg"
"""The cluster's id: 16 bytes in base64; a constant, so that a directory can be started again."""

QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


class BrokerError(Exception):
    """Kafka cannot be had on this machine, or did not start; the message says why."""


def jars() -> Path:
    """Return the folder of Kafka's jars, fetched with Maven unless those of this pom are there.

    Raises:
        BrokerError: `java` or `mvn` is missing, or Maven failed.
    """
    _need("java", "default-jre-headless")
    pom = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()
    stamp = LIB / "pom.sha256"
    with (HERE / "pom.xml").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text() == pom):
            shutil.rmtree(LIB, ignore_errors=True)
            _maven()
            stamp.write_text(pom)
    return LIB


def _need(command: str, package: str) -> None:
    if shutil.which(command) is None:
        raise BrokerError(f"`{command}` is not on PATH: install the Debian package {package}")


def _maven() -> None:
    _need("mvn", "maven")
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    options = [f"-DoutputDirectory={LIB}", "-DincludeScope=runtime"]
    done = subprocess.run(
        command + options,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BrokerError(f"Maven could not fetch Kafka's jars:\n{done.stdout}")


def free_port() -> int:
    """Return a TCP port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def prepare(directory: Path, port: int) -> list[str]:
    """Write the configuration, format the log directory if it is new, and return the command.

    Raises:
        BrokerError: the jars cannot be had or the directory cannot be formatted.
    """
    classpath = f"{jars()}/*"
    directory.mkdir(parents=True, exist_ok=True)
    properties = directory / "server.properties"
    text = Template((HERE / "server.properties").read_text()).substitute(
        port=port, controller_port=free_port(), logs=directory / "logs"
    )
    properties.write_text(text)
    if not (directory / "logs" / "meta.properties").exists():
        _format(classpath, properties)
    heap = ["-Xms256m", "-Xmx768m"]
    return ["java", *heap, QUIET, "-cp", classpath, "kafka.Kafka", str(properties)]


def _format(classpath: str, properties: Path) -> None:
    tool = ["java", QUIET, "-cp", classpath, "kafka.tools.StorageTool", "format"]
    done = subprocess.run(
        [*tool, "-t", CLUSTER, "-c", str(properties)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BrokerError(f"Kafka's log directory could not be formatted:\n{done.stdout}")


def main(argv: list[str] | None = None) -> NoReturn:
    """Become a broker, or exit with a message that says why that is impossible."""
    parser = argparse.ArgumentParser(description="Become a one-node Apache Kafka.")
    parser.add_argument("--dir", type=Path, required=True, help="log, configuration, messages")
    parser.add_argument("--port", type=int, default=9092, help="port on 127.0.0.1")
    options = parser.parse_args(argv)
    try:
        command = prepare(options.dir, options.port)
    except BrokerError as error:
        sys.exit(str(error))
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
