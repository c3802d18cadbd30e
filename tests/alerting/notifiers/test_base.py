"""What answers mean, and what may be told of an address."""

import asyncio

import httpx
import msgspec
import pytest

from alerting.core.shapes import Severity
from alerting.notifiers import base
from alerting.notifiers.base import Failed, Outcome, Sent, Tools
from tests.alerting.loopback import Answer, Loopback
from tests.alerting.telling import CLOCK_MS, event, notice, parcel

DATE = "Fri, 15 Jan 2027 08:01:30 GMT"
"""90 s after CLOCK_MS."""


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [
        (200, None, Sent()),
        (202, None, Sent()),
        (204, None, Sent()),
        (301, None, Failed(why="status 301", final=True)),
        (400, None, Failed(why="status 400", final=True)),
        (404, "5", Failed(why="status 404", final=True)),
        (408, None, Failed(why="status 408")),
        (429, None, Failed(why="status 429")),
        (429, "7", Failed(why="status 429", retry_after_s=7)),
        (429, DATE, Failed(why="status 429", retry_after_s=90)),
        (429, "soon", Failed(why="status 429")),
        (500, None, Failed(why="status 500")),
        (503, "0", Failed(why="status 503", retry_after_s=0)),
    ],
)
def test_a_status_says_whether_to_ask_again(
    status: int, retry_after: str | None, outcome: Outcome
) -> None:
    """Who refuses is not asked again, who is overloaded or broken is, when it says."""
    assert base.meaning(status, retry_after, CLOCK_MS) == outcome


def test_a_date_gone_by_means_at_once() -> None:
    """Clocks differ; nobody waits for less than nothing."""
    outcome = base.meaning(503, DATE, CLOCK_MS + 1_000_000)

    assert outcome == Failed(why="status 503", retry_after_s=0)


async def test_json_is_posted(tools: Tools, server: Loopback) -> None:
    """The body arrives as it is, with the headers."""
    outcome = await base.post(tools, f"http://{server.address}/x", b'{"a":1}', {"X": "y"})

    assert outcome == Sent()
    [request] = server.requests
    assert (request.method, request.path, request.json) == ("POST", "/x", {"a": 1})
    assert (request.headers["content-type"], request.headers["x"]) == ("application/json", "y")


async def test_retry_after_comes_through(tools: Tools, server: Loopback) -> None:
    """What a real answer says is heard."""
    server.script.append(Answer(429, {"Retry-After": "12"}))

    outcome = await base.post(tools, f"http://{server.address}/x", b"{}")

    assert outcome == Failed(why="status 429", retry_after_s=12)


async def test_redirects_are_not_followed(tools: Tools, server: Loopback) -> None:
    """Who answers for an address is who stands in it."""
    server.script.append(Answer(307, {"Location": f"http://{server.address}/else"}))

    outcome = await base.post(tools, f"http://{server.address}/x", b"{}")

    assert outcome == Failed(why="status 307", final=True)
    assert len(server.requests) == 1


async def test_a_closed_connection_is_no_answer(tools: Tools, server: Loopback) -> None:
    """It may be there again later, and nothing of the address is told."""
    server.after = "close"

    outcome = await base.post(tools, f"http://{server.address}/secret", b"{}")

    assert outcome == Failed(why="RemoteProtocolError")


async def test_nobody_listening_is_no_answer(tools: Tools) -> None:
    """Likewise when there is no server at all."""
    assert await base.post(tools, "http://127.0.0.1:1/x", b"{}") == Failed(why="ConnectError")


async def test_silence_ends() -> None:
    """A server that says nothing is given up."""
    async with Loopback(after="never") as server, httpx.AsyncClient(timeout=0.05) as http:
        tools = Tools(http, lambda: CLOCK_MS)

        assert await base.post(tools, f"http://{server.address}/", b"{}") == Failed(
            why="ReadTimeout"
        )


async def test_an_answer_in_small_pieces_is_an_answer(tools: Tools, server: Loopback) -> None:
    """Slow is not away."""
    server.script.append("slow")
    async with asyncio.timeout(60):
        assert await base.post(tools, f"http://{server.address}/", b"{}") == Sent()


def test_the_worst_alert_that_lasts_counts() -> None:
    """What is over is not bad any more."""
    items = (event("resolve"), event(severity=Severity.WARNING, segment="queue:a"))

    assert base.level(parcel(notice("fire", *items))) is Severity.WARNING
    assert base.level(parcel(notice("resolve"))) is Severity.NONE


def test_a_long_text_has_a_digest() -> None:
    """A short one stands for itself."""
    assert base.short("abc", 3) == "abc"
    assert base.short("abcd", 3) == base.digest("abcd")
    assert len(base.digest("abcd")) == 64


def test_unknown_figures_are_left_out() -> None:
    """A machine is told what is known."""
    assert base.figures(event())["part"] == 9
    unknown = msgspec.structs.replace(event().facts, target=None)
    assert "target" not in base.figures(event(facts=unknown))
