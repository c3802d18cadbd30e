"""The catalogue's entries about agents: who is there, what they do, against the plan, at what cost.

What an agent is *on queue*, *busy*, *staffed*, *scheduled* or *adherent* for is told by
`docs/counting.md`; the measures called `time_…` are sums of it in ms.
"""

from typing import Final

from streams.core.catalogue import (
    Kpi,
    agents,
    agents_judged,
    cost,
    count,
    rate,
    share,
    time,
    time_judged,
    time_share,
    time_share_judged,
)
from streams.core.policy import Target
from streams.core.words import Text

_AMAZON_PLAN: Final = "Amazon Connect: schedule adherence"

_NOW: Final = (
    agents(
        "agents_staffed",
        "staffed",
        name=Text("Staffed", "Connectés"),
        definition=Text(
            "Agents who are there now, in any state but offline; each counts once.",
            "Conseillers présents maintenant, dans tout état sauf hors ligne ; chacun compte une "
            "fois.",
        ),
        direction="context",
        source="Twilio Flex: an agent of two queues counts once; Amazon Connect: online",
    ),
    agents(
        "agents_available",
        "available",
        name=Text("Available", "Disponibles"),
        definition=Text(
            "Agents who wait for a contact now.",
            "Conseillers qui attendent un contact maintenant.",
        ),
        direction="context",
        source="Amazon Connect: available",
    ),
    agents(
        "agents_ringing",
        "ringing",
        name=Text("Ringing", "En sonnerie"),
        definition=Text(
            "Agents at whom a contact rings now.",
            "Conseillers chez qui un contact sonne maintenant.",
        ),
        direction="context",
        source="Amazon Connect: incoming",
    ),
    agents(
        "agents_on_contact",
        "on_contact",
        name=Text("On contact", "En contact"),
        definition=Text(
            "Agents who speak or write with a customer now; hold and wrap-up apart.",
            "Conseillers en échange avec un client maintenant ; mise en attente et post-appel à "
            "part.",
        ),
        direction="context",
        source="Amazon Connect: on contact goes before wrap-up before ringing before paused",
    ),
    agents(
        "agents_on_hold",
        "hold",
        name=Text("Holding", "Client en attente"),
        definition=Text(
            "Agents all of whose customers are on hold now.",
            "Conseillers dont tous les clients sont mis en attente maintenant.",
        ),
        direction="context",
        source="Amazon Connect: connected, on hold",
    ),
    agents(
        "agents_wrap_up",
        "wrap_up",
        name=Text("In wrap-up", "En post-appel"),
        definition=Text(
            "Agents in the work after a contact now.",
            "Conseillers en post-appel maintenant.",
        ),
        direction="context",
        source="Amazon Connect: after contact work",
    ),
    agents(
        "agents_paused",
        "paused",
        name=Text("Paused", "En pause"),
        definition=Text(
            "Agents who are there and take no contacts now, for whatever reason.",
            "Conseillers présents qui ne prennent pas de contact maintenant, quel que soit le "
            "motif.",
        ),
        direction="context",
        source="Amazon Connect: non-productive time",
    ),
    agents(
        "agents_unknown",
        "unknown",
        name=Text("Unknown", "État inconnu"),
        definition=Text(
            "Agents whose state has not been heard of for too long.",
            "Conseillers dont l’état n’a plus été signalé depuis trop longtemps.",
        ),
        direction="lower",
        source="Amazon Connect: a heartbeat every 120 s; after two of them nobody knows",
    ),
    agents(
        "agents_scheduled",
        "scheduled",
        name=Text("Scheduled", "Planifiés"),
        definition=Text(
            "Agents under an activity that counts for adherence now, there or missing; not those "
            "of whom the state is unknown.",
            "Conseillers prévus maintenant sur une activité suivie par l’adhérence, présents ou "
            "absents ; sauf ceux dont l’état est inconnu.",
        ),
        direction="context",
        source=_AMAZON_PLAN,
    ),
    agents_judged(
        "agents_missing",
        "missing",
        name=Text("Missing", "Absents"),
        definition=Text(
            "Scheduled agents who are offline now and should not be.",
            "Conseillers planifiés, hors ligne maintenant alors qu’ils ne devraient pas l’être.",
        ),
        direction="lower",
        source="Pouls",
    ),
    agents_judged(
        "agents_out_of_adherence",
        "out",
        name=Text("Out of adherence", "Hors planning"),
        definition=Text(
            "Scheduled agents whose state does not fit their activity now, the missing among them.",
            "Conseillers planifiés dont l’état ne correspond pas à l’activité prévue maintenant, "
            "absents compris.",
        ),
        direction="lower",
        source=_AMAZON_PLAN,
    ),
)

_TIMES: Final = (
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
        source=_AMAZON_PLAN,
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
        source=f"{_AMAZON_PLAN}; offline in a break fits, by its guide of 2023 it does not",
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

_RATIOS: Final = (
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
)

_COUNTS: Final = (
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

AGENT_ENTRIES: Final[tuple[Kpi, ...]] = (*_NOW, *_TIMES, *_RATIOS, *_COUNTS)
"""In the order in which they are shown."""
