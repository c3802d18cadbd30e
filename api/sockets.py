"""The sockets of `/ws/v1`: a reader and a writer task a client; what to say is the hub's."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.hub import Hub
from api.mailbox import Allowance, Mailbox
from api.messages import (
    SUBPROTOCOL,
    BadMessage,
    Bye,
    Error,
    Hello,
    Resync,
    Subscribe,
    decode,
    encode,
)
from streams.core.errors import BadName

RESTART: Final = 1012
OVERLOAD: Final = 1013
TOO_SLOW: Final = 4408
TOO_MANY_MESSAGES: Final = 4429
SUBSCRIBE_WITHIN_S: Final = 5.0
MAX_CLIENTS: Final = 10_000
BATCH: Final = 200
"""Clients that are woken before the loop gets a breath."""
RETRY_MS: Final = (500, 5000)

log = logging.getLogger("pouls.api")


class Client:
    """One connection."""

    def __init__(self, socket: WebSocket, hub: Hub) -> None:
        self.socket = socket
        self.hub = hub
        self.mailbox = Mailbox()
        self.end: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """Set to a close code by whoever wants the connection to end at once."""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection has ended."""
        self._last: int | None = None
        self._wake = asyncio.Event()
        self._allowance = Allowance()

    def ring(self) -> bool:
        """Tells of a tick; returns False for a client that is too slow, which is then cut off."""
        self.mailbox.ring()
        if self.mailbox.too_slow(time.monotonic()):
            self.finish(TOO_SLOW)
            return False
        self._wake.set()
        return True

    def finish(self, code: int) -> None:
        """Closes now, whatever is still to be sent."""
        if not self.end.done():
            self.end.set_result(code)

    def dismiss(self, bye: Bye, code: int) -> None:
        """Says goodbye, then closes."""
        self.mailbox.note(encode(bye))
        self._last = code
        self._wake.set()

    async def run(self) -> None:
        """Serves the connection until one side ends it."""
        tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
        both: set[asyncio.Future[int | None]] = {*tasks, self.end}
        done, rest = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks & rest:
            task.cancel()
        await asyncio.gather(*(tasks & rest), return_exceptions=True)
        codes = [code for code in (each.result() for each in done) if code is not None]
        if codes:
            await self.socket.close(codes[0])

    async def _write(self) -> int | None:
        while True:
            text = self.mailbox.take(self.hub, time.monotonic())
            if text is None:
                if self._last is not None:
                    return self._last
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                await self.socket.send_text(text)
            except WebSocketDisconnect:
                return None
            self.mailbox.sent()

    async def _read(self) -> int | None:
        try:
            async with asyncio.timeout(SUBSCRIBE_WITHIN_S):
                while self.mailbox.view is None:
                    if not await self._hear():
                        return TOO_MANY_MESSAGES
            while await self._hear():
                pass
        except TimeoutError:
            return TOO_SLOW
        except WebSocketDisconnect:
            return None
        return TOO_MANY_MESSAGES

    async def _hear(self) -> bool:
        """Takes one message in; returns False when it is one too many."""
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        if not self._allowance.spend(time.monotonic()):
            return False
        text = message.get("text") or message.get("bytes") or b""
        self._obey(text)
        self._wake.set()
        return True

    def _obey(self, text: str | bytes) -> None:
        number = None
        try:
            match decode(text):
                case Resync():
                    self.mailbox.resync()
                case Subscribe() as message:
                    number = message.id
                    self._subscribe(message)
        except BadMessage as error:
            self.mailbox.note(encode(Error(None, "bad_message", str(error))))
        except BadName as error:
            self.mailbox.note(encode(Error(number, "bad_subscription", str(error))))

    def _subscribe(self, message: Subscribe) -> None:
        view, answer = self.hub.subscribe(message)
        self.release()
        self.mailbox.note(encode(answer))
        self.mailbox.show(view)

    def release(self) -> None:
        """Gives the view back to the hub."""
        if self.mailbox.view is not None:
            self.hub.release(self.mailbox.view)


class Lobby:
    """Everybody who is connected."""

    def __init__(
        self, hub: Hub, hello: Callable[[], Hello], max_clients: int = MAX_CLIENTS
    ) -> None:
        self.hub = hub
        self.hello = hello
        self.max_clients = max_clients
        self.clients: set[Client] = set()
        self.skipped = 0
        self.cut_off = 0
        self._closing = False

    async def serve(self, socket: WebSocket) -> None:
        """The endpoint: one connection from accept to close."""
        offered = socket.scope.get("subprotocols") or ()
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if self._closing or len(self.clients) >= self.max_clients:
            await socket.close(OVERLOAD)
            return
        client = Client(socket, self.hub)
        client.mailbox.note(encode(self.hello()))
        self.clients.add(client)
        try:
            await client.run()
        finally:
            self.clients.discard(client)
            client.release()
            client.gone.set_result(None)

    async def ring(self) -> None:
        """Wakes everybody after a tick, a batch at a time."""
        for i, client in enumerate(list(self.clients), 1):
            behind = client.mailbox.skipped
            if not client.ring():
                self.cut_off += 1
                log.warning("closed a client that read too slowly")
            self.skipped += client.mailbox.skipped > behind
            if i % BATCH == 0:
                await asyncio.sleep(0)

    async def close(self, within_s: float) -> None:
        """Says goodbye to everybody; those who do not read are cut off after `within_s`."""
        self._closing = True
        bye = Bye("restart", RETRY_MS)
        for client in list(self.clients):
            client.dismiss(bye, RESTART)
        if self.clients:
            await asyncio.wait({c.gone for c in self.clients}, timeout=within_s)
        for client in self.clients:
            client.finish(RESTART)
