"""How long: in each state, against the plan, and how time is off it."""

from typing import Final

from streams.core.catalogue import Kpi, time, time_judged
from streams.core.kpis_agents.sources import AMAZON_PLAN
from streams.core.words import Text

TIMES: Final[tuple[Kpi, ...]] = (
    time(
        "on_contact_time",
        "time_on_contact",
        name=Text("Time on contact", "Temps en contact"),
        definition=Text(
            "Time of agents with customers, cut to the window; hold and wrap-up apart.",
            "Temps des conseillers avec des clients, limité à la fenêtre ; mise en attente et "
            "post-appel à part.",
        ),
        direction="context",
        source="Amazon Connect: agent activity is cut to the interval",
    ),
    time(
        "available_time",
        "time_available",
        name=Text("Time available", "Temps disponible"),
        definition=Text(
            "Time of agents waiting for a contact.",
            "Temps des conseillers en attente d’un contact.",
        ),
        direction="context",
        source="Amazon Connect: agent idle time; ringing is left out",
    ),
    time(
        "wrap_time_total",
        "time_wrap_up",
        name=Text("Time in wrap-up", "Temps de post-appel"),
        definition=Text(
            "Time of agents in the work after contacts, by their states.",
            "Temps des conseillers en post-appel, d’après leurs états.",
        ),
        direction="context",
        source="Amazon Connect: after contact work time",
    ),
    time(
        "staffed_time",
        "time_staffed",
        name=Text("Staffed time", "Temps connecté"),
        definition=Text(
            "Time of agents in any known state but offline.",
            "Temps des conseillers dans tout état connu sauf hors ligne.",
        ),
        direction="context",
        source="Amazon Connect: online time",
    ),
    time(
        "scheduled_time",
        "time_scheduled",
        name=Text("Scheduled time", "Temps planifié"),
        definition=Text(
            "Time up to now under an activity that counts for adherence, the agent’s state known.",
            "Temps écoulé sous une activité suivie par l’adhérence, état du conseiller connu.",
        ),
        direction="context",
        source=AMAZON_PLAN,
    ),
    time_judged(
        "adherent_time",
        "time_adherent",
        name=Text("Adherent time", "Temps adhérent"),
        definition=Text(
            "Scheduled time in a state that fits: on queue in a productive activity, paused in "
            "another.",
            "Temps planifié dans un état qui convient : en file sur une activité productive, en "
            "pause sur une autre.",
        ),
        direction="context",
        source=f"{AMAZON_PLAN}; offline in a break fits, by its guide of 2023 it does not",
    ),
    time_judged(
        "schedule_variance",
        "time_scheduled - time_adherent",
        name=Text("Off schedule", "Écart au planning"),
        definition=Text(
            "Scheduled time that was not adherent: late, left early, breaks too long, other "
            "things.",
            "Temps planifié non adhérent : retards, départs anticipés, pauses dépassées, autres "
            "écarts.",
        ),
        direction="lower",
        source="Genesys Cloud: exceptions",
    ),
    time_judged(
        "out_late",
        "time_out_late",
        name=Text("Late", "Retards"),
        definition=Text(
            "Scheduled time of a block before the first state that fits.",
            "Temps planifié d’un bloc avant le premier état qui convient.",
        ),
        direction="lower",
        source="Pouls",
    ),
    time_judged(
        "out_early_leave",
        "time_out_early_leave",
        name=Text("Left early", "Départs anticipés"),
        definition=Text(
            "Scheduled time of a block after the last state that fits.",
            "Temps planifié d’un bloc après le dernier état qui convient.",
        ),
        direction="lower",
        source="Pouls",
    ),
    time_judged(
        "out_long_break",
        "time_out_long_break",
        name=Text("Breaks too long", "Pauses dépassées"),
        definition=Text(
            "Productive scheduled time that was still paused from the break before it.",
            "Temps productif planifié encore en pause depuis la pause précédente.",
        ),
        direction="lower",
        source="Pouls",
    ),
    time_judged(
        "out_wrong_activity",
        "time_out_wrong_activity",
        name=Text("At something else", "Autre activité"),
        definition=Text(
            "All other scheduled time in a state that does not fit the activity.",
            "Tout autre temps planifié dans un état qui ne convient pas à l’activité.",
        ),
        direction="lower",
        source="Pouls",
    ),
)
"""In the order in which they are shown."""
