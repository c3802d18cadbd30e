"""What one client has still to be told: a flag, never a queue of states."""

from collections import deque
from typing import Final

from api.hub import Hub
from api.views import View

MAX_SKIPS: Final = 30
"""Ticks in a row that a client may miss."""
MAX_BLOCKED_S: Final = 15.0
"""How long one send may hang."""
MAX_MESSAGES: Final = 10
PER_S: Final = 10.0


class Mailbox:
    """A mailbox of one: the newest state, behind the notes that answer the client itself."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.skipped = 0
        """Ticks in a row that found the one before not yet sent."""
        self._seen: int | None = None
        self._due = False
        self._notes: deque[str] = deque()
        self._sending_since: float | None = None

    def show(self, view: View) -> None:
        """Another view: its snapshot is due."""
        self.view = view
        self.resync()

    def resync(self) -> None:
        """Forgets what the client has seen: a snapshot is due."""
        self._seen, self._due = None, True

    def note(self, text: str) -> None:
        """A message for this client alone; goes before the state."""
        self._notes.append(text)

    def ring(self) -> None:
        """A tick happened."""
        if self.view is None:
            return
        self.skipped += self._due
        self._due = True

    def take(self, hub: Hub, now_s: float) -> str | None:
        """Returns what is to be sent next; the caller says `sent` afterwards."""
        if self._notes:
            text = self._notes.popleft()
        elif self._due and self.view is not None and self._seen != hub.seq:
            text = hub.text(self.view, self._seen)
            self._seen, self._due = hub.seq, False
        else:
            self._due = False
            return None
        self._sending_since = now_s
        return text

    def sent(self) -> None:
        """The transport took it."""
        self._sending_since = None
        self.skipped = 0

    def too_slow(self, now_s: float) -> bool:
        """Whether the client reads too slowly to be kept."""
        since = self._sending_since
        blocked = since is not None and now_s - since > MAX_BLOCKED_S
        return blocked or self.skipped > MAX_SKIPS


class Allowance:
    """So many messages in so many seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MAX_MESSAGES)

    def spend(self, now_s: float) -> bool:
        """Takes one message in; returns whether it was still allowed."""
        if len(self._times) == MAX_MESSAGES and now_s - self._times[0] < PER_S:
            return False
        self._times.append(now_s)
        return True
