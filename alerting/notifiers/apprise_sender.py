"""Everything that Apprise knows and that is allowed: chats, push, SMS.

Apprise speaks to some 170 services, and to things on this machine: a desktop, syslog, any address
inside the house. So only the schemes listed here are switched on, and an address comes from the
configuration, never from whoever calls the API. Apprise does not tell why something failed (a
status, Retry-After), so every failure may pass; and it repeats nothing, which is our business.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from apprise import Apprise, AppriseAsset, NotificationManager, NotifyBase, NotifyFormat, NotifyType
from apprise.plugins import url_to_dict
from apprise.result import AppriseResultStatus

from alerting.core.shapes import Severity
from alerting.core.telling import NoticeKind
from alerting.notifiers.base import (
    ANSWER_S,
    CONNECT_S,
    Failed,
    Outcome,
    Parcel,
    Sent,
    Tools,
    level,
    over,
)  # fmt: skip

CHATS: Final = ("slack", "workflows", "gchat", "mmost", "mmosts", "tgram", "discord")
"""Slack, Microsoft Teams (by Power Automate workflows), Google Chat, Mattermost, Telegram,
Discord."""
PUSH: Final = ("ntfy", "ntfys", "gotify", "gotifys", "signal", "signals")
"""Servers that a house can run itself."""
SMS: Final = ("octopush", "sfr", "freemobile", "twilio")
"""They are told the short form. Octopush, SFR Business and Free Mobile are French."""
MAIL: Final = ("mailto", "mailtos")
"""Read by Apprise, written by `alerting/notifiers/mail.py`."""
ATTEMPT_S: Final = 9.0
"""Apprise gives up after so long; what its thread still does may arrive all the same."""
_TYPES: Final[Mapping[Severity, NotifyType]] = {
    Severity.NONE: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
}


class AppriseSender:
    """Tells what Apprise can tell."""

    schemes = CHATS + PUSH + SMS
    each = False
    keep_s = None

    def __init__(self, tools: Tools) -> None:
        del tools
        allow()

    def wants(self, kind: NoticeKind) -> bool:
        """Every kind: people read it."""
        del kind
        return True

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address."""
        return "" if service(url) is not None else "is nothing that Apprise understands"

    async def send(self, url: str, parcel: Parcel) -> Outcome:
        """Makes one attempt, with a service of its own."""
        target = service(url)
        if target is None:
            return Failed(why="not an address that Apprise understands", final=True)
        message = parcel.message
        sms = url.lower().startswith(SMS)
        one = Apprise(asset=asset())
        one.add(target)
        result = await one.async_notify(
            title="" if sms else message.subject,
            body=message.short if sms else message.text,
            body_format=NotifyFormat.TEXT,
            notify_type=_type(parcel),
        )
        if result.status is AppriseResultStatus.SUCCESS:
            return Sent()
        return Failed(why=f"Apprise: {result.status.name.lower()}")

    async def close(self) -> None:
        """Holds nothing."""


def _type(parcel: Parcel) -> NotifyType:
    """Returns Apprise's word for how bad it is: it has a colour and a sign for each."""
    ended = bool(parcel.items) and all(map(over, parcel.items))
    return NotifyType.SUCCESS if ended else _TYPES[level(parcel)]


@lru_cache(maxsize=1)
def allow() -> None:
    """Switches everything off that is not allowed, and Apprise's own words, which name people."""
    manager = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise types in part
    manager.enable_only(*CHATS, *PUSH, *SMS, *MAIL)  # type: ignore[no-untyped-call]
    logging.getLogger("apprise").setLevel(logging.CRITICAL)


@lru_cache(maxsize=1)
def asset() -> AppriseAsset:
    """Returns what all services share: nothing is kept on disk, no address written to a log."""
    return AppriseAsset(
        app_id="Pouls",
        app_desc="Pouls",
        storage_mode="memory",
        service_timeout=ATTEMPT_S,
        secure_logging=True,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
    )


def service(url: str) -> NotifyBase | None:
    """Returns what an address means, never twice the same object; `None` = nothing that is allowed.

    What the address says of repeating and of time limits does not count.
    """
    allow()
    parts: dict[str, Any] | None = url_to_dict(  # type: ignore[no-untyped-call]
        url, secure_logging=True
    )
    if parts is None or not url.partition("://")[2]:
        return None
    parts |= {"retry": 0, "cto": CONNECT_S, "rto": ANSWER_S, "overflow": "truncate"}
    parts.pop("redirect", None)
    return Apprise.instantiate(parts, asset=asset())
