"""docs/notifying.md is true: its addresses are understood, its receiver accepts what we send."""

import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from alerting.delivery import Policy
from alerting.metrics import AlertMetrics
from alerting.notifiers import NOTIFIERS, Notifiers, scheme
from alerting.notifiers.base import (
    Failed,
    Notifier,
    Outcome,
    Parcel,
    Sent,
    Tools,
    client,
    post,
)  # fmt: skip
from alerting.notifiers.webhook import Webhook
from tests.alerting.loopback import Loopback
from tests.alerting.telling import parcel

PAGE = Path("docs/notifying.md").read_text("utf-8")
ADDRESSES = re.findall(r"^\| .* \| `(\S+://\S+)` \|$", PAGE, re.MULTILINE)
WITHOUT_TLS = {"mmost", "ntfy", "gotify", "signal", "alertmanager+http", "webhook+http"}
SECRET = "0123456789abcdef"  # noqa: S105  of a test


@pytest.fixture
async def notifiers() -> AsyncIterator[Notifiers]:
    """All notifiers."""
    made = Notifiers(lambda: time.time_ns() // 1_000_000)
    yield made
    await made.close()


@pytest.mark.parametrize("url", ADDRESSES)
async def test_every_address_is_understood(notifiers: Notifiers, url: str) -> None:
    """As it stands there."""
    assert notifiers.complaint(url) == ""


async def test_every_kind_of_address_is_there(notifiers: Notifiers) -> None:
    """With an example, or by name."""
    assert {*map(scheme, ADDRESSES), *WITHOUT_TLS} == set(notifiers.schemes)
    assert all(f"`{name}`" in PAGE for name in WITHOUT_TLS)
    assert len(NOTIFIERS) == 5


async def test_the_receiver_accepts_ours_and_no_other() -> None:
    """The code on the page, run on what a real server got."""
    [code] = [c for c in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "is_ours" in c]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  our own page
    is_ours: Callable[[str, dict[str, str], bytes], bool] = names["is_ours"]

    async with Loopback() as server, client() as http:
        tools = Tools(http, lambda: time.time_ns() // 1_000_000)
        url = f"webhook+http://{server.address}/?secret={SECRET}"
        assert await Webhook(tools).send(url, parcel()) == Sent()
    [request] = server.requests
    headers = {name.title(): value for name, value in request.headers.items()}

    assert is_ours(SECRET, headers, request.body)
    assert not is_ours("another secret of us", headers, request.body)
    assert not is_ours(SECRET, headers, request.body + b" ")
    old = {**headers, "Pouls-Timestamp": "1800000000"}
    assert not is_ours(SECRET, old, request.body)


async def test_the_notifier_to_copy_is_one() -> None:
    """It runs as it stands there."""
    [code] = [c for c in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "class Pager" in c]
    names: dict[str, Any] = {
        "Tools": Tools, "NoticeKind": str, "Parcel": Parcel, "Outcome": Outcome, "Failed": Failed,
        "post": post, "urlsplit": urlsplit, "msgspec": msgspec,
    }  # fmt: skip
    exec(code, names)  # noqa: S102  our own page
    async with client() as http:
        pager: Notifier = names["Pager"](Tools(http, lambda: 0))

        assert pager.complaint("pager://h/1") == ""
        assert await pager.send("pager://", parcel()) == Failed(
            why="is not written like pager://HOST/NUMBER", final=True
        )
        assert await pager.send("pager://127.0.0.1:1/7", parcel()) == Failed(why="ConnectError")
        await pager.close()


def test_pauses_and_limits_are_those_of_the_policy() -> None:
    """In words."""
    usual = Policy()

    assert usual.retries_ms == (5_000, 30_000, 120_000, 600_000)
    assert "again after 5 s, 30 s, 2 min and 10 min" in PAGE
    assert f"at most {usual.pages} pages in {usual.within_ms // 60_000} minutes" in PAGE
    assert f"left alone for {usual.rest_ms // 1000} s" in PAGE


def test_every_metric_that_is_named_is_there() -> None:
    """Under that name."""
    registry = CollectorRegistry()
    AlertMetrics(registry)
    told = generate_latest(registry).decode()

    named = re.findall(r"`(pouls_\w+)", PAGE)
    assert len(named) == 6
    assert [name for name in named if f"# TYPE {name} " not in told] == []
