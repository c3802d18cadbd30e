"""The scenarios of `tests/golden/report`: what somebody at a prompt sees."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

import pouls
from tests.core.test_scenarios import event

FOLDER = Path(__file__).parent.parent / "golden" / "report"
SCENARIOS = [
    pytest.param(scenario, id=f"{path.stem}: {scenario['says']}")
    for path in sorted(FOLDER.glob("*.toml"))
    for scenario in tomllib.loads(path.read_text())["scenario"]
]


def written(events: str) -> bytes:
    """Returns the file that a scenario's events are."""
    lines = events.split("\n")[:-1]
    return b"".join(
        (line[4:].encode() if line.startswith("raw") else event(line, i)) + b"\n"
        for i, line in enumerate(lines)
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(
    scenario: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one sentence, and what it looks like at a prompt."""
    file, config = tmp_path / "events.jsonl", tmp_path / "pouls.toml"
    file.write_bytes(written(scenario.get("events", "")))
    config.write_text(scenario.get("config", ""))
    options = [*shlex.split(scenario["options"]), "--config", str(config)]

    with pytest.raises(SystemExit) as ended:
        pouls.main(["report", "--format", "events", str(file), *options])

    out, err = capsys.readouterr()
    said = sorted(re.sub(re.escape(str(file)), "FILE", err).splitlines())
    assert out == scenario.get("stdout", "")
    assert said == sorted(scenario.get("stderr", "").splitlines())
    assert ended.value.code == scenario.get("exit", 0)
