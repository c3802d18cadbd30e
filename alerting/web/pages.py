"""Pages without JavaScript, each with a policy that lets it do nothing but what it is for."""

import base64
import hashlib
import importlib.resources
from typing import Any, Final

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.responses import HTMLResponse, Response

STYLE: Final = (
    importlib.resources.files("alerting").joinpath("templates/page.css").read_text("utf-8")
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action {forms}; "
    "frame-ancestors 'none'"
)


def _template(name: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = importlib.resources.files("alerting") / "templates" / f"{name}.html.j2"
    return environment.from_string(source.read_text("utf-8"))


_TEMPLATES: Final = {name: _template(name) for name in ("ack", "handover")}


def page(name: str, status: int = 200, *, form: bool = False, **values: Any) -> Response:  # noqa: ANN401  whatever the template shows
    """Returns a page.

    Args:
        name: Of the template.
        status: Of the answer.
        form: Whether it may send a form to us. Then it tells us where it comes from: under
            `no-referrer` a browser would send a form without an origin that we know.
        values: What the template shows.
    """
    policy = _POLICY.format(digest=_DIGEST, forms="'self'" if form else "'none'")
    headers = {
        "content-security-policy": policy,
        "referrer-policy": "same-origin" if form else "no-referrer",
        "cache-control": "no-store",
        "x-robots-tag": "noindex",
    }
    return HTMLResponse(_TEMPLATES[name].render(style=STYLE, **values), status, headers)
