"""Who would be told, on the demo's screen: a webhook on the loopback interface that prints.

The demo has no people, so the alerts' channels lead here. What comes is what a real receiver would
get; only the address and its secret are made up for this run.
"""

import http.server
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from streams.embedded import HOST

WHO: Final[Mapping[str, str]] = {"supervisor": "the supervisor", "manager": "the on-call manager"}
"""Channel → who is behind it in real life."""
RULES: Final = """\
version: 1
rules: []
channels:
  supervisor: ${POULS_DEMO_SUPERVISOR}
  manager: ${POULS_DEMO_MANAGER}
chains:
  on_call:
    - notify: channel:supervisor
    - wait: 5m
    - notify: channel:manager
routes:
  - match: {severity: critical}
    chain: on_call
    group_by: [channel, queue, team]
  - to: [channel:supervisor]
    group_by: [channel, queue, team]
"""
"""Of what is critical first one is told, then the other; of the rest only the first. What happens
in one queue is told as one thing."""


class Told:
    """Receives what alerts say and prints who would have been told; ends with the process.

    Args:
        say: Told a line for each message.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                who = WHO.get(self.path.partition("?")[0].strip("/"))
                self.send_response(404 if who is None else 204)
                self.end_headers()
                if who is not None:
                    say(line(who, json.loads(body)))

            def log_message(self, *_: object) -> None:
                """Says nothing of its own."""

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="told", daemon=True).start()

    @property
    def environ(self) -> dict[str, str]:
        """The variables that the rules name."""
        port, secret = self._server.server_port, secrets.token_hex(16)
        return {
            f"POULS_DEMO_{name.upper()}": f"webhook+http://{HOST}:{port}/{name}?secret={secret}"
            for name in WHO
        }

    def close(self) -> None:
        """Receives no more."""
        self._server.shutdown()
        self._server.server_close()


def line(who: str, notice: Mapping[str, Any]) -> str:
    """Returns who would have been told what."""
    return f"▶ {who} would be told: {notice['short']}"
