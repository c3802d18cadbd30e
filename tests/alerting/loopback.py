"""A server on the loopback interface that answers as a test wants: well, badly, late, or never."""

import asyncio
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import msgspec


class Request(NamedTuple):
    """What somebody sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return msgspec.json.decode(self.body)


class Answer(NamedTuple):
    """What it answers."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b"{}"


Behaviour = int | Answer | Literal["close", "never", "slow"]
"""A status; or: close the connection, say nothing, say it in many small pieces."""


class Loopback:
    """The server; without a script it answers 200.

    Attributes:
        requests: what came, in order.
        answers: what was answered to each.
        script: what it does, one after the other.
        after: what it does when the script is over.
        deaf: whether it closes connections without reading anything.
    """

    def __init__(self, *script: Behaviour, after: Behaviour = 200) -> None:
        self.requests: list[Request] = []
        self.answers: list[Behaviour] = []
        self.script = deque(script)
        self.after = after
        self.deaf = False
        self._came = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """HOST:PORT."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def came(self, n: int) -> None:
        """Returns once `n` requests have come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.requests) >= n)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.deaf:
                return
            request = await _read(reader)
            behaviour = self.script.popleft() if self.script else self.after
            async with self._came:
                self.requests.append(request)
                self.answers.append(behaviour)
                self._came.notify_all()
            await _answer(writer, behaviour)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    pairs = (line.split(":", 1) for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


async def _answer(writer: asyncio.StreamWriter, behaviour: Behaviour) -> None:
    if behaviour == "close":
        return
    if behaviour == "never":
        await asyncio.Event().wait()
    answer = behaviour if isinstance(behaviour, Answer) else Answer(200)
    if isinstance(behaviour, int):
        answer = Answer(behaviour)
    head = f"HTTP/1.1 {answer.status} X\r\nContent-Length: {len(answer.body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    raw = f"{head}Connection: close\r\n\r\n".encode() + answer.body
    pieces = [raw[i : i + 1] for i in range(len(raw))] if behaviour == "slow" else [raw]
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        if behaviour == "slow":
            await asyncio.sleep(0.002)
