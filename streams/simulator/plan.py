"""The operation as data: after-sales service of a maker of appliances, open day and night.

Figures are those of a believable centre: some 10,000 contacts a working day, four in five calls
answered within 20 s, chats in parallel, tickets that wait for the customer. Who works when is not
written here: it follows from the load (`roster.py`).
"""

from typing import Final

import msgspec

DAY: Final = "day"
EVENING: Final = "evening"

# Share of the peak's load at each full local hour; between them it moves in a straight line.
CURVES: Final[dict[str, tuple[float, ...]]] = {
    DAY: (
        0.20, 0.18, 0.17, 0.17, 0.18, 0.20, 0.26, 0.40, 0.68, 0.92, 1.00, 0.97,
        0.74, 0.72, 0.88, 0.92, 0.87, 0.82, 0.70, 0.56, 0.44, 0.36, 0.29, 0.24,
    ),
    EVENING: (
        0.32, 0.25, 0.20, 0.18, 0.18, 0.20, 0.24, 0.32, 0.48, 0.62, 0.70, 0.72,
        0.76, 0.70, 0.66, 0.68, 0.72, 0.80, 0.88, 0.96, 1.00, 0.92, 0.70, 0.46,
    ),
}  # fmt: skip
WEEK: Final = (1.12, 1.02, 1.0, 0.98, 1.0, 0.74, 0.5)
"""Load of a weekday, Monday first."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Where contacts wait, and what they are like. Durations are means in seconds."""

    name: str
    channel: str
    team: str
    """Whose main work it is."""
    per_hour: float
    """Arrivals at the peak."""
    talk_s: float
    wrap_s: float
    products: tuple[str, ...]
    reasons: tuple[str, ...]
    curve: str = DAY
    patience_s: float = 420.0
    held: float = 0.22
    """Share of the legs with a hold."""
    transferred: float = 0.06
    transfer_to: str = ""
    overflow_to: str = ""


class Team(msgspec.Struct, frozen=True):
    """Agents of one site. `helps`: queues that the experienced ones serve, too."""

    name: str
    site: str
    helps: tuple[str, ...] = ()
    chats: int = 1
    """Chats that one of them takes at a time."""
    meets: tuple[int, ...] = (11 * 60 + 40, 20 * 60 + 20)
    """Minutes of the day at which its meetings begin: in quiet hours, once a shift."""


class Surge(msgspec.Struct, frozen=True):
    """Something that happens to the operation, in seconds from the moment that counts."""

    from_s: int
    to_s: int
    load: float
    """Arrivals are so many times as many."""
    queues: tuple[str, ...] = ()
    """Whose; () = everybody's."""
    absent: float = 0.0
    """Share of the agents of these queues who leave when it begins."""
    least: float = 0.0
    """At least so much arrives, as a share of the peak's load: at night, too."""
    stalled: bool = False
    """Whether nobody is answered until it ends; then whoever still waits is promised a callback."""


SCENARIOS: Final[dict[str, tuple[Surge, ...]]] = {
    "normal": (),
    "rush": (Surge(-1800, 3 * 3600, 1.5),),
    "recall": (Surge(-600, 3000, 3.0, queues=("lave-linge",), absent=0.3),),
    "incident": (Surge(-300, 105, 1.0, queues=("garantie",), least=3.0, stalled=True),),
}
"""Nothing; the first day of the sales; a recall of washing machines while agents are missing; the
telephones of one queue are out of order for a few minutes, and somebody must notice."""

_WASHING = ("Hydra 700", "Hydra 900", "Hydra Compact")
_KITCHEN = ("Fournil 60", "Fournil Pyro", "Givre 350", "Givre Duo")
_ALL = (*_WASHING, *_KITCHEN)

QUEUES: Final = (
    Queue(
        name="lave-linge", channel="voice", team="lavage", per_hour=170, talk_s=330, wrap_s=55,
        products=_WASHING, reasons=("fuite", "panne essorage", "code erreur", "bruit", "conseil"),
        transferred=0.09, transfer_to="garantie", overflow_to="garantie",
    ),
    Queue(
        name="garantie", channel="voice", team="contrats", per_hour=125, talk_s=280, wrap_s=70,
        products=_ALL, reasons=("prise en charge", "échange", "extension", "litige"),
        transfer_to="facturation",
    ),
    Queue(
        name="installation", channel="voice", team="lavage", per_hour=78, talk_s=360, wrap_s=60,
        products=_ALL, reasons=("rendez-vous", "mise en service", "raccordement"),
        transfer_to="lave-linge",
    ),
    Queue(
        name="facturation", channel="voice", team="contrats", per_hour=98, talk_s=230, wrap_s=45,
        products=_ALL, reasons=("facture", "remboursement", "paiement", "avoir"),
        patience_s=300, transferred=0.04, transfer_to="garantie",
    ),
    Queue(
        name="pièces", channel="voice", team="pieces", per_hour=58, talk_s=200, wrap_s=40,
        products=_ALL, reasons=("commande", "délai", "référence"), transfer_to="garantie",
        overflow_to="installation",
    ),
    Queue(
        name="chat SAV", channel="chat", team="chat", per_hour=150, talk_s=520, wrap_s=35,
        products=_ALL, reasons=("code erreur", "conseil", "suivi", "rendez-vous"),
        curve=EVENING, patience_s=240,
    ),
    Queue(
        name="chat commandes", channel="chat", team="chat", per_hour=64, talk_s=380, wrap_s=25,
        products=_ALL, reasons=("livraison", "commande", "retour"), curve=EVENING, patience_s=240,
    ),
    Queue(
        name="tickets SAV", channel="ticket", team="tickets", per_hour=30, talk_s=420, wrap_s=0,
        products=_ALL, reasons=("panne", "intervention", "prise en charge"),
    ),
    Queue(
        name="réclamations", channel="ticket", team="tickets", per_hour=12, talk_s=640, wrap_s=0,
        products=_ALL, reasons=("litige", "délai", "qualité"),
    ),
)  # fmt: skip

TEAMS: Final = (
    Team("lavage", "lyon", helps=("pièces",)),
    Team("contrats", "lille", helps=("installation",), meets=(11 * 60 + 50, 20 * 60 + 50)),
    Team("pieces", "lyon", helps=("lave-linge",)),
    Team("chat", "rabat", chats=3, meets=(9 * 60 + 50, 22 * 60 + 30)),
    Team("tickets", "lille", meets=(10 * 60, 18 * 60)),
)
GROUPS: Final = ("standard", "standard", "standard", "standard", "premium", "pro", "nouveau")
LANGUAGES: Final = ("fr", "fr", "fr", "fr", "fr", "fr", "fr", "en", "en", "ar")
