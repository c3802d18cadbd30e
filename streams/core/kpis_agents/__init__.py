"""The catalogue's entries about agents: who is there, what they do, against the plan, at what cost.

What an agent is *on queue*, *busy*, *staffed*, *scheduled* or *adherent* for is told by
`docs/counting.md`; the measures called `time_…` are sums of it in ms.
"""

from typing import Final

from streams.core.catalogue import Kpi
from streams.core.kpis_agents.now import NOW
from streams.core.kpis_agents.shares import SHARES
from streams.core.kpis_agents.times import TIMES
from streams.core.kpis_agents.work import WORK

AGENT_ENTRIES: Final[tuple[Kpi, ...]] = (*NOW, *TIMES, *SHARES, *WORK)
"""In the order in which they are shown."""
