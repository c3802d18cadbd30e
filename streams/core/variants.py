"""What a formula is called where a KPI has several: on tiles and cards, beside the number.

A service level is called by its id, adherence by whose rule it is.
"""

from collections.abc import Mapping
from typing import Final

from streams.core.words import Text

FLOW_OUTS: Final = "+flow-outs"
"""Ends the id of a formula that also counts those who flowed out in its whole."""
OFFLINE_OUT: Final = "+offline-out"
"""Ends the id of a formula by which being offline in a planned break is not adherent."""
_AMAZON: Final = Text("Amazon", "Amazon")
_AMAZON_2023: Final = Text("Amazon 2023", "Amazon 2023")
NAMES: Final[Mapping[str, Text]] = {
    **{x: Text(x, x) for x in ("SL-A", "SL-B", "SL-C", "SL-D", "SL-E", "SL-now")},
    "all": Text("short ones too", "courts compris"),
    "short_excluded": Text("short ones out", "courts exclus"),
    "ignore": _AMAZON,
    "exception": Text("Genesys", "Genesys"),
    "live": _AMAZON,
    "time": _AMAZON,
    f"ignore{OFFLINE_OUT}": _AMAZON_2023,
    f"exception{OFFLINE_OUT}": Text("Genesys strict", "Genesys strict"),
    f"live{OFFLINE_OUT}": _AMAZON_2023,
    f"time{OFFLINE_OUT}": _AMAZON_2023,
    "on_queue": Text("on-queue hours", "heures en file"),
    "staffed": Text("staffed hours", "heures connectées"),
    "paid": Text("paid hours", "heures payées"),
    "cost": Text("staffed time", "temps connecté"),
    "cost+fixed": Text("with fixed costs", "coûts fixes compris"),
    "cost-direct": Text("handle time", "temps de traitement"),
}
"""Formula id → its name; that of `+flow-outs` is made of it."""


def variant(formula: str, tolerance_ms: int = 0) -> Text:
    """Returns a formula's name, and within what tolerance it judges."""
    plain = formula.removesuffix(FLOW_OUTS)
    en, fr = NAMES[plain]
    if plain != formula:
        en, fr = f"{en}+flow-outs", f"{fr}+débordés"
    if not tolerance_ms:
        return Text(en, fr)
    within = _within(tolerance_ms)
    return Text(f"{en} ±{within}", f"{fr} ±{within.replace('.', ',')}")


def _within(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{ms / 1000:g}\u00a0s" if rest else f"{minutes}\u00a0min"
