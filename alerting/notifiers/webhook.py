"""Webhooks: one signed POST of JSON a notice, for whoever can write a few lines of code.

An address is `webhook+https://HOST/PATH?secret=SECRET`, or with `+http`. The secret is taken out of
it and signs the body together with the time, so a receiver knows who wrote it, that nobody changed
it, and that it is no old one sent again. docs/notifying.md says how to check that.
"""

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from alerting.core.shapes import Event
from alerting.core.telling import NoticeKind
from alerting.notifiers.base import (
    Failed,
    Outcome,
    Parcel,
    Tools,
    digest,
    figures,
    iso,
    over,
    post,
)  # fmt: skip

VERSION: Final = 1
SECRET: Final = "secret"  # noqa: S105  the name of a parameter
LEAST_SECRET: Final = 16
"""Characters: fewer can be guessed."""
_PLUS: Final = "webhook+"


class Webhook:
    """Tells a server of somebody's own."""

    schemes = ("webhook+http", "webhook+https")
    each = False
    keep_s = None

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def wants(self, kind: NoticeKind) -> bool:
        """Every kind: the receiver sees which it is."""
        del kind
        return True

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address."""
        if not urlsplit(url).hostname:
            return "is not written like webhook+https://HOST/PATH?secret=SECRET"
        if len(taken_apart(url)[1]) < LEAST_SECRET:
            return f"needs ?secret= with at least {LEAST_SECRET} characters"
        return ""

    async def send(self, url: str, parcel: Parcel) -> Outcome:
        """Makes one attempt."""
        if complaint := self.complaint(url):
            return Failed(why=complaint, final=True)
        target, secret = taken_apart(url)
        body = msgspec.json.encode(content(parcel))
        timestamp = str(self._tools.clock_ms() // 1000)
        headers = {
            "Idempotency-Key": digest(parcel.key),
            "Pouls-Timestamp": timestamp,
            "Pouls-Signature": signature(secret, timestamp, body),
        }
        return await post(self._tools, target, body, headers)

    async def close(self) -> None:
        """Holds nothing."""


def taken_apart(url: str) -> tuple[str, str]:
    """Returns where to post, and the secret, which is nobody else's business."""
    parts = urlsplit(url.removeprefix(_PLUS))
    query = parse_qsl(parts.query, keep_blank_values=True)
    secret = next((value for name, value in query if name == SECRET), "")
    rest = urlencode([(name, value) for name, value in query if name != SECRET])
    return parts._replace(query=rest, fragment="").geturl(), secret


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Returns what proves that a body and its time are ours."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


def content(parcel: Parcel) -> dict[str, Any]:
    """Returns the body, as docs/webhook.schema.json has it."""
    notice, message = parcel.notice, parcel.message
    then = notice.then and {"to": list(notice.then.to), "at": iso(notice.then.at_ms)}
    return {
        "version": VERSION,
        "id": digest(parcel.key),
        "thread": digest(parcel.thread),
        "kind": notice.kind,
        "decided_at": iso(notice.clock_ms),
        "subject": message.subject,
        "short": message.short,
        "text": message.text,
        "alerts": [_alert(item) for item in parcel.items],
        "then": then,
    }


def _alert(item: Event) -> dict[str, Any]:
    return {
        "episode": item.episode,
        "rule": item.key.rule,
        "segment": item.key.segment,
        "severity": item.severity.name.lower(),
        "over": over(item),
        "event": item.kind,
        "reason": item.reason,
        "at": iso(item.clock_ms),
        "figures": figures(item),
    }
