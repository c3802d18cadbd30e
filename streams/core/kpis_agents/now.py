"""Who is there now, and what they do."""

from typing import Final

from streams.core.catalogue import Kpi, agents, agents_judged
from streams.core.kpis_agents.sources import AMAZON_PLAN
from streams.core.words import Text

NOW: Final[tuple[Kpi, ...]] = (
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
        source=AMAZON_PLAN,
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
        source=AMAZON_PLAN,
    ),
)
"""In the order in which they are shown."""
