"""Mistakes to plant: each takes one guard out, of the scripts, the owner or the follower."""

from collections.abc import Callable

from streams.core.changes import Changes
from streams.store import Beat, Commit, Follower, Message, Owner, Position, Step, Verdict
from tests.store.hands import Hand

# -- in the scripts: script → (text, what stands there instead)

COMMIT_WITHOUT_EPOCH = {
    "commit": [("if stored[1] ~= epoch then return 0 end", "if not stored[1] then return 0 end")]
}
COMMIT_WITHOUT_VERSION = {
    "commit": [("if version ~= expected then return 0 end", "")],
}
COMMIT_WITHOUT_KEY = {
    "commit": [
        (
            "if stored[1] ~= epoch then return 0 end",
            """if not stored[1] then
              stored = { epoch, ARGV[2], epoch }
              redis.call('HSET', head, 'epoch', epoch, 'build', epoch, 'hash', 'A', 'since', 1,
                'as_of', 0)
            end
            if stored[1] ~= epoch then return 0 end""",
        )
    ]
}
COMMIT_WITHOUT_LOST_REPLY = {
    "commit": [("if version == expected + 1 then return 2 end", "")],
}
COMMIT_DECODES_LATE = {
    "commit": [
        ("local names, tails, replaced, gone = unpack(cmsgpack.unpack(ARGV[9]))", ""),
        (
            "each('SADD', base .. 'segments', segments)",
            (
                "each('SADD', base .. 'segments', segments) "
                "local names, tails, replaced, gone = unpack(cmsgpack.unpack(ARGV[9]))"
            ),
        ),
    ]
}
COMMIT_REPLACES_FACTS = {
    "commit": [("before and before .. tails[j] or tails[j]", "tails[j]")],
}
COMMIT_UNPACKS_ALL = {"commit": [("for i = 1, #list, 1000 do", "for i = 1, #list, 30000 do")]}
COMMIT_KEEPS_UNTIL = {"commit": [("redis.call('HDEL', head, 'until')", "")]}
COMMIT_ENDS_REBUILD_EARLY = {
    "commit": [
        (
            "tonumber(ARGV[3]) + 1 >= tonumber(stored[4])",
            "tonumber(ARGV[3]) + 2 >= tonumber(stored[4])",
        )
    ]
}
COMMIT_DELETES_NOTHING = {"commit": [("each('HDEL', base .. name, del)", "")]}
COMMIT_WITHOUT_GAP = {"commit": [(", 'gap', ARGV[7])", ")")]}
EPOCH_RESTARTS = {
    "claim": [("local epoch = time[1] * 1000000 + time[2]", "local epoch = 1")],
}
EPOCH_REPEATS = {
    "claim": [("if stored[1] then epoch = math.max(epoch, tonumber(stored[1]) + 1) end", "")]
}
EPOCH_ROUNDED = {"claim": [("string.format('%.0f', epoch)", "tostring(epoch)")]}
CLAIM_TAKES_OLDER = {"claim": [("tonumber(since) <= tonumber(stored[3])", "false")]}
CLAIM_KEEPS_BUILD = {
    "claim": [("if changed then\n  if stored[4]", "if not stored[1] then\n  if stored[4]")]
}
CLAIM_LEAVES_OLD_BUILD = {"claim": [("redis.call('UNLINK', base .. name)", "")]}
CLAIM_WITHOUT_GAP = {"claim": [("tonumber(log_begin) > 0 and '0-' .. log_begin or ''", "''")]}
CLAIM_WITHOUT_UNTIL = {"claim": [("redis.call('HSET', head, 'until', log_end)", "")]}
CLAIM_ALWAYS_UNTIL = {"claim": [("tonumber(log_end) > tonumber(log_begin)", "true")]}
CLAIM_FORGETS_SINCE = {"claim": [("tonumber(since) > tonumber(stored[3])", "false")]}
BEAT_WITHOUT_EPOCH = {
    "beat": [("if stored[1] ~= epoch then return {} end", "if not stored[1] then return {} end")]
}
BEAT_WITHOUT_KEY = {
    "beat": [
        (
            "if stored[1] ~= epoch then return {} end",
            """if not stored[1] then return { '0', '1' } end
            if stored[1] ~= epoch then return {} end""",
        )
    ]
}
BEAT_ALWAYS_ASKED = {"beat": [("tonumber(stored[3]) + 1 >= tonumber(log_end)", "true")]}
BEAT_GOES_BACK = {"beat": [("math.max(as_of, tonumber(stored[5]))", "as_of")]}
BEAT_WITHOUT_ZEROS = {"beat": [("string.rep('0', 6 - #time[2])", "''")]}


# -- in the owner and its ledger


