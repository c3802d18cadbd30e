"""The KPI catalogue: one entry is the whole of a KPI.

The wall, the JSON, the Prometheus names, the validation of settings and the README's table are
derived from it. What they count is told by `docs/counting.md`. Those of agents' time stand in
`kpis_agents`.
"""

from collections.abc import Mapping
from typing import Final

from streams.core.catalogue import Kpi, count, live, live_wait, mean, quantile, share
from streams.core.errors import BadName
from streams.core.kpis_agents import AGENT_ENTRIES
from streams.core.policy import Target
from streams.core.tally import HANDLE, WAIT
from streams.core.words import BEYOND, Text

_OUTCOMES = "answered + abandoned"

_ENTRIES: Final = (
    live(
        "waiting",
        name=Text("Waiting", "En attente"),
        definition=Text(
            "Contacts waiting in a queue now; while it rings at an agent, a contact still waits.",
            "Contacts en attente dans une file maintenant ; un contact qui sonne chez un "
            "conseiller attend encore.",
        ),
        direction="lower",
        source="Amazon Connect: contacts in queue; Dynamics 365: assigned, not accepted counts",
    ),
    live_wait(
        "wait_longest",
        name=Text("Longest wait", "Attente la plus longue"),
        definition=Text(
            "How long the contact that has been waiting longest has waited until now; "
            "no value when nobody waits.",
            "Durée d’attente, à cet instant, du contact qui attend depuis le plus longtemps ; "
            "pas de valeur quand personne n’attend.",
        ),
        direction="lower",
        source="Amazon Connect: oldest contact age; target: wallboards turn red beyond 120 s",
        target=Target(high=60.0, warning_high=120.0),
        channels=frozenset({"voice", "callback"}),  # callbacks wait in the same queues
    ),
    live(
        "in_progress",
        name=Text("In progress", "En cours"),
        definition=Text(
            "Contacts that an agent is serving now, on hold or not; wrap-up does not count.",
            "Contacts pris en charge par un conseiller maintenant, en garde ou non ; "
            "le post-appel ne compte pas.",
        ),
        direction="context",
        source="Amazon Connect: agents on contact; Dynamics 365: ongoing conversations",
    ),
    count(
        "offered",
        name=Text("Offered", "Présentés"),
        definition=Text(
            "Entries into a queue, counted at the entry; a transfer to another queue counts again.",
            "Entrées dans une file, comptées à l’entrée ; un transfert vers une autre file compte "
            "de nouveau.",
        ),
        direction="context",
        source="Genesys Cloud: offered",
    ),
    count(
        "answered",
        name=Text("Answered", "Pris en charge"),
        definition=Text(
            "Queue entries that an agent answered, counted at the answer.",
            "Entrées prises en charge par un conseiller, comptées à la prise en charge.",
        ),
        direction="context",
        source="Genesys Cloud: answered",
    ),
    count(
        "answered_within",
        name=Text("Answered in time", "Pris en charge à temps"),
        definition=Text(
            "Answered entries that did not wait longer than the answer target of their queue.",
            "Entrées prises en charge sans attendre plus que le délai visé de leur file.",
        ),
        direction="context",
        source="Amazon Connect: contacts answered in X seconds",
    ),
    count(
        "abandoned",
        name=Text("Abandoned", "Abandonnés"),
        definition=Text(
            "Entries that the customer left while waiting or ringing, counted when he left; "
            "leaving before any queue is not abandoning.",
            "Entrées que le client a quittées en attente ou en sonnerie, comptées à son départ ; "
            "partir avant toute file n’est pas un abandon.",
        ),
        direction="lower",
        source="Google CCAI data dictionary: in-menu abandons are left out",
    ),
    count(
        "short_abandoned",
        name=Text("Short abandons", "Abandons courts"),
        definition=Text(
            "Abandoned entries that did not wait longer than the short-abandon limit.",
            "Entrées abandonnées sans attendre plus que la limite d’abandon court.",
        ),
        direction="context",
        source="Twilio Flex: service level preferences; Genesys Cloud: short abandons",
    ),
    count(
        "flowed_out",
        name=Text("Flowed out", "Débordés"),
        definition=Text(
            "Entries that left the queue neither answered nor abandoned: overflow, callback, "
            "voicemail, time-out.",
            "Entrées sorties de la file ni prises en charge ni abandonnées : débordement, rappel, "
            "messagerie, délai dépassé.",
        ),
        direction="lower",
        source="Genesys Cloud: flow-out",
    ),
    count(
        "transferred",
        name=Text("Transferred", "Transférés"),
        definition=Text(
            "Transfers, blind, attended or to a queue, counted where the contact is given away.",
            "Transferts, à l’aveugle, accompagnés ou vers une file, comptés chez celui qui cède.",
        ),
        direction="lower",
        source="Dynamics 365: transfer rate; Genesys Cloud: blind and consult transfers",
    ),
    count(
        "handled",
        name=Text("Handled", "Traités"),
        definition=Text(
            "Services by an agent that are over, counted at the end of the wrap-up.",
            "Prises en charge terminées, comptées à la fin du post-appel.",
        ),
        direction="context",
        source="Genesys Cloud: handle",
    ),
    live(
        "orphaned",
        name=Text("Orphaned", "Orphelins"),
        definition=Text(
            "Open contacts that have been silent for longer than their channel allows; "
            "their end was probably lost.",
            "Contacts ouverts, silencieux depuis plus longtemps que leur canal ne le permet ; "
            "leur fin s’est sans doute perdue.",
        ),
        direction="lower",
        source="Pouls",
    ),
    share(
        "abandonment_rate",
        formulas={
            "all": ("abandoned", _OUTCOMES),
            "short_excluded": (
                "abandoned - short_abandoned",
                f"{_OUTCOMES} - short_abandoned",
            ),
        },
        flow_outs=("all", "short_excluded"),
        setting=lambda f: f.abandonment,
        name=Text("Abandonment rate", "Taux d’abandon"),
        definition=Text(
            "Share of the abandoned among the contacts that were answered or abandoned.",
            "Part des abandonnés parmi les contacts pris en charge ou abandonnés.",
        ),
        direction="lower",
        source="Google CCAI data dictionary: abandoned %; target: “inférieur à 5-8 %”",
        target=Target(high=0.05, warning_high=0.08),
    ),
    share(
        "answer_rate",
        formulas={"all": ("answered", _OUTCOMES)},
        flow_outs=("all",),
        setting=lambda _: "all",
        name=Text("Answer rate", "Taux de décroché"),
        definition=Text(
            "Share of the answered, however late, among those answered or abandoned.",
            "Part des pris en charge, quel que soit le délai, parmi les pris en charge ou "
            "abandonnés.",
        ),
        direction="higher",
        source="Genesys Cloud: answer rate; target: French trade, 90 %, 85 % at least",
        target=Target(low=0.9, warning_low=0.85),
    ),
    share(
        "service_level",
        formulas={
            "SL-A": (
                "answered_within + abandoned_within + callback_within",
                f"{_OUTCOMES} + flowed_out",
            ),
            "SL-B": ("answered_within", _OUTCOMES),
            "SL-C": ("answered_within", f"{_OUTCOMES} - short_abandoned"),
            "SL-D": ("answered_within", f"{_OUTCOMES} - abandoned_within"),
            "SL-E": ("answered_within", "answered"),
            "SL-now": ("answered_within", f"{_OUTCOMES} + {BEYOND}"),
        },
        flow_outs=("SL-B", "SL-C", "SL-D", "SL-now"),
        setting=lambda f: f.service_level,
        name=Text("Service level", "Qualité de service"),
        definition=Text(
            "Share of the contacts that were answered within the answer target; "
            "who else counts is a setting, named beside the number.",
            "Part des contacts pris en charge dans le délai visé ; "
            "qui d’autre compte est un réglage, nommé à côté du chiffre.",
        ),
        direction="higher",
        source="SL-A Amazon Connect; SL-B, SL-E Genesys Cloud; SL-C Talkdesk; SL-D CxEngage; "
        "SL-now Pouls; target: 80 % in 20 s, amber down to 80 % of it",
        target=Target(low=0.8, warning_low=0.64),
    ),
    mean(
        "wait_mean",
        "wait_ms",
        "answered",
        name=Text("Average wait", "Attente moyenne"),
        definition=Text(
            "Average speed of answer: from entering the queue to the answer, of those answered.",
            "Délai moyen de décroché : de l’entrée dans la file à la prise en charge, pour les "
            "pris en charge.",
        ),
        direction="lower",
        source="Amazon Connect: average queue answer time",
    ),
    quantile(
        "wait_p90",
        90,
        WAIT,
        "wait_ms",
        "answered",
        name=Text("Wait P90", "Attente P90"),
        definition=Text(
            "The wait that nine in ten of those answered did not exceed, to within 1 %.",
            "L’attente que neuf pris en charge sur dix n’ont pas dépassée, à 1 % près.",
        ),
        direction="lower",
        source="Pouls: nearest rank over logarithmic classes",
    ),
    mean(
        "wait_abandoned_mean",
        "wait_abandoned_ms",
        "abandoned",
        name=Text("Average patience", "Patience moyenne"),
        definition=Text(
            "Average wait of those who abandoned.",
            "Attente moyenne de ceux qui ont abandonné.",
        ),
        direction="context",
        source="Amazon Connect: average queue abandon time",
    ),
    mean(
        "handle_time_mean",
        "talk_ms + hold_ms + wrap_ms",
        "handled",
        name=Text("Average handle time", "TMT"),
        definition=Text(
            "Average of talk + hold + wrap-up, over the services that are over.",
            "Temps moyen de traitement : conversation + mise en attente + post-appel, "
            "par prise en charge terminée.",
        ),
        direction="band",
        source="Amazon Connect: average handle time; Genesys Cloud: handle",
    ),
    quantile(
        "handle_time_p90",
        90,
        HANDLE,
        "talk_ms + hold_ms + wrap_ms",
        "handled",
        name=Text("Handle time P90", "TMT P90"),
        definition=Text(
            "The handle time that nine in ten of those handled did not exceed, to within 1 %.",
            "Le temps de traitement que neuf traités sur dix n’ont pas dépassé, à 1 % près.",
        ),
        direction="band",
        source="Pouls: nearest rank over logarithmic classes",
    ),
    mean(
        "talk_time_mean",
        "talk_ms",
        "handled",
        name=Text("Average talk time", "DMC"),
        definition=Text(
            "Average time in conversation, hold left out, over the services that are over.",
            "Durée moyenne de conversation, hors mise en attente, par prise en charge terminée.",
        ),
        direction="band",
        source="Amazon Connect: average agent interaction time",
    ),
    mean(
        "hold_time_mean",
        "hold_ms",
        "handled",
        name=Text("Average hold time", "Mise en attente moyenne"),
        definition=Text(
            "Average time on hold, over all services that are over, held or not.",
            "Durée moyenne de mise en attente, sur toutes les prises en charge terminées.",
        ),
        direction="lower",
        source="Amazon Connect: average customer hold time, all contacts",
    ),
    mean(
        "wrap_time_mean",
        "wrap_ms",
        "handled",
        name=Text("Average wrap-up time", "Post-appel moyen"),
        definition=Text(
            "Average time of wrap-up (after-contact work), over the services that are over.",
            "Durée moyenne du post-appel, par prise en charge terminée.",
        ),
        direction="band",
        source="Amazon Connect: average after contact work time",
    ),
)

KPIS: Final[Mapping[str, Kpi]] = {kpi.id: kpi for kpi in (*_ENTRIES, *AGENT_ENTRIES)}
"""The catalogue, by id, in the order in which it is shown."""


def find(name: str) -> Kpi:
    """Returns the KPI of an id.

    Raises:
        BadName: there is none; the text says which there are.
    """
    kpi = KPIS.get(name)
    if kpi is None:
        raise BadName(f"KPI {name!r} is not in the catalogue: {', '.join(KPIS)}")
    return kpi
