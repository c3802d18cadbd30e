"""Alertmanager is told what is true now; a real one shows it and lets it go."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerting.core.shapes import Event, Severity
from alerting.core.telling import Notice
from alerting.notifiers.alertmanager import Alertmanager, alerts, labels_of
from alerting.notifiers.base import Failed, Sent, Tools, client
from deploy.kafka import broker
from tests.alerting.loopback import Loopback
from tests.alerting.telling import CLOCK_MS, event, notice, parcel
from tests.servers import Server

SHIPPED = Path("deploy/alertmanager/alertmanager.yml")
SOON = "2027-01-15T08:04:00.000Z"
"""Four minutes after CLOCK_MS."""
NOW = "2027-01-15T08:00:00.000Z"


def told(*items: Event, kind: str = "fire") -> list[dict[str, Any]]:
    """Returns what is posted."""
    made: Notice = notice(kind, *items)  # type: ignore[arg-type]
    return list(alerts(parcel(made), CLOCK_MS))


def test_a_fire_is_an_alert_that_ends_unless_repeated() -> None:
    """Labels are what stays the same; the value is an annotation."""
    links = {"runbook": "https://example.org/rb", "wall": "https://p.example/"}
    [alert] = alerts(parcel(links=links), CLOCK_MS)

    assert alert["labels"] == {
        "alertname": "abandonment", "severity": "critical", "source": "pouls", "queue": "sav",
    }  # fmt: skip
    assert (alert["startsAt"], alert["endsAt"]) == (NOW, SOON)
    assert alert["generatorURL"] == "https://p.example/"
    annotations = alert["annotations"]
    assert annotations["summary"] == "Critical · 25 % give up in sav"
    assert annotations["runbook_url"] == "https://example.org/rb"
    assert (annotations["value"], annotations["n"]) == ("0.3", "30")


def test_what_gets_worse_ends_as_what_it_was() -> None:
    """Severity is part of the identity."""
    warning, critical = told(event("escalate"), kind="worse")

    assert (warning["labels"]["severity"], warning["endsAt"]) == ("warning", NOW)
    assert (critical["labels"]["severity"], critical["endsAt"]) == ("critical", SOON)


@pytest.mark.parametrize("kind", ["resolve", "close"])
def test_the_end_is_of_both_severities(kind: str) -> None:
    """Nobody needs to remember which it had."""
    ended = told(event(kind, severity=Severity.WARNING), kind="resolve")  # type: ignore[arg-type]

    assert [(a["labels"]["severity"], a["endsAt"]) for a in ended] == [
        ("warning", NOW), ("critical", NOW),
    ]  # fmt: skip


def test_an_end_is_never_in_the_future() -> None:
    """Clocks differ, and a later end would not be one."""
    [first, _] = told(event("resolve", clock_ms=CLOCK_MS + 5_000), kind="resolve")

    assert first["endsAt"] == NOW


@pytest.mark.parametrize(
    ("segment", "labels"),
    [
        ("site", {}),
        ("channel:voice+queue:sav", {"channel": "voice", "queue": "sav"}),
        ("queue:a%2Bb", {"queue": "a+b"}),
    ],
)
def test_a_segment_has_a_label_for_each_part(segment: str, labels: dict[str, str]) -> None:
    """Decoded, as people wrote them."""
    found = labels_of(event(segment=segment), Severity.WARNING)

    fixed = {"alertname": "abandonment", "severity": "warning", "source": "pouls"}
    assert found == fixed | labels


def test_a_test_ends_by_itself() -> None:
    """After a minute, unless somebody looks."""
    [alert] = told(kind="test")

    assert alert["labels"]["alertname"] == "PoulsTest"
    assert alert["endsAt"] == "2027-01-15T08:01:00.000Z"


def test_what_it_cannot_tell(tools: Tools) -> None:
    """It knows no acknowledgement, and no announcement."""
    wants = Alertmanager(tools).wants

    assert wants("reminder")
    assert not wants("ack")
    assert not wants("announcement")


async def test_a_prefix_and_a_password_are_used(tools: Tools, server: Loopback) -> None:
    """As behind a proxy."""
    address = f"alertmanager+http://u:p@{server.address}/am/"

    assert await Alertmanager(tools).send(address, parcel()) == Sent()
    [request] = server.requests
    assert request.path == "/am/api/v2/alerts"
    assert request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("url", ["alertmanager+http://", "alertmanager+http://h:9093?x=1"])
async def test_a_bad_address_is_final(tools: Tools, url: str) -> None:
    """With a sentence that does not tell it."""
    says = "is not written like alertmanager+https://HOST:PORT"

    assert Alertmanager(tools).complaint(url) == says
    assert await Alertmanager(tools).send(url, parcel()) == Failed(why=says, final=True)


# -- a real one


@pytest.mark.skipif(shutil.which("amtool") is None, reason="Alertmanager is not installed")
def test_the_shipped_configuration_is_one() -> None:
    """As Alertmanager's own tool finds."""
    found = subprocess.run(
        ["amtool", "check-config", str(SHIPPED)], capture_output=True, text=True, check=False
    )

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Alertmanager with the shipped configuration."""
    if shutil.which("prometheus-alertmanager") is None:
        pytest.skip("Alertmanager is not installed")
    directory = tmp_path_factory.mktemp("alertmanager")
    port = broker.free_port()
    command = [
        "prometheus-alertmanager", f"--config.file={SHIPPED}", f"--storage.path={directory}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with Server(command, port, directory / "log") as running:
        yield running


async def shown(server: Server) -> list[tuple[str, str, str]]:
    """Returns what the real one shows: rule, severity, value."""
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"http://{server.address}/api/v2/alerts")).json()
    return sorted(
        (a["labels"]["alertname"], a["labels"]["severity"], a["annotations"]["value"])
        for a in found
    )


@pytest.mark.integration
async def test_a_real_one_shows_and_lets_go(alertmanager: Server) -> None:
    """Fired, worse, told again, over: never two alerts of one."""

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    async with client() as http:
        sender = Alertmanager(Tools(http, now_ms))
        address = f"alertmanager+http://{alertmanager.address}"

        async def tell(kind: str, *items: Event) -> None:
            made: Notice = notice(kind, *items, clock_ms=now_ms())  # type: ignore[arg-type]
            assert await sender.send(address, parcel(made)) == Sent()

        await tell("fire", event(severity=Severity.WARNING, clock_ms=now_ms()))
        assert await shown(alertmanager) == [("abandonment", "warning", "0.3")]

        await tell("worse", event("escalate", clock_ms=now_ms()))
        assert await shown(alertmanager) == [("abandonment", "critical", "0.3")]

        await tell("reminder", event("escalate", clock_ms=now_ms()))
        assert await shown(alertmanager) == [("abandonment", "critical", "0.3")]

        await tell("resolve", event("resolve", clock_ms=now_ms()))
        async with asyncio.timeout(30):
            while await shown(alertmanager):  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.05)
