"""The command line: exit codes, what goes where, and what each command calls."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from kafka.errors import KafkaConnectionError

import api.app
import pouls
import streams.app
import streams.demo
import streams.replay
import streams.topics
from streams.checking import Outlook
from streams.core.events import order_key
from streams.core.kpis import KPIS
from streams.replay import Sent
from streams.settings import Settings

EVENT = (
    '{{"type":"contact.queued","id":"{0}","source":"s","time":"2026-03-12T09:00:0{0}Z",'
    '"subject":"c{0}","data":{{"queue":"a"}}}}\n'
)
FORMATS = "events, anonymous-bank, schedule-csv, schedule-ics"
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty directory and environment; returns its exit code."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("POULS_")]:
        monkeypatch.delenv(name)

    def command(*words: object) -> int:
        with pytest.raises(SystemExit) as ended:
            pouls.main([str(word) for word in words])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three events, the latest first."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(EVENT.format(n) for n in (3, 2, 1)))
    return path


# -- report: the rest of its behaviour is told by tests/golden/report

REPORT = ("report", "--by", "day", "--kpi", "offered", "--timezone", "UTC")


def test_report_writes_nothing_but_rows_on_standard_output(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where it has something to say."""
    file.write_text(file.read_text() + "rubbish\n")
    assert run(*REPORT[:-2], "--format", "events", file) == 1
    out, err = capsys.readouterr()
    assert out == "start,segment,offered\n2026-03-12,site,3\n"
    assert err.splitlines() == [
        "timezone: UTC, for none is given",
        f"{file}:4: JSON is malformed: invalid character (byte 0)",
        "1 refused",
    ]


