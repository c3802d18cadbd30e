"""The memory of alerts in Redis: who leads, what is held, what is still to be told.

- `LeaderStore` (redis.py): the lease, what a leader holds, one commit a tick; what others look at.
- `AlertStore` (outbox.py): that, and the outboxes of the senders.
- shapes.py has the data that they hand out and take in, and the names of the keys.
"""

from alerting.store.outbox import AlertStore
from alerting.store.shapes import (
    FEED,
    Begin,
    Commit,
    Dead,
    Delivery,
    Head,
    Held,
    Lease,
    Outbox,
    Told,
)
from streams.store import StoreAway

__all__ = [
    "FEED", "AlertStore", "Begin", "Commit", "Dead", "Delivery", "Head", "Held", "Lease", "Outbox",
    "StoreAway", "Told",
]  # fmt: skip
