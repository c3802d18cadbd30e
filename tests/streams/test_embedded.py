"""The demo's own servers start on free ports, do what they are for, and end by their process id."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams import embedded
from streams.children import ChildFailed, Children


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    """Processes that end with the test."""
    with Children(tmp_path) as running:
        yield running


@pytest.fixture
def no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing but Python."""
    monkeypatch.setenv("PATH", str(tmp_path))


async def test_the_broker_keeps_what_it_is_given(children: Children) -> None:
    """Topics of four partitions, batches in, the same records out."""
    port = embedded.free_port()
    child = embedded.start_broker(children, port)
    await embedded.listening(child, port)
    address = f"127.0.0.1:{port}"
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic("calls", 4, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        for n in range(100):
            await producer.send("calls", value=b"%d" % n, key=b"c", partition=2)
        await producer.flush()
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        partition = TopicPartition("calls", 2)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        values = [(await consumer.getone()).value for _ in range(100)]

    assert values == [b"%d" % n for n in range(100)]


@pytest.mark.usefixtures("no_programs")
async def test_a_redis_without_redis_on_the_machine(children: Children, tmp_path: Path) -> None:
    """It runs scripts that pack and unpack, as the store's do."""
    port = embedded.free_port()
    child = embedded.start_redis(children, port, tmp_path)
    await embedded.listening(child, port)
    with redis.Redis(port=port) as client:
        script = "return cmsgpack.pack({cmsgpack.unpack(ARGV[1]), 1})"
        assert client.eval(script, 0, b"\xa1x") == b"\x92\xa1x\x01"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert "valkey" in psutil.Process(child.process.pid).exe()


async def test_a_redis_that_is_there_is_used_unless_it_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 7 is the first that the store's scripts run on."""
    program = tmp_path / "redis-server"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for version, used in (("7.0.15", True), ("6.2.0", False), ("", False)):
        program.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n")
        program.chmod(0o700)
        assert (embedded._redis(tmp_path) == str(program)) is used


async def test_servers_end_by_their_process_id(tmp_path: Path) -> None:
    """And their ports are free again."""
    ports = embedded.free_port(), embedded.free_port()
    with Children(tmp_path) as children:
        both = (
            embedded.start_broker(children, ports[0]),
            embedded.start_redis(children, ports[1], tmp_path),
        )
        for child, port in zip(both, ports, strict=True):
            await embedded.listening(child, port)
            assert not embedded.is_free(port)

    assert not any(psutil.pid_exists(child.process.pid) for child in both)
    assert all(map(embedded.is_free, ports))


async def test_a_server_that_cannot_listen_is_told_with_its_log(
    children: Children, tmp_path: Path
) -> None:
    """Another one has its port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        child = embedded.start_redis(children, port, tmp_path)
        child.process.wait()

    with pytest.raises(ChildFailed, match=r"(?s)redis ended with code 1.*in use"):
        await embedded.listening(child, port)


async def test_a_server_that_says_nothing_is_given_up(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time is up."""
    monkeypatch.setattr(embedded, "LISTENS_S", 0.1)
    child = children.start("mute", ["sleep", "600"])

    with pytest.raises(ChildFailed, match="mute does not listen on port"):
        await embedded.listening(child, embedded.free_port())
