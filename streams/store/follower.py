"""One source in one reader: which messages count, and when everything has to be read again.

Theory of operation. A reader subscribes first and reads a source whole afterwards, so that no
commit falls between the two. Then each message is weighed: a commit already known is skipped, the
next one is applied, a beat for what is shown says how fresh it is. Anything that leaves a doubt (a
version missed, another epoch, a new subscription) leads to reading everything again, never to a
guess.

A message that is received while the source is to be read is skipped: reading begins after it came,
and so shows what it said. Hence messages must not be taken between sending a read and its answer.
"""

from enum import Enum

from streams.store.shapes import Head, Message


class Step(Enum):
    """What the shell has to do with a message."""

    SKIP = "skip"
    CHANGE = "change"
    """Apply its cells; freshness has to be told, too."""
    MARK = "mark"
    """Tell how fresh the source is."""
    LOAD = "load"
    """Read the source whole."""


class Follower:
    """What a reader shows of one source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.loading = True
        """The source is to be read whole."""
        self.head: Head | None = None
        """What was last read; `None` = there was no key, or nothing was read yet."""
        self.version = 0
        self.offset = -1
        self.as_of_ms = 0

    @property
    def rebuilding(self) -> bool:
        """Whether the numbers are incomplete: no key, or the log is still being folded."""
        until = None if self.head is None else self.head.until
        return self.head is None or (until is not None and self.offset + 1 < until)

    def reset(self) -> None:
        """Notes that messages may have been missed: a new subscription."""
        self.loading = True

    def loaded(self, head: Head | None) -> None:
        """Notes what was read: the head that goes with the cells, `None` where there is no key."""
        self.head, self.loading = head, False
        if head is not None:
            self.version, self.offset, self.as_of_ms = head.version, head.offset, head.as_of_ms

    def weigh(self, message: Message) -> Step:
        """Returns what to do with a message, and takes its numbers in."""
        if self.loading:
            return Step.LOAD
        if self.head is None or message.epoch != self.head.epoch:
            return self._doubt()
        if message.version < self.version or (message.commit and message.version == self.version):
            return Step.SKIP
        if not message.commit and message.version == self.version:
            self.as_of_ms = max(self.as_of_ms, message.number)
            return Step.MARK
        if message.commit and message.version == self.version + 1:
            self.version, self.offset = message.version, message.number
            return Step.CHANGE
        return self._doubt()

    def _doubt(self) -> Step:
        self.loading = True
        return Step.LOAD
