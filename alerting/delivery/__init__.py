"""From a notice to people who have heard of it.

- addresses.py: who is meant now, and where they are; the only place where addresses are secrets.
- spreading.py: a notice becomes one delivery for each address.
- sending.py: a delivery is told and accounted for, with policy.py (retries, breaker), rates.py
  (pages to a person), letters.py (words and links), lanes.py (order).
- keep.py: what must be repeated is repeated.
- worker.py: `Sender`, which does all this.

How one attempt is made: `alerting/notifiers`. What is kept: `alerting/store`.
"""

from alerting.delivery.addresses import Addresses
from alerting.delivery.letters import Letters
from alerting.delivery.policy import Policy
from alerting.delivery.rates import RedisRates
from alerting.delivery.worker import Sender

__all__ = ["Addresses", "Letters", "Policy", "RedisRates", "Sender"]
