"""Uvicorn as we run it: small messages, no compression, a goodbye before the sockets close."""

import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.sockets import Lobby

MAX_MESSAGE: Final = 16 * 1024
PING_S: Final = 10.0
CLOSE_S: Final = 5.0
"""How long a client may take to answer a close."""
GOODBYE_S: Final = 1.0
DRAIN_S: Final = 3
"""How long requests may take to end at shutdown."""


class Protocol(WebSocketsSansIOProtocol):
    """Uvicorn's, but a close does not wait for a client that reads nothing: it is cut off."""

    async def send(self, message: ASGISendEvent) -> None:
        """Sends an ASGI message."""
        if message["type"] == "websocket.close":
            self.writable.set()
            self.loop.call_later(CLOSE_S, self.transport.abort)
        await super().send(message)


class Server(uvicorn.Server):
    """Uvicorn's, but everybody who is connected hears of a restart first."""

    def __init__(self, config: uvicorn.Config, lobby: Lobby) -> None:
        super().__init__(config)
        self.lobby = lobby

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Says goodbye, then shuts down."""
        await self.lobby.close(GOODBYE_S)
        await super().shutdown(sockets)


def configure(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """Returns the server's configuration; `loop` is uvloop where it is installed."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="auto",
        ws=Protocol,
        ws_max_size=MAX_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        timeout_graceful_shutdown=DRAIN_S,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
