"""Who may talk to us, decided before any handler runs; and the headers of every answer.

There is no sign-in yet, so three checks keep a page of another site from using Pouls through a
visitor's browser. `Host` must be a name of ours or an address (DNS rebinding needs a name). The
`Origin` of a WebSocket (CORS does not cover those) and of a request that changes anything must be
exactly our own address or one that is configured. And what changes anything is JSON, which no form
can send; only named paths take forms, of our own pages. A request without `Origin` comes from a
program, not from a page: it is accepted, because without sign-in whoever reaches the port may use
it. With sign-in it will need a bearer token.
"""

import ipaddress
import logging
from collections.abc import Collection, Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_SCHEMES = {"ws": "http", "wss": "https"}
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

log = logging.getLogger("pouls.api")


def hostname(host: str) -> str:
    """Returns the name in a `Host` header, lower case, without the port: `[::1]:8080` → `[::1]`."""
    name, colon, port = host.rpartition(":")
    return (
        name if colon and port.isdigit() and (name[-1:] == "]" or ":" not in name) else host
    ).lower()


def own_hosts(listen: str, configured: Iterable[str] = ()) -> frozenset[str]:
    """Returns our names: the host we listen on and the configured ones."""
    return frozenset(map(str.lower, ("localhost", hostname(listen), *configured)))


def host_of(origin: str) -> str:
    """Returns the name in an origin: `https://pouls.example:8443` → `pouls.example`."""
    return hostname(origin.rpartition("://")[2])


def host_allowed(host: str, own: Collection[str]) -> bool:
    """Whether a `Host` header names us: one of our names, or any IP address."""
    name = hostname(host)
    if name in own:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def origin_allowed(
    origin: str | None, scheme: str, host: str, configured: Iterable[str] = ()
) -> bool:
    """Whether `origin` may open a WebSocket or change anything; `host` is already checked."""
    if origin is None:
        return True
    own = f"{_SCHEMES.get(scheme, scheme)}://{host}"
    return origin.lower() in {own.lower(), *map(str.lower, configured)}


class Guard:
    """ASGI middleware: refuses foreign hosts, origins and forms, adds the security headers."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str],
        origins: Iterable[str],
        forms: Iterable[str] = (),
    ) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.origins = frozenset(origins)
        self.forms = frozenset(forms)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or refuses it with a sentence.

        400 = a foreign host, 403 = a foreign origin, 415 = what changes something is no JSON.
        """
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not host_allowed(host, self.hosts):
            log.warning("refused host %r", host)
            await _refuse(400, f"this server is not called {host!r}", scope, receive, send)
        elif not _only_reads(scope) and not self._from_us(headers, scope["scheme"]):
            log.warning("refused origin %r", headers.get("origin"))
            await _refuse(403, "a page of another site may not do this", scope, receive, send)
        elif not _only_reads(scope) and not self._understood(headers, scope):
            await _refuse(415, f"the body must be {JSON}", scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send))

    def _from_us(self, headers: Headers, scheme: str) -> bool:
        return origin_allowed(headers.get("origin"), scheme, headers["host"], self.origins)

    def _understood(self, headers: Headers, scope: Scope) -> bool:
        if scope["type"] == "websocket":
            return True
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == (FORM if scope["path"] in self.forms else JSON)


def _only_reads(scope: Scope) -> bool:
    """Whether a request changes nothing, whoever sends it; a socket is read for long."""
    return scope["type"] == "http" and scope["method"] in _READS


async def _refuse(status: int, sentence: str, scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"error": sentence}, status)(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"].endswith("http.response.start"):
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return wrapped
