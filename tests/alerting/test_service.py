"""The process: how it starts, what it answers, how it ends. Kafka and Redis are away here."""

import asyncio
import json
import logging
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alerting import ruleset
from alerting.service import BUG, OK, Options, Service, run_alerts
from streams import logs
from streams.core.errors import PoulsError
from streams.settings import Settings, SettingsErrors, load_settings
from streams.settings import sources as all_sources
from streams.telemetry import serve

NOWHERE = {"POULS_KAFKA": "127.0.0.1:1", "POULS_REDIS": "redis://127.0.0.1:1/0"}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody is asked for partitions, and logs and signals stay the test's."""
    monkeypatch.setattr(all_sources, "reported", lambda *_: {})
    monkeypatch.setattr(logs, "configure", lambda: None)
    yield
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def settings(directory: Path, text: str = "", **environ: str) -> Settings:
    """Returns settings of a machine on which nothing else runs."""
    (directory / "pouls.toml").write_text(text)
    return load_settings(NOWHERE | environ, directory / "pouls.toml")


def new_service(mine: Settings) -> Service:
    """Returns a process that ticks quickly."""
    rules = ruleset.load(mine, {}, 0)
    return Service(mine, {}, rules, ["calls-0"], CollectorRegistry(), Options(tick_s=0.01))


async def run(one: Service, act: Callable[[], None]) -> tuple[int, list[str]]:
    """Runs a process, does something a moment later; returns code and order of the end."""
    ended: list[str] = []
    asyncio.get_running_loop().call_later(0.1, act)
    async with asyncio.timeout(30):
        return await one.run(lambda: ended.append("ending")), ended


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(
    tmp_path: Path, number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is away."""
    with caplog.at_level(logging.INFO, "pouls.alerts"):
        code, ended = await run(
            new_service(settings(tmp_path)), lambda: os.kill(os.getpid(), number)
        )

    assert (code, ended) == (OK, ["ending"])
    said = [r.getMessage() for r in caplog.records]
    assert said[0] == "started"
    assert said[-2:] == ["stopping", "stopped"]
    assert sum("nothing is decided until it is back" in line for line in said) == 1


async def test_a_mistake_of_our_own_ends_it_loudly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another replica goes on; hiding it would be worse."""
    one = new_service(settings(tmp_path))

    def broken() -> None:
        raise ZeroDivisionError

    def act() -> None:
        one._numbers.step = broken  # type: ignore[method-assign]

    code, _ = await run(one, act)
    assert code == BUG
    assert "our own mistake ended the process" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_sighup_reads_rule_files_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Though none has changed."""
    one = new_service(settings(tmp_path))
    loop = asyncio.get_running_loop()
    loop.call_later(0.1, os.kill, os.getpid(), signal.SIGHUP)

    async def end_when_read() -> None:
        while "rule files are read anew" not in caplog.text:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    with caplog.at_level(logging.INFO, "pouls.alerts"):
        ending = asyncio.create_task(end_when_read())
        code, _ = await run(one, lambda: None)
        await ending
    assert code == OK


async def test_a_process_without_redis_is_alive_and_soon_not_ready(tmp_path: Path) -> None:
    """It says why."""
    one = new_service(settings(tmp_path))
    server = serve("127.0.0.1:0", one.vitals)

    def ask(path: str) -> tuple[int, dict[str, str]]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{server.server_port}{path}", timeout=10
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    one.leading._answered_s -= 60
    one.leading._away = True
    try:
        assert (await asyncio.to_thread(ask, "/healthz"))[0] == 200
        status, said = await asyncio.to_thread(ask, "/readyz")
    finally:
        server.shutdown()
        server.server_close()
        await one._close()
    assert status == 503
    assert said["reason"].startswith("Redis has not answered for 6")


def test_mistakes_in_rules_keep_it_from_starting(tmp_path: Path) -> None:
    """All of them are told."""
    (tmp_path / "rules.yaml").write_text("version: 2\nrule: []\n")
    mine = settings(tmp_path, '[alerts]\nrules = ["rules.yaml"]\n')

    with pytest.raises(SettingsErrors, match=r"rules\.yaml:1"):
        run_alerts(mine, {})


def test_a_heartbeat_needs_its_variables(tmp_path: Path) -> None:
    """Else nobody would notice that nothing beats."""
    mine = settings(tmp_path, '[alerts]\nheartbeat = "https://${BEAT}"\n')

    with pytest.raises(PoulsError, match="the environment lacks a variable"):
        run_alerts(mine, {})


def test_metrics_that_cannot_be_served_are_a_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else listens there."""
    taken = socket.create_server(("127.0.0.1", 0))
    with taken:
        port = taken.getsockname()[1]
        mine = settings(tmp_path, "", POULS_METRICS_LISTEN=f"127.0.0.1:{port}")
        assert run_alerts(mine, {}) == 1
    assert f"cannot serve metrics on 127.0.0.1:{port}" in caplog.text


def test_a_pace_that_is_not_in_earnest_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nobody wonders why he is called at once."""

    async def run(*_: object) -> int:
        return OK

    monkeypatch.setattr(Service, "run", run)
    mine = settings(tmp_path, "[alerts]\ntime_scale = 0.5\n")

    assert run_alerts(mine, {}) == OK
    assert "every duration of the rules is multiplied by 0.5" in caplog.text
    assert "there are no routes" in caplog.text
