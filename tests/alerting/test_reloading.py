"""Rule files are read anew when they change; mistakes in them change nothing."""

import asyncio
import logging
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alerting import reloading as module
from alerting import ruleset
from alerting.metrics import AlertMetrics
from alerting.reloading import Reloading
from alerting.ruleset import Ruleset
from streams.settings import load_settings

RULES = """
version: 1
rules:
  - id: wait
    title: {en: "{value}", fr: "{value}"}
    metric: wait_longest
    guard: none
    levels: {critical: {raise: {above: 60s}, clear: {below: 20s}}}
    owner: floor
    runbook: https://example.org/
    action_plan: {template: x, responsible: floor}
"""


class Rig:
    """Rule files, and who watches them."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "rules.yaml"
        self.file.write_text(RULES)
        (directory / "pouls.toml").write_text('[alerts]\nrules = ["rules.yaml"]\n')
        settings = load_settings({}, directory / "pouls.toml")
        self.used: list[Ruleset] = []
        self.registry = CollectorRegistry()
        self.reloading = Reloading(
            settings, {}, ruleset.load(settings, {}, 0), self.used.append,
            AlertMetrics(self.registry), lambda: 5000,
        )  # fmt: skip

    def counted(self, outcome: str) -> float:
        """Returns how often files were read."""
        labels = {"outcome": outcome}
        return self.registry.get_sample_value("pouls_alert_reloads_total", labels) or 0


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Files that are in use."""
    return Rig(tmp_path)


async def test_nothing_happens_while_nothing_changes(rig: Rig) -> None:
    """Looking costs a few system calls."""
    await rig.reloading.look()

    assert (rig.used, rig.counted("done")) == ([], 1)


async def test_a_change_is_used(rig: Rig) -> None:
    """Once."""
    rig.file.write_text(RULES.replace("above: 60s", "above: 120s"))
    await rig.reloading.look()
    await rig.reloading.look()

    (used,) = rig.used
    assert used.rules["wait"].levels.critical is not None
    name = "pouls_config_last_reload_success_timestamp_seconds"
    assert (rig.counted("done"), rig.registry.get_sample_value(name)) == (2, 5)


async def test_mistakes_are_all_said_and_change_nothing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """What is mended afterwards is used."""
    rig.file.write_text(RULES.replace("60s", "soon").replace("owner: floor", "own: floor"))
    with caplog.at_level(logging.ERROR, "pouls.alerts"):
        await rig.reloading.look()
        await rig.reloading.look()
    said = "\n".join(r.getMessage() for r in caplog.records)

    assert (rig.used, rig.counted("refused")) == ([], 1)
    assert "'soon' is no amount" in said
    assert "own: no key is called so" in said
    assert said.count("the rules before stay in use") == len(caplog.records)

    rig.file.write_text(RULES + "\n")
    await rig.reloading.look()
    assert len(rig.used) == 1


async def test_a_file_that_is_gone_is_a_mistake(rig: Rig) -> None:
    """Whoever removes it means something else."""
    rig.file.unlink()
    await rig.reloading.look()

    assert (rig.used, rig.counted("refused")) == ([], 1)


async def test_whoever_asks_need_not_change_anything(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGHUP: a variable, or a disk that does not tell times, may be why."""
    monkeypatch.setattr(module, "LOOK_S", 60)
    task = asyncio.create_task(rig.reloading.run())
    await asyncio.sleep(0)
    rig.reloading.now()
    async with asyncio.timeout(10):
        while not rig.used:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert len(rig.used) == 1
