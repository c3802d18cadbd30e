"""The built wall, served from `api/static`: hashed assets for ever, its page never from a cache."""

import hashlib
import importlib.metadata
import re
from pathlib import Path
from typing import Final

from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
HASHED: Final = re.compile(r"-[0-9A-Z]{8}\.\w+$")
FOR_EVER: Final = "public, max-age=31536000, immutable"
NOT_BUILT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Pouls</title>
<h1>The wall is not built</h1> <p>This checkout has no built wall yet: run <code>make wall</code>,
then load this page again.</p> <p>The API works: <a href="/api/v1/readings">/api/v1/readings</a>, <a
href="/readyz">/readyz</a>.</p></html>
"""


def version() -> str:
    """Returns Pouls' version."""
    try:
        return importlib.metadata.version("pouls")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "0"


def build(folder: Path) -> str:
    """Returns what changes with every build of the wall: version + digest of its page."""
    page = folder / "index.html"
    digest = hashlib.sha256(page.read_bytes()).hexdigest()[:12] if page.is_file() else "unbuilt"
    return f"{version()}+{digest}"


def index(folder: Path) -> Response:
    """Returns the wall's page, or says how to build it."""
    page = folder / "index.html"
    if not page.is_file():
        return HTMLResponse(NOT_BUILT, 503, headers={"cache-control": "no-store"})
    return FileResponse(page, headers={"cache-control": "no-cache"})


class Assets(StaticFiles):
    """The files that the page names: those with a digest in their names never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Returns a file."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = FOR_EVER if HASHED.search(path) else "no-cache"
        return response