class OffersNewer(Owner):
    """Sends what was folded since, under the version in flight."""

    def commit(self, take: Callable[[], Changes]) -> Commit | None:
        """Forget what is in flight where there is more."""
        if self._flight is not None and self._flight.offset != self.folded:
            self._flight = None
        return super().commit(take)


class ClearsAtReply(Hand):
    """A ledger whose changes are taken again and again, until a reply has come."""

    version = -1

    def take(self) -> Changes:
        """Take everything since the last acknowledged commit."""
        if self.version != self.owner.version:
            self.version, self._before = self.owner.version, self.taken
        self.taken = self._before
        return super().take()


class AcknowledgesFolded(Owner):
    """Commits to the group what is only folded."""

    def to_group(self) -> Position | None:
        """The position after the last folded record."""
        return Position(self.folded + 1, self.refused)


class IgnoresRefusedBeats(Owner):
    """Believes that only commits can be refused."""

    def beaten(self, sent: Beat, answer: tuple[int, str] | None) -> Verdict:
        """Go on, whatever the answer."""
        return super().beaten(sent, answer or (sent.acknowledged, self.clock))


class IgnoresBeatVersions(Owner):
    """Takes any answered beat for a good one."""

    def beaten(self, sent: Beat, answer: tuple[int, str] | None) -> Verdict:
        """Do not look at the version."""
        return super().beaten(sent, answer and (sent.acknowledged, answer[1]))


class ComparesBeatsLate(Owner):
    """Compares a beat with what is acknowledged when its answer comes."""

    def beaten(self, sent: Beat, answer: tuple[int, str] | None) -> Verdict:
        """Look at the version of now."""
        return super().beaten(sent._replace(acknowledged=self.version), answer)


class WantsExactVersions(Owner):
    """Takes a commit that was stored after the beat was sent for somebody else's."""

    def beaten(self, sent: Beat, answer: tuple[int, str] | None) -> Verdict:
        """Refuse any other version."""
        exact = answer is not None and answer[0] == sent.acknowledged
        return super().beaten(sent, answer if exact else None)


class ClaimsAtOnce(Owner):
    """Claims again without asking the group."""

    def _refuse(self) -> Verdict:
        self.may_claim = True
        return super()._refuse()


class TakesOldAcknowledgements(Owner):
    """Lets a group commit from before the refusal count."""

    def in_group(self, position: Position) -> None:
        """Do not look at when it was asked."""
        super().in_group(position._replace(after_refusal=self.refused))


class TakesAnyReply(Owner):
    """Takes a reply to an earlier commit for one to the commit in flight."""

    def replied(self, sent: Commit, code: int) -> Verdict:
        """Do not look at what it answers."""
        return super().replied(self._flight or sent, code)


class AsksLate(Owner):
    """Dates the log's end by the clock of when it came."""

    def ended(self, end: int, asked: str) -> None:
        """Forget when it was asked."""
        del asked
        super().ended(end, self.clock)


class ForgetsGap(Owner):
    """Goes on where the log begins, and does not say that something was lost."""

    def lost(self, begin: int) -> None:
        """Move on."""
        gap = self.gap
        super().lost(begin)
        self.gap = gap


# -- in the follower


class IgnoresEpochs(Follower):
    """Compares versions of different owners."""

    def weigh(self, message: Message) -> Step:
        """Look at the version only."""
        return super().weigh(message._replace(epoch=self.head.epoch if self.head else 0))


class IgnoresGaps(Follower):
    """Applies any later commit."""

    def weigh(self, message: Message) -> Step:
        """Pretend that nothing was missed."""
        if message.commit and message.version > self.version:
            self.version = message.version - 1
        return super().weigh(message)


class TakesOldCommits(Follower):
    """Applies commits again."""

    def weigh(self, message: Message) -> Step:
        """Pretend that it is the next one."""
        if message.commit and self.head and message.epoch == self.head.epoch:
            message = message._replace(version=self.version + 1)
        return super().weigh(message)


class TakesAnyBeat(Follower):
    """Believes `as_of` whatever version it speaks of."""

    def weigh(self, message: Message) -> Step:
        """Pretend that it is about what is shown."""
        if not message.commit and message.version > self.version:
            message = message._replace(version=self.version)
        return super().weigh(message)


class NeverResets(Follower):
    """Goes on after a new subscription as if nothing had been missed."""

    def reset(self) -> None:
        """Do nothing."""


class ForgetsRebuilding(Follower):
    """Takes what is there for everything."""

    @property
    def rebuilding(self) -> bool:
        """Whether there is no key."""
        return self.head is None


class StaysWithoutKey(Follower):
    """Does not look again once there was no key."""

    def weigh(self, message: Message) -> Step:
        """Skip."""
        return super().weigh(message) if self.head else Step.SKIP
