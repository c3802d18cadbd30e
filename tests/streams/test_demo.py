"""The demo's own decisions: where, when, and what it says when something fails."""

import datetime as dt
import os
import socket
import zoneinfo
from pathlib import Path

import pytest
from kafka.errors import KafkaConnectionError

from streams import demo, embedded
from streams.children import Children
from streams.core.errors import BadName
from streams.demo import ELSEWHERE, Demo, Options, machine_zone, run_demo
from streams.settings import PACK, Settings


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Asia/Jerusalem", "Asia/Jerusalem"),
        ("/usr/share/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/usr/share/zoneinfo/Etc/UTC", ELSEWHERE),
        ("/usr/share/zoneinfo/UTC", ELSEWHERE),
        ("/usr/share/zoneinfo/Nowhere/Atlantis", ELSEWHERE),
        ("/somewhere/else", ELSEWHERE),
    ],
)
def test_the_operation_is_where_the_machine_is(tmp_path: Path, target: str, zone: str) -> None:
    """A machine that keeps UTC has no place: then it is in Paris."""
    localtime = tmp_path / "localtime"
    localtime.symlink_to(target)

    assert machine_zone(localtime) == zone
    zoneinfo.ZoneInfo(zone)


def new_demo(directory: Path, options: Options, **environ: str) -> Demo:
    """Returns a demo that has not started anything."""
    return Demo(options, environ, print, directory, Children(directory))


def test_the_wall_is_at_8080_unless_somebody_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or at the port that was asked for."""
    monkeypatch.setattr(demo, "PORT", embedded.free_port())
    asked = new_demo(tmp_path, Options(port=12345))
    free = new_demo(tmp_path, Options())
    with socket.create_server(("127.0.0.1", demo.PORT)):
        taken = new_demo(tmp_path, Options())

    assert asked._settings.listen == "127.0.0.1:12345"
    assert free._settings.listen == f"127.0.0.1:{demo.PORT}"
    assert taken._settings.listen not in {asked._settings.listen, free._settings.listen}


def test_operators_settings_stand(tmp_path: Path) -> None:
    """A configuration that the environment names is used, the demo's own only without one."""
    own = tmp_path / "own.toml"
    own.write_text('timezone = "Asia/Jerusalem"\n')

    assert new_demo(tmp_path, Options(zone="Africa/Tunis"))._settings.timezone == "Africa/Tunis"
    assert new_demo(tmp_path, Options(), POULS_CONFIG=str(own))._settings.timezone == (
        "Asia/Jerusalem"
    )


def test_somebody_elses_kafka_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    """Redis is our own all the same: the state of a demo is nobody's business."""
    settings = new_demo(tmp_path, Options(broker="127.0.0.1:9999"), POULS_REDIS="redis://x/0")

    assert settings._settings.kafka == "127.0.0.1:9999"
    assert settings._settings.redis.startswith("redis://127.0.0.1:")


def test_alerts_run_fast_and_that_is_said(tmp_path: Path) -> None:
    """With the rules that come with Pouls, and a file that says who is told: they make sense."""
    demo = new_demo(tmp_path, Options(scenario="incident"))
    alerts = demo._settings.alerts

    assert alerts.rules == (PACK, tmp_path / "who-is-told.yaml")
    assert alerts.time_scale == 0.1
    assert {"tickets SAV", "réclamations"} <= demo._settings.fold.queue_thresholds.keys()
    assert "Alerts run 10 times as fast as in earnest" in demo._alerts()
    assert "In the queue `garantie` nobody" in demo._alerts()
    assert "POULS_DEMO_MANAGER" in demo._environ


def test_an_operators_own_pace_stands(tmp_path: Path) -> None:
    """Nothing is said of speed then."""
    own = tmp_path / "own.toml"
    own.write_text("")
    demo = new_demo(tmp_path, Options(), POULS_CONFIG=str(own))

    assert demo._alerts().startswith("Who would be told of alerts is printed here")


def test_the_past_is_due_at_once(tmp_path: Path) -> None:
    """And an event of the next minute in a minute."""
    now_ms = dt.datetime.now(dt.UTC).timestamp() * 1000
    pace = new_demo(tmp_path, Options())._pace

    assert pace.wait_s(int(now_ms) - 3_600_000) < -3500
    assert 50 < pace.wait_s(int(now_ms) + 60_000) <= 60


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a demo of the test makes its directory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_what_cannot_start_is_said_and_the_logs_stay(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the code of a failure."""
    monkeypatch.setattr(demo, "KAFKA", logs / "not-here.py")
    said: list[str] = []

    code = run_demo(Options(broker="apache", port=embedded.free_port()), os.environ, said.append)

    (directory,) = logs.glob("pouls-demo-*")
    assert code == 1
    assert f"Apache Kafka is started by {demo.KAFKA}: that is in a checkout only." in said[0]
    assert f"All logs are in {directory}" in said[0]
    assert (directory / "redis.log").exists()


def test_a_foreign_kafka_that_is_not_there_is_said(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its address."""

    def away(_: Settings) -> None:
        raise KafkaConnectionError

    monkeypatch.setattr(demo, "create_topics", away)
    said: list[str] = []

    assert run_demo(Options(broker="kafka.example:9092"), os.environ, said.append) == 1
    assert "Kafka at kafka.example:9092 does not answer" in said[0]
    assert str(logs) in said[0]


def test_a_scenario_that_nobody_knows_is_the_callers_mistake() -> None:
    """Nothing is started."""
    with pytest.raises(BadName, match="'eclipse': there are normal, rush, recall, incident"):
        run_demo(Options(scenario="eclipse"), os.environ)
