"""`pouls alerts send-test`: every address hears of it, and nothing secret is said."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerting.trying import send_test, trying
from streams.settings import Settings, load_settings
from tests.alerting.loopback import Loopback

RULES = """
version: 1
rules: []
channels:
  floor: webhook+http://${SERVER}/floor?secret=${SECRET}
duties: {boss: [bea]}
fallback: channel:floor
routes: [{to: [duty:boss, channel:floor]}]
"""
WAITING = """rules:
  - id: waiting
    title: {en: A, fr: B}
    metric: waiting
    levels: {critical: {raise: {above: 9}, clear: {below: 5}}}
    owner: boss
    runbook: https://example.org/a
    action_plan: {template: a, responsible: boss}
"""
TOML = """
people = "people.csv"
[alerts]
rules = ["rules.yaml"]
targets.ana.page = "webhook+http://${SERVER}/ana?secret=${SECRET}"
targets.bea = { page = "webhook+http://${SERVER}/bea?secret=${SECRET}", mail = "${NOWHERE}" }
"""
SECRET = "0123456789abcdef"  # noqa: S105  of a test


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two people and a room."""
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "people.csv").write_text("id\nana\nbea\n")
    (tmp_path / "pouls.toml").write_text(TOML)
    return load_settings({"POULS_REDIS": "redis://127.0.0.1:1/0"}, tmp_path / "pouls.toml")


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """Everybody's server."""
    async with Loopback() as server:
        yield server


async def tried(
    settings: Settings, server: Loopback, to: str | None
) -> tuple[bool, list[str], list[str]]:
    """Returns whether all is well, what was said, and where the test came."""
    said: list[str] = []
    environ = {"SERVER": server.address, "SECRET": SECRET}
    good = await send_test(settings, environ, to, said.append)
    return good, said, [request.path for request in server.requests]


async def test_everybody_is_told_and_each_is_answered_for(
    settings: Settings, server: Loopback
) -> None:
    """Without Redis; an address that is nowhere is said."""
    good, said, came = await tried(settings, server, None)

    assert not good
    assert said == [
        "channel:floor: told",
        "ana/page: told",
        "bea/page: told",
        "bea/mail: there is no such address, or nobody can tell it",
    ]
    assert came == ["/floor", "/ana", "/bea"]
    assert {request.json["kind"] for request in server.requests} == {"test"}
    assert SECRET not in " ".join(said)


@pytest.mark.parametrize(
    ("to", "paths"),
    [("person:ana", ["/ana"]), ("channel:floor", ["/floor"]), ("duty:boss", ["/bea"])],
)
async def test_one_may_be_meant(
    settings: Settings, server: Loopback, to: str, paths: list[str]
) -> None:
    """A person, a room, whoever holds a duty now."""
    *_, came = await tried(settings, server, to)

    assert came == paths


async def test_nobody_is_a_failure(settings: Settings, server: Loopback) -> None:
    """Whoever tries wants to know."""
    assert await tried(settings, server, "person:nobody") == (
        False, ["person:nobody: has no address"], [],
    )  # fmt: skip


async def test_a_refusal_is_said(settings: Settings, server: Loopback) -> None:
    """In the words of the receiver's status."""
    server.after = 403
    good, said, _ = await tried(settings, server, "channel:floor")

    assert (good, said) == (False, ["channel:floor: status 403"])


@pytest.fixture
def lame(tmp_path: Path, settings: Settings) -> Settings:
    """Settings by which nobody hears of what is critical."""
    text = RULES.replace("fallback: channel:floor\n", "").replace(", channel:floor]", "]")
    (tmp_path / "rules.yaml").write_text(text.replace("rules: []", WAITING))
    (tmp_path / "pouls.toml").write_text(TOML.replace("targets.bea", "targets.eve"))
    return load_settings({"POULS_REDIS": settings.redis}, tmp_path / "pouls.toml")


async def test_who_would_not_be_told_is_said(lame: Settings, server: Loopback) -> None:
    """All are asked for; of one it is no matter."""
    good, said, _ = await tried(lame, server, None)

    assert not good
    assert said == [
        "waiting: critical reaches nobody at all",
        "duty:boss: bea has no address for page ([alerts.targets] of pouls.toml)",
        "duty:boss: bea has no address for mail ([alerts.targets] of pouls.toml)",
        "there is no fallback: who cannot be told is told by nobody else",
        "channel:floor: told",
        "ana/page: told",
    ]
    assert (await tried(lame, server, "channel:floor"))[:2] == (True, ["channel:floor: told"])


@pytest.mark.parametrize(
    ("text", "right"), [("duty:floor", True), ("person:ana r", False), ("ana", False)]
)
def test_who_may_be_named(text: str, right: bool) -> None:
    """Duties, people, rooms."""
    assert trying(text) is right
