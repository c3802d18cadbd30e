"""Rule files → rules, or every mistake at once: FILE:LINE: KEY: SENTENCE.

YAML is parsed twice from the same nodes: once for what it says, once for the lines on which it says
so. What is mistaken is taken out, and the rest is looked at further, so that a slip of the pen in
one limit does not hide a KPI that does not exist.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple

import msgspec
import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alerting import meaning_routes
from alerting.core.routes import Routing
from alerting.core.rules import Defaults, Rule, RuleFile, routing
from alerting.meaning import Context, Mistake, mistakes
from alerting.places import Path, lines_of, refuse_endless, texts, twice
from streams.settings import SettingsErrors
from streams.settings.check import unknown

PACK: Final = FilePath(__file__).parent / "pack" / "rules.yaml"
"""The rules that come with Pouls."""
SECRETS: Final = "channels"
"""Where `${VARIABLE}` may stand."""
_VARIABLE: Final = re.compile(r"\$\{(\w*)\}")
_ROUNDS: Final = 10
_FILL: Final[Mapping[str, Any]] = {
    "id": "unnamed",
    "title": {"en": "-", "fr": "-"},
    "owner": "nobody",
    "runbook": "https://nowhere.example",
    "action_plan": {"template": "none", "responsible": "nobody"},
    "template": "none",
    "responsible": "nobody",
    "en": "-",
    "fr": "-",
    "to": ["supervisor"],
    "rules": [],
    "version": 1,
}
"""Stands for what is missing while the rest is looked at."""
_KINDS: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


class RuleMistakes(SettingsErrors):
    """Every mistake in rule files."""


class Loaded(msgspec.Struct, frozen=True):
    """What rule files say."""

    files: Mapping[FilePath, RuleFile]

    @property
    def rules(self) -> list[Rule]:
        """All rules, in order."""
        return [rule for file in self.files.values() for rule in file.rules]

    @property
    def routing(self) -> Routing:
        """Who is told, by all files."""
        return routing(self.files.values())

    @property
    def unheard(self) -> list[str]:
        """A line for each rule of whose alerts nobody is told."""
        return meaning_routes.unheard(list(self.files.values()))


class _Read(NamedTuple):
    """A file that is YAML."""

    path: FilePath
    raw: object
    lines: Mapping[Path, int]
    file: RuleFile
    shape: list[Mistake]
    """What is wrong in itself, so that it has been taken out."""
    found: list[Mistake]
    """What else is wrong."""


def load_rules(
    paths: Iterable[FilePath], context: Context, environ: Mapping[str, str] | None = None
) -> Loaded:
    """Returns what rule files say. Variables in addresses of channels stay as they stand there.

    Args:
        paths: The files; what they say of who is told is one set.
        context: What rules may refer to.
        environ: Where it is given, variables that it lacks are mistakes.

    Raises:
        RuleMistakes: with all of them.
    """
    complaints: list[str] = []
    read: list[_Read] = []
    seen: dict[str, FilePath] = {}
    for path in dict.fromkeys(paths):
        parsed = _parsed(path, complaints)
        if parsed is None:
            continue
        raw, node = parsed
        file, shape, found = _understood(raw, environ)
        found += _apart(shape, mistakes(file, context))
        found += [Mistake(key, "stands twice") for key in twice(node, ())]
        for i, rule in enumerate(file.rules):
            if seen.setdefault(rule.id, path) != path:
                found.append(Mistake(("rules", i, "id"), f"{rule.id!r} is in {seen[rule.id]}, too"))
        read.append(_Read(path, raw, dict(lines_of(node, ())), file, shape, found))
    for f, mistake in meaning_routes.mistakes([one.file for one in read], context):
        read[f].found.extend(_apart(read[f].shape, [mistake]))
    for one in read:
        complaints += _placed(one.path, one.raw, one.lines, [*one.shape, *one.found])
    if complaints:
        raise RuleMistakes(complaints)
    return Loaded({one.path: one.file for one in read})


def _parsed(path: FilePath, complaints: list[str]) -> tuple[Any, yaml.Node | None] | None:
    """Returns what a file says and its nodes, or complains that it is no YAML."""
    try:
        text = path.read_text("utf-8")
        node = yaml.compose(text, yaml.SafeLoader)
        refuse_endless(node)
        return yaml.safe_load(text), node
    except (OSError, UnicodeDecodeError) as exc:
        complaints.append(f"{path}: cannot be read: {exc}")
    except yaml.YAMLError as exc:
        complaints.append(_not_yaml(path, exc))
    except (ValueError, ArithmeticError, AttributeError, RecursionError) as exc:
        # PyYAML trips over dates and numbers that there are not, and over endless nesting
        complaints.append(f"{path}:1: cannot be understood: {' '.join(str(exc).split())}")
    return None


def _understood(
    raw: object, environ: Mapping[str, str] | None
) -> tuple[RuleFile, list[Mistake], list[Mistake]]:
    """Returns a file as far as it has the right shape, where it has not, and what else is wrong."""
    if not isinstance(raw, dict):
        wrong = Mistake((), "must be a table with version and rules")
        return RuleFile(version=1, rules=[]), [wrong], []
    found = list(_variables(raw, environ))
    defaults = raw.get("defaults")
    if defaults is not None:
        _, wrongs = _checked(Defaults, defaults)
        found += [Mistake(("defaults", *m.path), m.sentence) for m in wrongs]
        raw = {**raw, "defaults": _without(defaults, [m.path for m in wrongs])}
    file, shape = _checked(RuleFile, _merged(raw))
    return file, shape, found


def _apart(shape: Sequence[Mistake], found: Iterable[Mistake]) -> list[Mistake]:
    """Returns mistakes that no wrong shape can have caused."""
    return [
        mistake
        for mistake in found
        if not any(_related(mistake.path, wrong.path) for wrong in shape)
    ]


def _related(a: Path, b: Path) -> bool:
    """Whether one place holds the other, so that one mistake there may cause another."""
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]


def _merged(raw: dict[str, Any]) -> dict[str, Any]:
    """Returns a file in which each rule says what the defaults say, where it says nothing."""
    defaults, rules = raw.get("defaults"), raw.get("rules")
    if not isinstance(defaults, dict) or not isinstance(rules, list):
        return raw
    return {**raw, "rules": [_with(rule, defaults) for rule in rules]}


def _with(rule: object, defaults: Mapping[str, Any]) -> object:
    if not isinstance(rule, dict):
        return rule
    both = {**defaults, **rule}
    guard, own = defaults.get("guard"), rule.get("guard")
    if isinstance(guard, dict) and isinstance(own, dict):
        both["guard"] = {**guard, **own}
    return both


# -- shape


def _checked(model: type[Any], raw: Any) -> tuple[Any, list[Mistake]]:  # noqa: ANN401
    """Returns a model of what is right, and what is wrong."""
    found: list[Mistake] = []
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(raw), found
        except ValidationError as exc:
            errors = exc.errors(include_url=False)
            gone = {m.path for m in found}  # what was taken out for a mistake is not missing
            found += [m for e in errors if (m := _mistake(model, e)).path not in gone]
            raw = _mended(raw, errors)
    return model.model_validate({"version": 1, "rules": []} if model is RuleFile else {}), found


def _mended(raw: Any, errors: Iterable[ErrorDetails]) -> Any:  # noqa: ANN401
    """Returns what is left without mistakes, with something in place of what is missing."""
    out = _without(raw, [e["loc"] for e in errors if e["type"] != "missing"])
    for error in errors:
        if error["type"] == "missing":
            *above, name = error["loc"]
            table = _at(out, above)
            if isinstance(table, dict):
                table[name] = _FILL.get(str(name), "0s")
    return out


def _without(raw: Any, paths: Iterable[Sequence[str | int]]) -> Any:  # noqa: ANN401
    """Returns a copy without some keys; an item of a list goes as a whole."""
    gone = {tuple(path) for path in paths}

    def copy(value: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            kept = {k: v for k, v in value.items() if not _is_gone((*path, str(k)), gone)}
            return {k: copy(v, (*path, k)) for k, v in kept.items()}
        if isinstance(value, list):
            return [copy(v, (*path, i)) for i, v in enumerate(value) if (*path, i) not in gone]
        return value

    return {} if () in gone else copy(raw, ())


def _is_gone(path: Path, gone: set[tuple[str | int, ...]]) -> bool:
    return path in gone or (*path, "[key]") in gone


def _at(raw: Any, path: Sequence[str | int]) -> Any:  # noqa: ANN401
    for key in path:
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _mistake(model: type[BaseModel], error: ErrorDetails) -> Mistake:
    """Returns what pydantic found, in words."""
    path, kind, value = tuple(error["loc"]), error["type"], error["input"]
    context = error.get("ctx", {})
    if path and path[-1] == "[key]":
        return Mistake(path[:-1], f"{value!r} is no name: a letter, then letters, digits and _")
    match kind:
        case "missing":
            sentence = "is missing"
        case "extra_forbidden":
            sentence = unknown(str(path[-1]), _keys(model, path[:-1]))
        case "value_error":
            sentence = str(context["error"])
        case "literal_error":
            sentence = f"{value!r} is none of {context['expected']}"
        case "string_pattern_mismatch":
            sentence = f"{value!r} is not written like {context['pattern']}"
        case _:
            wanted = _KINDS.get(kind)
            sentence = f"must be {wanted}, not {value!r}" if wanted else error["msg"]
    return Mistake(path, sentence)


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """Returns the keys that a table may have, from the schema."""
    whole = model.model_json_schema(by_alias=True)
    here: dict[str, Any] = whole
    for key in path:
        here = _resolved(whole, _below(here, key))
    return list(here.get("properties", ()))


def _below(here: Mapping[str, Any], key: str | int) -> dict[str, Any]:
    """Returns the schema of what stands under a key or at a place; empty where none is known."""
    for option in (here, *here.get("anyOf", ())):
        if isinstance(key, int) and "items" in option:
            return dict(option["items"])
        if isinstance(key, str) and key in option.get("properties", ()):
            return dict(option["properties"][key])
        if isinstance(key, str) and isinstance(option.get("additionalProperties"), dict):
            return dict(option["additionalProperties"])
    return {}


def _resolved(whole: Mapping[str, Any], here: dict[str, Any]) -> dict[str, Any]:
    for option in (here, *here.get("anyOf", ())):
        if ref := option.get("$ref"):
            found: dict[str, Any] = whole["$defs"][ref.rpartition("/")[2]]
            return found
    return here


# -- secrets


def _variables(raw: object, environ: Mapping[str, str] | None) -> Iterator[Mistake]:
    """Yields variables where none may stand, and those that are not set."""
    for path, text in texts(raw, ()):
        for name in _VARIABLE.findall(text):
            if path[:1] != (SECRETS,):
                yield Mistake(path, f"${{{name}}}: variables may stand in {SECRETS} only")
            elif environ is not None and name not in environ:
                yield Mistake(path, f"${{{name}}}: the environment has no such variable")


# -- places


def _placed(
    path: FilePath, raw: object, lines: Mapping[Path, int], found: Iterable[Mistake]
) -> list[str]:
    """Returns mistakes with their lines, in the order of the file, each once."""
    placed = []
    for mistake in found:
        at = mistake.path
        while at and at not in lines:
            at = at[:-1]
        placed.append((lines.get(at, 1), _named(raw, mistake.path), mistake.sentence))
    return [
        f"{path}:{line}: {key + ': ' if key else ''}{sentence}"
        for line, key, sentence in sorted(dict.fromkeys(placed))
    ]


def _named(raw: object, path: Path) -> str:
    """Returns a place in words: a rule by its id."""
    words = [str(key) for key in path]
    if path[:1] == ("rules",) and len(path) > 1:
        named = _at(raw, (*path[:2], "id"))
        words[:2] = [named if isinstance(named, str) else f"rules.{path[1]}"]
    return ".".join(words)


def _not_yaml(path: FilePath, exc: yaml.YAMLError) -> str:
    mark = getattr(exc, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return f"{path}:{line}: is not YAML: {getattr(exc, 'problem', None) or exc}"
