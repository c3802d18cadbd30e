"""A consumer group's coordinator: members, generations, assignments, committed offsets."""

SESSION_US = 3_000_000
"""After so long without a heartbeat a member is thrown out."""


class Group:
    """What the broker knows of the workers."""

    def __init__(self, sources: list[str]) -> None:
        self.sources = sources
        self.generation = 0
        self.offsets: dict[str, int] = {}
        self._seen_us: dict[int, int] = {}
        self._assigned: dict[int, set[str]] = {}
        self._joined: set[int] | None = None
        """Members that have joined the generation to come; None = nothing is changing."""
        self._deadline_us = 0
        self._members = 0

    @property
    def changing(self) -> bool:
        """Whether members are to give up what they have and join again."""
        return self._joined is not None

    def enter(self, now_us: int) -> int:
        """Return a new member, which has joined."""
        self._members += 1
        self._seen_us[self._members] = now_us
        self.rebalance(now_us)
        self.join(self._members)
        return self._members

    def join(self, member: int) -> None:
        """Note that a member has given up what it had."""
        assert self._joined is not None
        self._joined.add(member)

    def has_joined(self, member: int) -> bool:
        """Whether a member waits for the generation to come."""
        return self._joined is not None and member in self._joined

    def heartbeat(self, member: int, now_us: int) -> bool:
        """Return whether the member still belongs to the group."""
        if member not in self._seen_us:
            return False
        self._seen_us[member] = now_us
        return True

    def assignment(self, member: int) -> set[str]:
        """Return what a member has in this generation."""
        return self._assigned.get(member, set())

    def commit(self, member: int, generation: int, source: str, offset: int) -> bool:
        """Commit an offset; only members of this generation can."""
        if member not in self._seen_us or generation != self.generation:
            return False
        self.offsets[source] = offset
        return True

    def rebalance(self, now_us: int, within_us: int = SESSION_US) -> None:
        """Begin a new generation; who has not joined within that time is thrown out."""
        if self._joined is None:
            self._joined, self._deadline_us = set(), now_us + within_us

    def tick(self, now_us: int) -> None:
        """Let time pass."""
        dead = [m for m, seen in self._seen_us.items() if now_us - seen > SESSION_US]
        for member in dead:
            del self._seen_us[member]
        if dead:
            self.rebalance(now_us)
        if self._joined is not None and (
            now_us >= self._deadline_us or self._joined >= set(self._seen_us)
        ):
            self._begin(self._joined)

    def _begin(self, joined: set[int]) -> None:
        self._seen_us = {m: seen for m, seen in self._seen_us.items() if m in joined}
        self.generation += 1
        self._joined = None
        members = sorted(self._seen_us)
        self._assigned = {member: set() for member in members}
        for i, source in enumerate(self.sources):
            if members:
                self._assigned[members[(i + self.generation) % len(members)]].add(source)
