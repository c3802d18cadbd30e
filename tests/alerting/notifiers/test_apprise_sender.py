"""Apprise tells what is allowed, once, and nothing of where."""

import logging
from urllib.parse import unquote_plus

import pytest
from apprise import NotificationManager

from alerting.core.shapes import Severity
from alerting.core.telling import Notice
from alerting.notifiers.apprise_sender import CHATS, MAIL, PUSH, SMS, AppriseSender, service
from alerting.notifiers.base import Failed, Sent, Tools
from tests.alerting.loopback import Answer, Loopback
from tests.alerting.telling import event, notice, parcel

ADDRESSES = (
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23floor",
    "workflows://prod-01.example.com/0123456789/abcdefghij",
    "gchat://workspace/key/token",
    "mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4",
    "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/12315544",
    "discord://123456789012345678/abcdefghijklmnop",
    "ntfys://ntfy.example.org/floor",
    "gotifys://gotify.example.org/token",
    "signals://signal.example.org/33123456789/33123456780",
    "octopush://ana@example.org:key/33123456789",
    "sfr://service:password@space/0612345678",
    "freemobile://user@password",
    f"twilio://AC{'a' * 32}:{'b' * 32}@15551234567/33123456789",
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_every_kind_that_is_documented_is_understood(tools: Tools, url: str) -> None:
    """By a service that repeats nothing and waits only a little."""
    assert AppriseSender(tools).complaint(url) == ""
    made = service(url + ("&" if "?" in url else "?") + "retry=3&rto=600")

    assert made is not None
    assert (made.retry, made.socket_connect_timeout, made.socket_read_timeout) == (0, 4, 8)


@pytest.mark.parametrize(
    "url",
    [
        "syslog://", "dbus://", "json://127.0.0.1/x", "xml://127.0.0.1/x", "form://127.0.0.1/x",
        "windows://", "exec://x", "file:///etc/passwd", "opsgenie://key", "nothing",
        "gotify://", "",
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_nothing(tools: Tools, url: str) -> None:
    """A desktop, a log, any server in the house: none of them is an address."""
    assert AppriseSender(tools).complaint(url) == "is nothing that Apprise understands"


def test_only_what_is_listed_is_switched_on(tools: Tools) -> None:
    """So a new version of Apprise brings no new way out."""
    AppriseSender(tools)
    manager = NotificationManager()  # type: ignore[no-untyped-call]
    allowed = {*CHATS, *PUSH, *SMS, *MAIL}

    for plugin in manager.plugins():  # type: ignore[no-untyped-call]
        schemes = {
            s
            for p in (plugin.protocol, plugin.secure_protocol)
            for s in ([p] if isinstance(p, str) else p or ())
        }
        assert not plugin.enabled or schemes & allowed, schemes


@pytest.mark.parametrize("told", [notice("fire"), notice("resolve"), notice("announcement")])
async def test_a_chat_is_told_subject_and_text(
    tools: Tools, server: Loopback, told: Notice
) -> None:
    """In one request."""
    outcome = await AppriseSender(tools).send(f"gotify://{server.address}/token", parcel(told))

    assert outcome == Sent()
    [request] = server.requests
    assert request.json["title"] == "Critical · 25 % give up in sav"
    assert request.json["message"] == "the text"


async def test_every_failure_may_pass(tools: Tools, server: Loopback) -> None:
    """Apprise does not tell which it was; it asks once."""
    server.after = 404

    outcome = await AppriseSender(tools).send(f"gotify://{server.address}/token", parcel())

    assert outcome == Failed(why="Apprise: failure")
    assert len(server.requests) == 1


async def test_redirects_are_not_followed(tools: Tools, server: Loopback) -> None:
    """Neither here, whatever the address says."""
    server.script.append(Answer(307, {"Location": f"http://{server.address}/else"}))
    url = f"gotify://{server.address}/token?redirect=yes"

    assert await AppriseSender(tools).send(url, parcel()) == Failed(why="Apprise: failure")
    assert len(server.requests) == 1


async def test_nothing_of_an_address_is_logged(
    tools: Tools, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither of a good one nor of a bad one."""
    server.after = 500
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        sender = AppriseSender(tools)
        await sender.send(f"gotify://{server.address}/verysecret", parcel())
        await sender.send("gotify://verysecret:bad:port/", parcel())

    told = [r.getMessage() for r in caplog.records if r.name.startswith(("apprise", "pouls"))]
    assert not [line for line in told if "verysecret" in line]


async def test_a_text_message_is_the_short_form(
    tools: Tools, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In which everything that matters is said in 160 characters."""
    monkeypatch.setattr("apprise.plugins.sfr.NotifySFR.notify_url", f"http://{server.address}/sms")
    server.after = Answer(200, body=b'{"success": true}')

    url = "sfr://service:password@space/0612345678"
    assert await AppriseSender(tools).send(url, parcel()) == Sent()
    [request] = server.requests
    assert "short form" in unquote_plus(request.path)
    assert "the text" not in unquote_plus(request.path)


async def test_a_warning_is_no_failure(tools: Tools, server: Loopback) -> None:
    """Alerts of either severity are told."""
    told = notice("fire", event(severity=Severity.WARNING))

    url = f"gotify://{server.address}/token"
    assert await AppriseSender(tools).send(url, parcel(told)) == Sent()
