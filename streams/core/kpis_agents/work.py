"""What comes of it: contacts an hour, their cost, and what agents did with them."""

from typing import Final

from streams.core.catalogue import Kpi, cost, count, rate, share
from streams.core.words import Text

WORK: Final[tuple[Kpi, ...]] = (
    rate(
        "contacts_per_hour",
        "handled",
        times={
            "on_queue": "time_on_queue",
            "staffed": "time_staffed",
            "paid": "time_scheduled",
        },
        setting=lambda f: f.productivity,
        name=Text("Contacts per hour", "Contacts par heure"),
        definition=Text(
            "Contacts handled per hour of agents: on queue, staffed or paid (scheduled time, in "
            "which no state is unknown), by a setting.",
            "Contacts traités par heure de conseiller : en file, connecté ou payé (temps "
            "planifié, sans celui d’état inconnu), selon le réglage.",
        ),
        direction="band",
        source="Genesys Cloud: interactions per on-queue hour",
    ),
    cost(
        "cost_per_contact",
        formulas={"cost": "staffed", "cost+fixed": "staffed+fixed", "cost-direct": "handling"},
        setting=lambda f: f.cost,
        name=Text("Cost per contact", "Coût par contact"),
        definition=Text(
            "Cost of staffed time, for the site with the fixed costs, per contact handled; by "
            "channel, queue and the like the cost of handle time. No rates, no value.",
            "Coût du temps connecté, avec les coûts fixes pour le site, par contact traité ; par "
            "canal, file, etc. le coût du temps de traitement. Pas de valeur sans taux.",
        ),
        direction="lower",
        source="Pouls: rates and fixed costs of `[cost]`",
    ),
    count(
        "handled_by_agent",
        "handled - handled_by_nobody",
        name=Text("Handled by agents", "Traités par conseiller"),
        definition=Text(
            "Services that are over and of which the agent is known.",
            "Prises en charge terminées dont le conseiller est connu.",
        ),
        direction="context",
        source="Amazon Connect: contacts handled, by agent",
    ),
    count(
        "cases_solved",
        "solved",
        name=Text("Cases solved", "Cas résolus"),
        definition=Text(
            "Contacts that were said to be solved, counted each time; outside a service they are "
            "nobody’s.",
            "Contacts déclarés résolus, comptés à chaque fois ; hors prise en charge, ils ne sont "
            "à personne.",
        ),
        direction="context",
        source="Zendesk: solved tickets",
    ),
    share(
        "nonresponse_rate",
        formulas={
            "all": (
                "missed - rings_left",
                "missed - rings_left + answered - answered_by_nobody",
            )
        },
        flow_outs=(),
        setting=lambda _: "all",
        name=Text("Non-response", "Non-décroché"),
        definition=Text(
            "Share of the contacts that rang at an agent and were not taken; those whose caller "
            "left are apart.",
            "Part des contacts présentés à un conseiller et non pris ; ceux que l’appelant a "
            "quittés sont à part.",
        ),
        direction="lower",
        source="Amazon Connect: agent non-response without customer abandons",
    ),
)
"""In the order in which they are shown."""
