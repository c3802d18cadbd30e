"""What measures are called in the texts of formulas, in both languages."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
BEYOND: Final = "waiting_beyond"
"""Not a measure of cells: contacts that wait beyond their answer target now (SL-now)."""


class Text(NamedTuple):
    """A sentence in both languages."""

    en: str
    fr: str


STRICT: Final = "_strict"
"""Ends measures that judge by the rule that being offline in a break is not adherent."""
JUDGED: Final[Mapping[str, Text]] = {
    "adherent": Text("adherent", "adhérents"),
    "out": Text("out of adherence", "hors planning"),
    "missing": Text("missing", "absents"),
    "time_adherent": Text("adherent time", "temps adhérent"),
    "time_out": Text("time out of adherence", "temps hors planning"),
    "time_out_late": Text("time late", "temps de retard"),
    "time_out_early_leave": Text("time left early", "temps de départ anticipé"),
    "time_out_long_break": Text("time of breaks too long", "temps de pause dépassée"),
    "time_out_wrong_activity": Text("time at something else", "temps d’autre activité"),
}
"""Measures that judge by the plan: each also with `STRICT`."""

WORDS: Final[Mapping[str, Text]] = {
    "offered": Text("offered", "présentés"),
    "answered": Text("answered", "pris en charge"),
    "answered_within": Text("answered within the target", "pris en charge dans le délai"),
    "abandoned": Text("abandoned", "abandonnés"),
    "abandoned_within": Text("abandoned within the target", "abandonnés dans le délai"),
    "short_abandoned": Text("short abandons", "abandons courts"),
    "callback_within": Text("callbacks within the target", "rappels dans le délai"),
    "flowed_out": Text("flowed out", "débordés"),
    "transferred": Text("transferred", "transférés"),
    "handled": Text("handled", "traités"),
    "wait_ms": Text("wait", "attente"),
    "wait_abandoned_ms": Text("wait", "attente"),
    "talk_ms": Text("talk", "conversation"),
    "hold_ms": Text("hold", "mise en attente"),
    "wrap_ms": Text("wrap-up", "post-appel"),
    "waiting": Text("waiting now", "en attente maintenant"),
    "in_progress": Text("served now", "en cours maintenant"),
    "orphaned": Text("silent beyond their limit", "silencieux au-delà de leur limite"),
    BEYOND: Text("waiting beyond the target now", "en attente au-delà du délai maintenant"),
    "handled_by_nobody": Text("handled by nobody known", "traités sans conseiller connu"),
    "answered_by_nobody": Text("answered by nobody known", "pris en charge sans conseiller connu"),
    "missed": Text("missed rings", "sonneries manquées"),
    "rings_left": Text("rings that the caller left", "sonneries quittées par l’appelant"),
    "solved": Text("solved", "résolus"),
    "time_available": Text("time available", "temps disponible"),
    "time_on_contact": Text("time on contact", "temps en contact"),
    "time_wrap_up": Text("time in wrap-up", "temps de post-appel"),
    "time_staffed": Text("staffed time", "temps connecté"),
    "time_on_queue": Text("time on queue", "temps en file"),
    "time_busy": Text("time busy", "temps occupé"),
    "time_outside_counted": Text("time outside the plan", "temps hors plage prévue"),
    "time_productive": Text("time planned as productive", "temps prévu productif"),
    "time_scheduled": Text("scheduled time", "temps planifié"),
    "time_contacts": Text("contact time", "temps de contact"),
    "time_capacity": Text("time of all places on queue", "temps de toutes les places en file"),
    "staffed": Text("staffed", "connectés"),
    "available": Text("available", "disponibles"),
    "ringing": Text("ringing", "en sonnerie"),
    "on_contact": Text("on contact", "en contact"),
    "hold": Text("on hold", "avec un client en attente"),
    "wrap_up": Text("in wrap-up", "en post-appel"),
    "paused": Text("paused", "en pause"),
    "unknown": Text("unknown", "d’état inconnu"),
    "scheduled": Text("scheduled", "planifiés"),
    **JUDGED,
    **{
        measure + STRICT: Text(
            f"{words.en} (offline in a break is out)",
            f"{words.fr} (hors ligne en pause compte comme écart)",
        )
        for measure, words in JUDGED.items()
    },
}
"""What measures are called in formulas."""
