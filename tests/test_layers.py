"""The import rules cover everything there is."""

import pkgutil
import tomllib
from pathlib import Path

import streams

CONFIG = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
FOR_THE_API = {"core", "store", "codec", "settings", "telemetry", "logs", "ical"}


def test_every_module_is_open_or_closed_to_the_api() -> None:
    """A new module is closed to the API until it is listed as open."""
    rules = CONFIG["tool"]["importlinter"]["contracts"]
    (closed,) = (
        r["forbidden_modules"] for r in rules if r.get("source_modules") == ["api", "alerting"]
    )
    modules = {f"streams.{module.name}" for module in pkgutil.iter_modules(streams.__path__)}

    assert modules - set(closed) == {f"streams.{name}" for name in FOR_THE_API}
