"""The worker process: how Faust is set up, and how a process ends."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import cast

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from faust.types import TP

from streams import logs
from streams.app import Options
from streams.app import worker as worker_app
from streams.app.faust_app import App, ChunkCodec, create_app
from streams.app.worker import BUG, FAILED, OK, Worker
from streams.pipeline import Pipeline, Stopped
from streams.settings import load_settings
from streams.store import Store
from streams.transport import Consumer, Transport

SETTINGS = load_settings({"POULS_CONFIG": "/dev/null"})


class Nobody:
    """A pipeline that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def revoke(self) -> None:
        """Notes a revocation."""
        self.told.append("revoke")

    def assigned(self) -> None:
        """Notes an assignment."""
        self.told.append("assigned")


@pytest.fixture
async def app() -> App:
    """A Faust app that is not started."""
    app = create_app(SETTINGS, Options(session_timeout_s=12))
    app.feed = cast("Pipeline", Nobody())
    return app


async def test_there_is_one_agent_for_each_topic_of_events(app: App) -> None:
    """Also for the agents' topic; not for the dead letters."""
    assert sorted(app.agents) == sorted(f"fold-{n}" for n in SETTINGS.event_topics)
    assert all(agent.concurrency == 1 for agent in app.agents.values())


async def test_faust_acknowledges_and_resets_nothing(app: App) -> None:
    """Positions come from the store: no acks, no reset that hides a hole, no topics by accident."""
    assert app.conf.consumer_auto_offset_reset == "none"
    assert app.conf.broker_session_timeout == 12
    assert not app.conf.topic_allow_declare
    assert not app.conf.web_enabled
    channels = [agent.channel for agent in app.agents.values()]
    assert [channel.acks for channel in channels] == [False] * 4
    assert isinstance(app.transport, Transport)


async def test_a_chunk_passes_the_codec_untouched() -> None:
    """Values are decoded once, by the ledger."""
    chunk = object()
    assert ChunkCodec().loads(cast("bytes", chunk)) is chunk


async def test_revocations_and_assignments_reach_the_pipeline(app: App) -> None:
    """The last commit is made before partitions go."""
    await app.on_partitions_revoked.send({TP("calls", 0)})
    await app.on_partitions_assigned.send({TP("calls", 1)})
    assert cast("Nobody", app.feed).told == ["revoke", "assigned"]


def lonely(monkeypatch: pytest.MonkeyPatch, work: Callable[[Worker], object]) -> Worker:
    """Returns a worker whose work is something else."""

    async def instead(self: Worker) -> None:
        work(self)
        await asyncio.Event().wait()

    monkeypatch.setattr(Worker, "_work", instead)
    return Worker(SETTINGS, Options(), lambda: None)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Stopped("the log was re-created"), FAILED),
        (TopicAuthorizationFailedError("calls"), FAILED),
        (ZeroDivisionError("ours"), BUG),
    ],
)
async def test_a_failure_ends_the_process_with_a_code(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    code: int,
) -> None:
    """1 where people must put something right, 70 where we were wrong; the log says what."""
    worker = lonely(monkeypatch, lambda worker: worker._fail(failure))
    assert await worker.run() == code
    assert str(failure) in caplog.text


async def test_an_exception_in_the_work_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that breaks leaves a process that only looks alive."""

    def broken(_: Worker) -> None:
        raise ZeroDivisionError

    assert await lonely(monkeypatch, broken).run() == BUG


async def test_a_signal_ends_the_process_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM: exit code 0."""
    worker = lonely(monkeypatch, lambda worker: worker._ending.set())
    assert await worker.run() == OK


async def test_other_topics_stop_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps it from folding is said before anything is claimed."""
    monkeypatch.setattr(worker_app, "check_topics", lambda _: ["Topic calls does not exist."])
    worker = Worker(SETTINGS, Options(), lambda: None)
    with pytest.raises(Stopped, match="Topic calls does not exist"):
        await worker._work()


async def test_an_unfit_redis_stops_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that throws cells away must not be used."""

    async def complaints(_: Store) -> list[str]:
        return ["maxmemory-policy is allkeys-lru"]

    monkeypatch.setattr(worker_app, "check_topics", lambda _: [])
    monkeypatch.setattr(Store, "complaints", complaints)
    worker = Worker(SETTINGS, Options(), lambda: None)
    with pytest.raises(Stopped, match="allkeys-lru"):
        await worker._work()


async def test_a_worker_that_waits_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness says for what it waits."""
    worker = lonely(monkeypatch, lambda _: None)
    assert worker.vitals.unready() == "waiting for Kafka and Redis"


def test_a_log_line_is_json_with_its_fields() -> None:
    """One object a line: time, level, logger, message, what was passed as extra, the exception."""
    record = logging.makeLogRecord(
        {"name": "pouls.x", "levelname": "INFO", "msg": "claimed %s", "args": ("a",), "epoch": 5}
    )
    line = json.loads(logs.JsonLines().format(record))
    assert (line["message"], line["level"], line["epoch"]) == ("claimed a", "info", 5)
    assert line["time"].endswith("Z")


def test_what_libraries_repeat_is_written_once_in_a_while() -> None:
    """A broker that is away is one line, not ten a second; our own lines are all written."""
    quiet = logs.NotAgain()

    def said(name: str, at: float) -> bool:
        return quiet.filter(logging.makeLogRecord({"name": name, "msg": "x", "created": at}))

    assert [said("aiokafka", at) for at in (100.0, 101.0, 100.0 + logs.QUIET_S)] == [
        True, False, True,
    ]  # fmt: skip
    assert [said("pouls.pipeline", 100.0), said("pouls.pipeline", 100.0)] == [True, True]


def test_the_consumer_is_ours() -> None:
    """`pouls://` leads to the consumer that hands out chunks."""
    assert Transport.Consumer is Consumer
