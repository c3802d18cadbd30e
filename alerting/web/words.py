"""What the pages say, in both languages. A new language is one more entry."""

from collections.abc import Mapping
from typing import Final

import msgspec

from streams.core.words import LANGUAGES, Language


class PageWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language; texts in braces are places."""

    # -- the link in a message
    take: str
    take_over: str
    seen: str
    note: str
    who: str
    nobody: str
    has: str
    """`{name}`, `{time}`."""
    yours: str
    """`{time}`: the link has been used."""
    over: str
    """`{time}`."""
    newer: str
    """`{time}`: another alert has taken its place."""
    gone: str
    expired: str
    forged: str
    stranger: str
    """The link is of somebody who is not known any more."""
    no_such_person: str
    note_too_long: str
    done: str
    recorded: str
    refused: str
    away: str

    # -- the handover
    handover: str
    span: str
    """`{start}`, `{end}`."""
    open: str
    fired: str
    none_open: str
    none_fired: str
    quiets: str
    none_quiet: str
    dead: str
    none_dead: str
    left_out: str
    """`{n}`."""
    nobody_watches: str
    alert: str
    where: str
    since: str
    ended: str
    acked: str
    notes: str
    still: str
    silence: str
    maintenance: str
    until: str
    by: str
    address: str
    kind: str
    at: str


WORDS: Final[Mapping[Language, PageWords]] = {
    "fr": PageWords(
        take="Prendre en charge",
        take_over="Prendre le relais",
        seen="J’ai vu",
        note="Note (500 caractères au plus)",
        who="Votre identifiant",
        nobody="Personne ne s’en occupe encore.",
        has="{name} s’en occupe depuis {time}.",
        yours="Ce lien a déjà servi : vous vous en occupez depuis {time}.",
        over="C’est fini depuis {time}. Personne n’avait pris en charge.",
        newer=(
            "Ce lien est périmé : cette alerte est finie, et une autre du même genre a commencé à "
            "{time}. Prenez le lien de son message, ou le mur."
        ),
        gone="Cette alerte est finie : il n’y a plus rien à prendre en charge.",
        expired="Ce lien n’est plus valable : il a expiré. Prenez celui du dernier message.",
        forged="Ce lien n’est pas valable : il n’est pas de nous, ou il en manque une partie.",
        stranger="Ce lien n’est plus valable : son destinataire n’est plus connu.",
        no_such_person="Personne n’a cet identifiant.",
        note_too_long="La note est trop longue : 500 caractères au plus.",
        done="C’est noté : vous vous en occupez.",
        recorded="C’est enregistré. Les alertes n’ont pas encore répondu ; cela suivra.",
        refused="Ce n’est plus possible : cette alerte vient de finir, ou a changé.",
        away="Rien n’est sûr : le serveur ne répond pas. Réessayez, ou appelez.",
        handover="Passage de relais",
        span="du {start} au {end}",
        open="Toujours en cours",
        fired="Alertes de la période",
        none_open="Rien n’est en cours.",
        none_fired="Aucune alerte.",
        quiets="Silences et maintenances",
        none_quiet="Aucun.",
        dead="Messages qui ne sont pas partis",
        none_dead="Aucun.",
        left_out="{n} alertes de conseillers ne figurent pas ici.",
        nobody_watches="Personne ne surveille en ce moment : le service d’alertes ne répond pas.",
        alert="Alerte",
        where="Où",
        since="Depuis",
        ended="Fin",
        acked="Prise en charge",
        notes="Notes",
        still="en cours",
        silence="silence",
        maintenance="maintenance",
        until="Jusqu’à",
        by="Par",
        address="Destinataire",
        kind="Type",
        at="À",
    ),
    "en": PageWords(
        take="Take it on",
        take_over="Take it over",
        seen="I have seen it",
        note="Note (at most 500 characters)",
        who="Your id",
        nobody="Nobody has taken it on yet.",
        has="{name} has it, since {time}.",
        yours="This link has been used: you have had it since {time}.",
        over="It has been over since {time}. Nobody had taken it on.",
        newer=(
            "This link is out of date: this alert is over, and another of the same kind began at "
            "{time}. Use the link in its message, or the wall."
        ),
        gone="This alert is over: there is nothing to take on any more.",
        expired="This link has expired. Use the one in the latest message.",
        forged="This link is not valid: it is none of ours, or a part of it is missing.",
        stranger="This link is no longer valid: whom it was sent to is not known any more.",
        no_such_person="Nobody has this id.",
        note_too_long="The note is too long: at most 500 characters.",
        done="Noted: you have it.",
        recorded="It is recorded. Alerts have not answered yet; they will.",
        refused="It is too late: this alert has just ended, or changed.",
        away="Nobody knows whether it was recorded: the server is away. Try again, or call.",
        handover="Handover of the shift",
        span="{start} to {end}",
        open="Still open",
        fired="Alerts of the shift",
        none_open="Nothing is open.",
        none_fired="No alert.",
        quiets="Silences and maintenance",
        none_quiet="None.",
        dead="Messages that never left",
        none_dead="None.",
        left_out="{n} alerts about single agents are left out.",
        nobody_watches="Nobody watches at the moment: the alerts service does not answer.",
        alert="Alert",
        where="Where",
        since="Since",
        ended="Ended",
        acked="Taken on",
        notes="Notes",
        still="open",
        silence="silence",
        maintenance="maintenance",
        until="Until",
        by="By",
        address="To",
        kind="Kind",
        at="At",
    ),
}


def language_of(asked: str | None, accept: str, otherwise: Language) -> Language:
    """Returns the language of a page.

    Args:
        asked: What the link says.
        accept: What the browser says.
        otherwise: Whoever says nothing gets this one.
    """
    said = [] if asked is None else [asked]
    weighed = (_weight(part) for part in accept.split(","))
    said += [name for _, name in sorted(weighed, key=lambda pair: -pair[0])]
    known: dict[str, Language] = {language: language for language in LANGUAGES}
    return next((known[name] for name in said if name in known), otherwise)


def _weight(part: str) -> tuple[float, str]:
    name, _, rest = part.partition(";")
    try:
        weight = float(rest.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return weight, name.strip().lower().partition("-")[0]
