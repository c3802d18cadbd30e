"""A webhook is signed, can be told from a repetition, and has the body that is documented."""

import hashlib
import hmac
import json
from pathlib import Path

import jsonschema
import pytest

from alerting.core.telling import Next
from alerting.notifiers.base import Failed, Sent, Tools, digest
from alerting.notifiers.webhook import Webhook, taken_apart
from tests.alerting.loopback import Loopback
from tests.alerting.telling import event, notice, parcel

SECRET = "0123456789abcdef"  # noqa: S105  of a test
SCHEMA = json.loads(Path("docs/webhook.schema.json").read_text("utf-8"))


def at(server: Loopback) -> str:
    """Returns an address at the loopback server."""
    return f"webhook+http://{server.address}/hook?team=a&secret={SECRET}"


async def test_the_signature_is_of_time_and_body(tools: Tools, server: Loopback) -> None:
    """A receiver finds the same, and the secret is nowhere in what it gets."""
    assert await Webhook(tools).send(at(server), parcel()) == Sent()

    [request] = server.requests
    assert request.path == "/hook?team=a"
    signed = request.headers["pouls-timestamp"].encode() + b"." + request.body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["pouls-signature"] == f"v1={expected}"
    assert request.headers["pouls-timestamp"] == "1800000000"
    assert SECRET not in repr(request)


async def test_a_repetition_has_the_same_key(tools: Tools, server: Loopback) -> None:
    """Whoever got it already can tell."""
    for _ in range(2):
        await Webhook(tools).send(at(server), parcel())

    keys = {r.headers["idempotency-key"] for r in server.requests}
    assert keys == {digest(parcel().key)} == {r.json["id"] for r in server.requests}


@pytest.mark.parametrize(
    "told",
    [
        notice("fire", then=Next(to=("duty:head/page",), at_ms=1_800_000_300_000)),
        notice("resolve"),
        notice("worse", event("escalate"), event("fire", "queue:a+team:b")),
        notice("announcement", text={"en": "x"}),
        notice("test"),
        notice("ack", event("ack", by="ana", note="on it")),
    ],
)
async def test_bodies_are_as_documented(tools: Tools, server: Loopback, told: object) -> None:
    """Every kind of notice keeps to the schema."""
    await Webhook(tools).send(at(server), parcel(told))  # type: ignore[arg-type]

    jsonschema.validate(server.requests[0].json, SCHEMA)


async def test_what_is_said_of_an_alert(tools: Tools, server: Loopback) -> None:
    """Nobody's name, nobody's words."""
    await Webhook(tools).send(at(server), parcel(notice("ack", event("ack", by="ana", note="ok"))))

    [alert] = server.requests[0].json["alerts"]
    assert alert["episode"] == event().episode
    assert (alert["rule"], alert["segment"], alert["severity"]) == (
        "abandonment", "queue:sav", "critical",
    )  # fmt: skip
    assert (alert["over"], alert["event"], alert["figures"]["value"]) == (False, "ack", 0.3)
    assert "ana" not in repr(alert)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"webhook+https://h.example/x?secret={SECRET}", ""),
        (f"webhook+https:///x?secret={SECRET}",
         "is not written like webhook+https://HOST/PATH?secret=SECRET"),
        ("webhook+https://h.example/x", "needs ?secret= with at least 16 characters"),
        ("webhook+https://h.example/x?secret=short", "needs ?secret= with at least 16 characters"),
    ],
)  # fmt: skip
def test_addresses_are_looked_at(tools: Tools, url: str, says: str) -> None:
    """A mistake has its sentence."""
    assert Webhook(tools).complaint(url) == says


async def test_without_a_secret_nothing_is_sent(tools: Tools, server: Loopback) -> None:
    """Nobody could know whose it is."""
    outcome = await Webhook(tools).send(f"webhook+http://{server.address}/", parcel())

    assert outcome == Failed(why="needs ?secret= with at least 16 characters", final=True)
    assert server.requests == []


def test_the_rest_of_an_address_stays() -> None:
    """Only the secret is taken out."""
    url = "webhook+https://u:p@h.example:81/a/b?x=1&secret=s&y=#part"

    assert taken_apart(url) == ("https://u:p@h.example:81/a/b?x=1&y=", "s")