def test_a_huge_value_is_not_decoded(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker would not, either; the others are folded. Whatever the time that is asked for."""
    huge = EVENT.format(4).replace('"queue":"a"', f'"queue":"a","note":"{"x" * 2**20}"')
    far = EVENT.format(5).replace("2026", "9999")
    file.write_text(huge + far + file.read_text())
    words = ("--format", "events", file, "--at", "2026-03-12T09:00:02Z")
    assert run(*REPORT, *words) == 1
    out, err = capsys.readouterr()
    assert out.endswith("2026-03-12,site,2\n")
    assert err.startswith(f"{file}:1: value: {len(huge) - 1} bytes, more than 262144\n")
    assert err.endswith("2 refused\n")


def test_several_inputs_are_one_report(
    run: Run, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several formats, compressed or not."""
    more = tmp_path / "more.jsonl.gz"
    more.write_bytes(gzip.compress(EVENT.format(4).encode()))
    assert run(*REPORT, "--input", f"events:{file}", "--input", f"events:{more}") == 0
    assert capsys.readouterr().out.endswith("2026-03-12,site,4\n")


def test_a_dash_reads_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that commands can be joined."""
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(EVENT.format(1).encode())))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run(*REPORT, "--format", "events", "-") == 0
    assert capsys.readouterr().out.endswith("2026-03-12,site,1\n")


def test_the_zone_of_the_format_is_taken_and_said(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where neither an option nor `pouls.toml` gives one."""
    (tmp_path / "calls.tsv").write_text("")
    assert run("report", "--format", "anonymous-bank", "calls.tsv") == 0
    assert capsys.readouterr().err == "timezone: Asia/Jerusalem, for none is given\n"


def test_without_kpis_all_are_reported(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Buckets have no live ones, a reading has."""
    run("report", "--format", "events", file, "--by", "day")
    assert capsys.readouterr().out.split("\n")[0].split(",")[2:] == [
        name for name, kpi in KPIS.items() if kpi.kind != "live"
    ]
    run("report", "--format", "events", file, "--window", "today")
    assert capsys.readouterr().out.split("\n")[0].split(",")[2:] == [*KPIS]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--format", "csv", "x"), f"format 'csv' is not known; there are {FORMATS}"),
        (("--format", "events", "nowhere.jsonl"), "nowhere.jsonl: No such file or directory"),
        ((), "no file is named: --format F FILE, or --input F:FILE"),
        (("x",), f"format '' is not known; there are {FORMATS}"),
    ],
)
def test_a_mistake_of_the_caller_ends_with_2(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    """With a sentence, and nothing on standard output."""
    assert run(*REPORT, *words) == 2
    assert capsys.readouterr() == ("", f"{sentence}\n")


@pytest.mark.parametrize("words", [("report", "--output", "xml"), ("report", "--hlep"), ("x",)])
def test_an_unknown_option_or_command_ends_with_2(run: Run, words: tuple[str, ...]) -> None:
    """As every command line does."""
    assert run(*words) == 2


def test_a_report_needs_neither_kafka_nor_redis_nor_a_web_server(file: Path) -> None:
    """It starts quickly, and works where they cannot even be imported."""
    words = [*REPORT, "--format", "events", str(file)]
    heavy = "{'faust', 'aiokafka', 'kafka', 'redis', 'fastapi', 'uvicorn', 'prometheus_client'}"
    script = (
        f"import atexit, sys; atexit.register(lambda: print({heavy} & sys.modules.keys()));"
        f"import pouls; pouls.main({words!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, stdout=subprocess.PIPE)
    assert done.stdout.decode().splitlines()[1:] == ["2026-03-12,site,3", "set()"]


def test_a_reader_that_goes_away_is_no_error_of_ours() -> None:
    """`pouls simulate | head`: no traceback."""
    command = [sys.executable, "-m", "pouls", "simulate", "--days", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


# -- settings


@pytest.mark.parametrize(
    "command",
    [("check",), ("worker",), ("api",), ("topics",), REPORT, ("replay",)],
    ids=lambda words: words[0],
)
def test_every_command_tells_all_mistakes_in_the_settings(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """Before it does anything, with line and key."""
    (tmp_path / "pouls.toml").write_text('timezon = "UTC"\n\n[clock]\nmode = "slow"\n')
    assert run(*command) == 2
    assert capsys.readouterr().err.splitlines() == [
        "pouls.toml:1: timezon: no key is called so; did you mean 'timezone'?",
        "pouls.toml:4: clock.mode: 'slow' is none of wall, event",
    ]


def test_config_names_another_file(
    run: Run, tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Instead of the variable's."""
    (tmp_path / "other.toml").write_text('timezone = "Pacific/Kiritimati"\n')
    words = ("--format", "events", file, "--by", "day", "--kpi", "offered")
    assert run("report", *words, "--config", "other.toml") == 0
    assert capsys.readouterr() == ("start,segment,offered\n2026-03-12,site,3\n", "")


@pytest.mark.parametrize(("stops", "code"), [(False, 0), (True, 1)])
def test_check_says_what_a_change_will_cause(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    stops: bool, code: int,
) -> None:  # fmt: skip
    """And fails where a worker would stop."""

    async def outlook(_: Settings) -> Outlook:
        return Outlook("Much will change.", stops=stops)

    monkeypatch.setattr("streams.checking.outlook", outlook)
    assert run("check") == code
    assert capsys.readouterr().out.splitlines()[1:] == ["Much will change."]


def test_check_says_which_address_needs_insecure(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that nobody learns it when the process does not start; it is no mistake."""

    async def outlook(_: Settings) -> Outlook:
        return Outlook("Nothing will change.")

    monkeypatch.setattr("streams.checking.outlook", outlook)
    monkeypatch.setenv("POULS_LISTEN", "0.0.0.0:80")
    monkeypatch.setenv("POULS_METRICS_LISTEN", "127.0.0.1:9100")
    assert run("check") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        (
            "POULS_LISTEN: others can reach 0.0.0.0:80, and there is no sign-in yet: "
            "`pouls api` will need --insecure."
        ),
        "Nothing will change.",
    ]


# -- commands that call others


def test_worker_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends with its exit code; the demo's broker is told."""
    checked: list[bool] = []

    def run_worker(settings: Settings, options: streams.app.Options) -> int:
        assert settings.kafka == "127.0.0.1:9092"
        checked.append(options.check_log)
        return 70

    monkeypatch.setattr(streams.app, "run_worker", run_worker)
    assert run("worker") == 70
    assert run("worker", "--embedded") == 70
    assert checked == [True, False]


@pytest.mark.parametrize(
    ("command", "variable"), [("api", "POULS_LISTEN"), ("worker", "POULS_METRICS_LISTEN")]
)
def test_an_address_that_others_reach_needs_insecure(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str, variable: str,
) -> None:  # fmt: skip
    """There is no sign-in yet."""
    monkeypatch.setattr(streams.app, "run_worker", lambda *_: 0)
    monkeypatch.setattr(api.app, "run", lambda *_, **__: 0)
    monkeypatch.setenv(variable, "0.0.0.0:80")
    assert run(command) == 2
    assert variable in capsys.readouterr().err
    assert run(command, "--insecure") == 0


def test_topics_says_what_was_created(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence a line."""
    monkeypatch.setattr(streams.topics, "create_topics", lambda _: ["calls: created.", "x: y."])
    assert run("topics") == 0
    assert capsys.readouterr().out == "calls: created.\nx: y.\n"


def test_topics_says_when_kafka_is_away(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a traceback."""

    def create_topics(_: Settings) -> list[str]:
        raise KafkaConnectionError

    monkeypatch.setattr(streams.topics, "create_topics", create_topics)
    assert run("topics") == 1
    assert capsys.readouterr().err.startswith("Kafka at 127.0.0.1:9092 does not answer: ")


@pytest.mark.parametrize(("words", "order"), [((), "123"), (("--as-is",), "321")])
def test_replay_sends_a_file_in_order_of_time(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], order: str
) -> None:
    """Or as it is."""
    sent: list[bytes] = []

    def replay(values: object, _: Settings, *, speed: float | None) -> Sent:
        assert speed == 60
        sent.extend(values)  # type: ignore[arg-type]
        return Sent(len(sent), len(sent))

    monkeypatch.setattr(streams.replay, "replay", replay)
    assert run("replay", "--format", "events", file, "--speed", "60x", *words) == 0
    assert "".join(order_key(value)[2] for value in sent) == order


@pytest.mark.parametrize(
    ("config", "start", "said"),
    [
        ("", "T09:00:00Z", "timezone: UTC, for none is given\n"),
        ('timezone = "Europe/Paris"', "T08:00:00Z", ""),
    ],
)
def test_replay_reads_local_times_in_the_zone_of_the_settings(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    config: str,
    start: str,
    said: str,
) -> None:
    """Without one it says whose times they are."""
    sent: list[bytes] = []

    def replay(values: Iterable[bytes], _: Settings, *, speed: float | None) -> Sent:
        assert speed is None
        sent.extend(values)
        return Sent(len(sent), len(sent))

    monkeypatch.setattr(streams.replay, "replay", replay)
    (tmp_path / "pouls.toml").write_text(config)
    plan = tmp_path / "plan.csv"
    plan.write_text("agent,date,start,end,activity\na,2025-03-12,09:00,12:00,work\n")
    assert run("replay", "--format", "schedule-csv", plan) == 0
    assert json.loads(sent[0])["data"]["activities"][0]["start"].endswith(start)
    assert capsys.readouterr().err == said + "1 events read, 1 records acknowledged\n"


def test_replay_refuses_another_speed(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it sends anything."""
    assert run("replay", "--format", "events", file, "--speed", "fast") == 2
    assert "speed 'fast' is not max, real" in capsys.readouterr().err


def test_demo_gets_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its children have it."""
    seen = SimpleNamespace()

    def run_demo(options: streams.demo.Options, environ: object, _: object) -> int:
        seen.options, seen.environ = options, environ
        return 1

    monkeypatch.setattr(streams.demo, "run_demo", run_demo)
    assert run("demo", "--seed", "7", "--timezone", "Europe/Rome") == 1
    assert seen.options == streams.demo.Options(seed=7, zone="Europe/Rome")
    assert seen.environ is os.environ


# -- commands that print


def test_simulate_writes_events(run: Run, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The same ones for the same seed; in another day for another start."""
    words = ("simulate", "--start", "2026-03-12T10:00", "--days", "0.01")
    assert run(*words) == 0
    first = capfdbinary.readouterr().out
    assert run(*words, "--seed", "2") == 0
    second = capfdbinary.readouterr().out
    assert first != second
    times = [order_key(line)[0] for line in first.splitlines()]
    assert min(times) >= 1_773_306_000_000
    assert len(times) > 10


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--scenario", "calm", "scenario 'calm': there are normal, rush, recall, incident"),
        ("--timezone", "Mars", "timezone 'Mars': no time zone is called so"),
        ("--start", "soon", "'soon' is not a time such as"),
    ],
)
def test_simulate_refuses_what_it_does_not_know(
    run: Run, capsys: pytest.CaptureFixture[str], option: str, value: str, sentence: str
) -> None:
    """With what there is."""
    assert run("simulate", option, value) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(("lang", "name"), [("en", "Average wait"), ("fr", "Attente moyenne")])
def test_kpis_are_listed_in_both_languages(
    run: Run, capsys: pytest.CaptureFixture[str], lang: str, name: str
) -> None:
    """For people, and as the API gives them to programs."""
    assert run("kpis", "--lang", lang) == 0
    text = capsys.readouterr().out
    assert [line.split()[0] for line in text.splitlines()[::2]] == [*KPIS]
    assert name in text
    assert run("kpis", "--output", "json", "--lang", lang) == 0
    listed = json.loads(capsys.readouterr().out)["kpis"]
    assert {kpi["id"]: kpi["name"] for kpi in listed}["wait_mean"] == name


@pytest.mark.parametrize("of", [(), ("events",), ("config",)])
def test_schemas_are_printed(
    run: Run, capsys: pytest.CaptureFixture[str], of: tuple[str, ...]
) -> None:
    """Of events, if nothing else is asked for."""
    assert run("schema", *of) == 0
    title = json.loads(capsys.readouterr().out)["title"]
    assert title.startswith("pouls.toml" if of == ("config",) else "An event")
