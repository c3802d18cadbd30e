"""What all handlers do alike: read a body of bounded size, answer JSON, tell mistakes."""

from collections.abc import Awaitable, Callable, Collection
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alerting.acts import ActsAway
from alerting.web.acting import Done
from alerting.web.fields import BODY, BadField, BadFields, Fields, body
from streams.store import StoreAway

JSON: Final = "application/json"
Handler = Callable[[Request], Awaitable[Response]]


class NotFound(Exception):
    """There is no such thing: status 404, with the sentence."""


def answer(said: object, status: int = 200) -> Response:
    """Returns an answer of JSON."""
    return Response(msgspec.json.encode(said), status, media_type=JSON)


def done(act: Done, **more: object) -> Response:
    """Returns what is answered to an act."""
    return answer(act.answer() | more, act.status)


def handled(handler: Handler) -> Handler:
    """Returns a handler that tells mistakes: 400 names every one, 503 says who is away."""

    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except BadFields as mistakes:
            return answer({"error": "bad request", "parameters": mistakes.fields}, 400)
        except NotFound as error:
            return answer({"error": str(error)}, 404)
        except (ActsAway, StoreAway) as away:
            return answer({"error": str(away)}, 503)

    wrapped.__name__ = getattr(handler, "__name__", "handler")
    wrapped.__doc__ = handler.__doc__
    return wrapped


async def read(request: Request, most: int = BODY) -> bytes:
    """Returns a request's body.

    Raises:
        BadFields: it is too long; what comes beyond is not read.
    """
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > most:
            raise BadFields([BadField("body", f"is longer than {most} bytes")])
    return bytes(raw)


async def fields(request: Request, known: Collection[str]) -> Fields:
    """Returns the fields of a JSON body.

    Raises:
        BadFields: it is no JSON object.
    """
    return body(await read(request), known)
