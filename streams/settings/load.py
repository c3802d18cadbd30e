"""`pouls.toml` and the environment → `Settings`, or every mistake at once, each with its place.

The environment says where things are, the file what operators decide. Nothing else reads either.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.core.policy import FoldPolicy
from streams.settings import build
from streams.settings.check import Mistake, mistakes
from streams.settings.file import File
from streams.settings.lines import KeyPath, lines_of
from streams.settings.meaning import meaning_mistakes
from streams.settings.roster import load_roster
from streams.settings.shapes import Clock, Settings, SettingsErrors

CONFIG: Final = "POULS_CONFIG"
DEFAULT_FILE: Final = "pouls.toml"
"""Read where nothing else is named, if it is there."""
DEFAULTS: Final = {
    "POULS_KAFKA": "127.0.0.1:9092",
    "POULS_REDIS": "redis://127.0.0.1:6379/0",
    "POULS_LISTEN": "127.0.0.1:8080",
    "POULS_METRICS_LISTEN": "",
}
"""What the environment may say besides `POULS_CONFIG`."""
_address = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):([0-9]{1,5})").fullmatch
GREATEST_PORT: Final = 65_535
_redis_url = re.compile(r"(rediss?|unix)://\S+").fullmatch


def load_settings(environ: Mapping[str, str], path: Path | None = None) -> Settings:
    """Returns the settings.

    Args:
        environ: the environment's variables.
        path: the file; without it what `POULS_CONFIG` names, else `pouls.toml` if it is there.

    Raises:
        SettingsErrors: all mistakes.
    """
    complaints = list(_environment(environ))
    file, chosen = File(), _chosen(environ, path)
    try:
        file = read_file(chosen)
    except SettingsErrors as exc:
        complaints += exc.complaints
    if complaints:
        raise SettingsErrors(complaints)
    said = {name: environ.get(name) or default for name, default in DEFAULTS.items()}
    fold = build.fold_policy(file)
    people = chosen.parent / file.people if chosen and file.people else None
    return Settings(
        kafka=said["POULS_KAFKA"],
        redis=said["POULS_REDIS"],
        listen=said["POULS_LISTEN"],
        metrics_listen=said["POULS_METRICS_LISTEN"] or None,
        fold=fold,
        reading=build.reading_policy(file),
        topics=build.topics(file),
        timezone=file.timezone,
        config_since=build.unix_seconds(file.config_since),
        settings_hash=hash_of(fold),
        roster=load_roster(people, fold.timezone),
        clock=Clock(file.clock.mode, file.clock.speed),
        calendars=build.calendars(file),
        commit_interval_s=file.commit_interval_s,
        group=file.group,
        hosts=file.hosts,
        origins=file.origins,
        alerts=build.alerts(file, chosen.parent if chosen else Path(), said["POULS_LISTEN"]),
    )


def hash_of(fold: FoldPolicy) -> str:
    """Returns a hash of everything that changes cells; the order of tables does not matter."""
    text = json.dumps(msgspec.to_builtins(fold), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_file(path: Path | None) -> File:
    """Returns what a `pouls.toml` says; without a path, the defaults.

    Raises:
        SettingsErrors: all its mistakes.
    """
    if path is None:
        return File()
    try:
        text = path.read_text("utf-8")
        parsed = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsErrors([f"{path}: cannot be read: {exc}"]) from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingsErrors([_not_toml(path, text, exc)]) from exc
    found = list(mistakes(parsed, File))
    for mistake in found:
        _remove(parsed, mistake.path)
    file = msgspec.convert(parsed, File)
    found += [m for m in meaning_mistakes(file) if not any(_in(other, m) for other in found)]
    if found:
        raise SettingsErrors(_placed(path, text, found))
    return file


def _in(mistake: Mistake, table: Mistake) -> bool:
    """Whether a mistake stands in what is told of as a whole, which may follow from it."""
    return mistake.path[: len(table.path)] == table.path


def _remove(table: dict[str, Any], path: KeyPath) -> None:
    """Takes a key out, so that what is left can be looked at."""
    for name in path[:-1]:
        table = table[name]
    del table[path[-1]]


def _chosen(environ: Mapping[str, str], path: Path | None) -> Path | None:
    if path is None and (named := environ.get(CONFIG)):
        return Path(named)
    here = Path(DEFAULT_FILE)
    return here if path is None and here.is_file() else path


def _environment(environ: Mapping[str, str]) -> Iterator[str]:
    if brokers := environ.get("POULS_KAFKA"):
        for broker in brokers.split(","):
            yield from _not_an_address("POULS_KAFKA", broker, 1)
    for name in ("POULS_LISTEN", "POULS_METRICS_LISTEN"):
        if listen := environ.get(name):
            yield from _not_an_address(name, listen, 0)  # 0 = any free port
    if (url := environ.get("POULS_REDIS")) and not _redis_url(url):
        yield f"POULS_REDIS: {url!r} is not a URL such as {DEFAULTS['POULS_REDIS']}"


def _not_an_address(variable: str, text: str, least: int) -> Iterator[str]:
    found = _address(text)
    if not found:
        yield f"{variable}: {text!r} is not HOST:PORT"
    elif not least <= int(found[2]) <= GREATEST_PORT:
        yield f"{variable}: {text!r}: ports are {least} to {GREATEST_PORT}"


def _not_toml(path: Path, text: str, exc: tomllib.TOMLDecodeError) -> str:
    what, _, at = str(exc).rpartition(" (at ")
    line = re.match(r"line (\d+)", at)
    return f"{path}:{line[1] if line else len(text.splitlines())}: is not TOML: {what}"


def _placed(path: Path, text: str, found: list[Mistake]) -> list[str]:
    """Returns mistakes with their lines, in the order of the file."""
    lines = lines_of(text)
    placed = sorted((lines.get(m.path, 1), ".".join(m.path), m.sentence) for m in found)
    return [f"{path}:{line}: {key}: {sentence}" for line, key, sentence in placed]
