"""What share of their time: adherence, conformance, occupancy and their like."""

from typing import Final

from streams.core.catalogue import Kpi, time_share, time_share_judged
from streams.core.policy import Target
from streams.core.words import Text

SHARES: Final[tuple[Kpi, ...]] = (
    time_share_judged(
        "adherence",
        formulas={
            "ignore": ("time_adherent", "time_scheduled"),
            "exception": ("time_adherent", "time_scheduled + time_outside_counted"),
        },
        setting=lambda f: f.out_of_shift,
        name=Text("Adherence", "Adhérence"),
        definition=Text(
            "Share of the scheduled time in which the state fitted the activity; whether work "
            "outside the plan is an exception is a setting.",
            "Part du temps planifié pendant laquelle l’état convenait à l’activité ; le travail "
            "hors plage est ou non un écart, selon le réglage.",
        ),
        direction="higher",
        source="ignore: Amazon Connect, adherence; exception: Genesys Cloud, adherence; target: "
        "trade, 90 %, 85 % at least",
        target=Target(low=0.9, warning_low=0.85),
    ),
    time_share(
        "conformance",
        "time_on_queue",
        "time_productive",
        "ratio",
        name=Text("Conformance", "Conformité"),
        definition=Text(
            "All time on queue over the time planned as productive, whenever it was; may exceed "
            "100 %.",
            "Tout le temps en file rapporté au temps prévu productif, à quelque moment que ce "
            "soit ; peut dépasser 100 %.",
        ),
        direction="band",
        source="Genesys Cloud: conformance; target: its users, 95 to 105 %",
        target=Target(low=0.95, high=1.05, warning_low=0.9, warning_high=1.1),
    ),
    time_share(
        "occupancy",
        "time_busy",
        "time_busy + time_available",
        "ratio",
        name=Text("Occupancy", "Occupation"),
        definition=Text(
            "Share of the time busy (on contact, hold, wrap-up) in the time busy or available; "
            "one chat of three is busy.",
            "Part du temps occupé (contact, mise en attente, post-appel) dans le temps occupé ou "
            "disponible ; un chat sur trois, c’est occupé.",
        ),
        direction="band",
        source="Amazon Connect: occupancy; target: trade, 70 to 85 %; only beyond 90 % critical",
        target=Target(low=0.7, high=0.85, warning_high=0.9),
    ),
    time_share(
        "utilisation",
        "time_busy",
        "time_staffed",
        "ratio",
        name=Text("Utilisation", "Utilisation"),
        definition=Text(
            "Share of the staffed time, pauses among it, that was busy.",
            "Part du temps connecté, pauses comprises, qui était occupé.",
        ),
        direction="context",
        source="Genesys Cloud: utilization",
    ),
    time_share(
        "concurrency",
        "time_contacts",
        "time_busy",
        "number",
        name=Text("Concurrency", "Contacts simultanés"),
        definition=Text(
            "How many contacts an agent holds at once, on average over the time busy.",
            "Combien de contacts un conseiller tient à la fois, en moyenne sur le temps occupé.",
        ),
        direction="context",
        source="Amazon Connect: active slots",
    ),
    time_share(
        "slots_used",
        "time_contacts",
        "time_capacity",
        "ratio",
        name=Text("Slots used", "Places occupées"),
        definition=Text(
            "Share of the places for contacts that were taken, over the time on queue.",
            "Part des places de contact occupées, sur le temps en file.",
        ),
        direction="context",
        source="Amazon Connect: active slots of maximum slots",
    ),
)
"""In the order in which they are shown."""
