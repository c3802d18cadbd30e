"""E-mail: Apprise reads the address, the message is ours.

Apprise's own mails carry a Message-ID of chance and a plain text made from the HTML, and it does
not tell a refusal from a full mailbox. Ours have a Message-ID made from the delivery's key, so a
repetition is seen to be one; they refer to the first of their alerts, so they are one thread; and
what the server answers decides whether there is another attempt.
"""

import asyncio
import datetime as dt
import smtplib
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Final

import msgspec
from apprise.plugins.email import NotifyEmail

from alerting.core.shapes import Severity
from alerting.core.telling import NoticeKind
from alerting.notifiers.apprise_sender import MAIL, allow, service
from alerting.notifiers.base import (
    ANSWER_S,
    Failed,
    Outcome,
    Parcel,
    Sent,
    Tools,
    digest,
    level,
)  # fmt: skip

THREADS: Final = 8
"""So many mails are under way at once; a server that hangs holds one of them for some seconds."""
REFUSED: Final = 500
"""From this code on a server will not take it later either (RFC 5321, 4.2.1)."""
_SSL: Final = "ssl"
_STARTTLS: Final = "starttls"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What an address says."""

    host: str
    port: int
    security: str
    """insecure, starttls, ssl."""
    verify: bool
    user: str | None
    password: str | None
    sender: str
    """NAME <ADDRESS>."""
    from_: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()


class Mail:
    """Sends mail."""

    schemes = MAIL
    each = False
    keep_s = None

    def __init__(self, tools: Tools) -> None:
        allow()
        self._clock_ms = tools.clock_ms
        self._threads = ThreadPoolExecutor(THREADS, "mail")

    def wants(self, kind: NoticeKind) -> bool:
        """Every kind: people read it."""
        del kind
        return True

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address."""
        return "" if envelope(url) else "is not written like mailtos://USER:PASSWORD@HOST?to=WHO"

    async def send(self, url: str, parcel: Parcel) -> Outcome:
        """Makes one attempt; cancelled, it may still arrive, with the same Message-ID."""
        found = envelope(url)
        if found is None:
            return Failed(why="not an address of mail", final=True)
        mail = written(parcel, found, self._clock_ms())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, deliver, mail, found)

    async def close(self) -> None:
        """Lets go of the threads; what is under way ends by itself within seconds."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def envelope(url: str) -> Envelope | None:
    """Returns what an address says; `None` = it is none of mail, or has nobody to write to."""
    found = service(url)
    if not isinstance(found, NotifyEmail) or not found.targets:
        return None
    name, address = found.from_addr
    return Envelope(
        host=found.smtp_host,
        port=int(found.port or 0),
        security=str(found.secure_mode),
        verify=found.verify_certificate,
        user=found.user,
        password=found.password,
        sender=_named(name or "Pouls", address),
        from_=str(address),
        to=tuple(_named(*target) for target in found.targets),
        cc=tuple(sorted(found.cc)),
        bcc=tuple(sorted(found.bcc)),
        reply_to=tuple(sorted(found.reply_to)),
    )


def _named(name: object, address: object) -> str:
    """Returns NAME <ADDRESS>, or the address alone where Apprise knows no name."""
    return formataddr((str(name) if name else None, str(address)))


def written(parcel: Parcel, envelope: Envelope, clock_ms: int) -> EmailMessage:
    """Returns the mail."""
    mail = EmailMessage()
    mail["From"] = envelope.sender
    mail["To"] = ", ".join(envelope.to)
    if envelope.cc:
        mail["Cc"] = ", ".join(envelope.cc)
    if envelope.reply_to:
        mail["Reply-To"] = ", ".join(envelope.reply_to)
    mail["Subject"] = parcel.message.subject
    mail["Date"] = format_datetime(dt.datetime.fromtimestamp(clock_ms / 1000, dt.UTC))
    domain = envelope.from_.rpartition("@")[2]
    mail["Message-ID"] = message_id(parcel.key, domain)
    if parcel.thread != parcel.key:
        mail["In-Reply-To"] = mail["References"] = message_id(parcel.thread, domain)
    mail["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday answers (RFC 3834)
    if level(parcel) is Severity.CRITICAL:
        mail["Importance"] = "high"
    mail.set_content(parcel.message.text)
    mail.add_alternative(parcel.message.html, subtype="html")
    return mail


def message_id(key: str, domain: str) -> str:
    """Returns the Message-ID of what has a key."""
    return f"<{digest(key)[:40]}@{domain}>"


def deliver(mail: EmailMessage, envelope: Envelope) -> Outcome:
    """Hands a mail to its server, and returns what the answer means; blocks."""
    people = [*envelope.to, *envelope.cc, *envelope.bcc]
    try:
        with _connected(envelope) as smtp:
            refused = smtp.send_message(mail, envelope.from_, people)
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(code for code, _ in error.recipients.values())
    except smtplib.SMTPResponseException as error:
        return Failed(why=f"SMTP {error.smtp_code}", final=error.smtp_code >= REFUSED)
    except (OSError, smtplib.SMTPException) as error:  # their texts may name people
        return Failed(why=type(error).__name__)
    return _refused(code for code, _ in refused.values()) if refused else Sent()


def _refused(codes: Iterable[int]) -> Failed:
    """Returns what it means that some or all recipients were refused."""
    mildest = min(codes)
    return Failed(why=f"SMTP {mildest} for a recipient", final=mildest >= REFUSED)


def _connected(envelope: Envelope) -> smtplib.SMTP:
    """Returns a connection that is as safe as the address asks for."""
    context = ssl.create_default_context()
    if not envelope.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    smtp = (
        smtplib.SMTP_SSL(envelope.host, envelope.port, timeout=ANSWER_S, context=context)
        if envelope.security == _SSL
        else smtplib.SMTP(envelope.host, envelope.port, timeout=ANSWER_S)
    )
    try:
        if envelope.security == _STARTTLS:
            smtp.starttls(context=context)
        if envelope.user and envelope.password:
            smtp.login(envelope.user, envelope.password)
    except BaseException:
        smtp.close()
        raise
    return smtp
