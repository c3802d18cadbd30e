"""Who may reach us: there is no sign-in yet, so only this machine, unless somebody insists."""

import ipaddress

from streams.core.errors import PoulsError


class ListenRefused(PoulsError):
    """An address that others could reach."""


def refuse_strangers(variable: str, listen: str | None, *, insecure: bool) -> None:
    """Does nothing for an address that only this machine reaches, or where somebody insists.

    Raises:
        ListenRefused: others could reach it.
    """
    if insecure or not reached_by_others(listen):
        return
    raise ListenRefused(
        f"{variable}: whoever reaches {listen} may read everything, for there is no sign-in yet. "
        "Listen on 127.0.0.1, or add --insecure."
    )


def reached_by_others(listen: str | None) -> bool:
    """Whether an address is one that not only this machine reaches; `None` = nobody listens."""
    return listen is not None and not _is_loopback(listen.rpartition(":")[0].strip("[]"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
