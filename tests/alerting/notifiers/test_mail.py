"""Mail is one thread, in two forms, and a real server takes it."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerting.notifiers import mail
from alerting.notifiers.base import Failed, Sent, Tools
from deploy.kafka import broker
from tests.alerting.loopback import Loopback
from tests.alerting.telling import notice, parcel

TO = "from=pouls@example.org&to=ana@example.org"


class Box:
    """Keeps what comes; refuses what it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refuse: dict[str, str] = {}
        self.data = "250 OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Takes a recipient, or not."""
        if answer := self.refuse.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Takes a mail, or not."""
        if self.data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            read = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(read, EmailMessage)
            self.mails.append(read)
            self.envelopes.append(envelope)
        return self.data


@pytest.fixture
def box() -> Box:
    """What the server does."""
    return Box()


@pytest.fixture
def at(box: Box) -> Iterator[str]:
    """A real SMTP server's address, as a target."""
    port = broker.free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"mailto://127.0.0.1:{port}?{TO}"
    controller.stop()


async def send(tools: Tools, url: str, **more: Any) -> Any:
    """Sends one parcel."""
    notifier = mail.Mail(tools)
    try:
        return await notifier.send(url, parcel(**more))
    finally:
        await notifier.close()


async def test_a_mail_has_text_and_html(tools: Tools, box: Box, at: str) -> None:
    """Ours, both of them."""
    assert await send(tools, at) == Sent()

    [got] = box.mails
    assert got["Subject"] == "Critical · 25 % give up in sav"
    assert (got["From"], got["To"]) == ("Pouls <pouls@example.org>", "ana@example.org")
    assert got["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert (got["Auto-Submitted"], got["Importance"]) == ("auto-generated", "high")
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "the text"
    assert html.get_content().strip() == "<p>the HTML</p>"


async def test_a_group_of_alerts_is_a_thread(tools: Tools, box: Box, at: str) -> None:
    """The first has a Message-ID made from its key; all others refer to it."""
    for kind, n in (("fire", 0), ("worse", 1), ("resolve", 2)):
        await send(tools, at, told=notice(kind, n=n))  # type: ignore[arg-type]

    first, *others = box.mails
    assert first["References"] is None
    assert [m["References"] for m in others] == [first["Message-ID"]] * 2
    assert [m["In-Reply-To"] for m in others] == [first["Message-ID"]] * 2
    assert len({m["Message-ID"] for m in box.mails}) == 3
    assert others[-1]["Importance"] is None


async def test_a_repetition_is_seen_to_be_one(tools: Tools, box: Box, at: str) -> None:
    """Its Message-ID is the same."""
    for _ in range(2):
        await send(tools, at)

    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@example.org>")


async def test_copies_go_to_their_people(tools: Tools, box: Box, at: str) -> None:
    """Blind ones unseen."""
    url = f"{at}&cc=bea@example.org&bcc=cyd@example.org&reply=desk@example.org"

    assert await send(tools, url) == Sent()
    assert sorted(box.envelopes[0].rcpt_tos) == [
        "ana@example.org", "bea@example.org", "cyd@example.org",
    ]  # fmt: skip
    [got] = box.mails
    assert (got["Cc"], got["Reply-To"]) == ("bea@example.org", "desk@example.org")
    assert "cyd" not in got.as_string()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 no such user", Failed(why="SMTP 550 for a recipient", final=True)),
        ("450 mailbox busy", Failed(why="SMTP 450 for a recipient")),
    ],
)
async def test_a_refused_recipient(
    tools: Tools, box: Box, at: str, answer: str, outcome: Failed
) -> None:
    """A mailbox that is not there is final, a full one is not."""
    box.refuse["ana@example.org"] = answer

    assert await send(tools, at) == outcome


async def test_one_refused_of_two(tools: Tools, box: Box, at: str) -> None:
    """Somebody was not told: that is told."""
    box.refuse["bea@example.org"] = "550 no such user"

    outcome = await send(tools, f"{at}&cc=bea@example.org")
    assert outcome == Failed(why="SMTP 550 for a recipient", final=True)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("554 no", Failed(why="SMTP 554", final=True)),
        ("451 later", Failed(why="SMTP 451")),
    ],
)
async def test_a_refused_mail(
    tools: Tools, box: Box, at: str, answer: str, outcome: Failed
) -> None:
    """Likewise."""
    box.data = answer

    assert await send(tools, at) == outcome


async def test_no_server_is_no_answer(tools: Tools) -> None:
    """It may be there again later."""
    outcome = await send(tools, f"mailto://127.0.0.1:1?{TO}")

    assert outcome == Failed(why="ConnectionRefusedError")


async def test_a_server_that_closes_is_no_answer(tools: Tools, server: Loopback) -> None:
    """Likewise."""
    server.deaf = True

    outcome = await send(tools, f"mailto://{server.address}?{TO}")
    assert outcome == Failed(why="SMTPServerDisconnected")


async def test_starttls_is_not_done_without(tools: Tools, box: Box, at: str) -> None:
    """A server without it gets no mail in clear text."""
    outcome = await send(tools, at.replace("mailto://", "mailtos://"))

    assert outcome == Failed(why="SMTPNotSupportedError")
    assert box.mails == []


async def test_a_name_and_a_password(tools: Tools, at: str) -> None:
    """A server that wants none says so."""
    outcome = await send(tools, at.replace("//", "//user:secret@"))

    assert outcome == Failed(why="SMTPNotSupportedError")


@pytest.mark.parametrize("url", ["mailto://", "gotify://h/t", f"mailto://h?{TO}&mode=none"])
async def test_a_bad_address_is_final(tools: Tools, url: str) -> None:
    """Nothing is sent anywhere."""
    notifier = mail.Mail(tools)

    assert notifier.complaint(url) == "is not written like mailtos://USER:PASSWORD@HOST?to=WHO"
    assert await send(tools, url) == Failed(why="not an address of mail", final=True)


def test_a_certificate_may_be_left_unchecked() -> None:
    """If the address says so, and only then."""
    checked, not_checked = (
        mail.envelope(f"mailtos://u:p@example.org?{TO}{more}") for more in ("", "&verify=no")
    )

    assert checked is not None
    assert not_checked is not None
    assert (checked.verify, checked.security, checked.port) == (True, "starttls", 587)
    assert (not_checked.verify, not_checked.user) == (False, "u")
