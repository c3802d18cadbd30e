"""Settings: what a file and the environment mean, and every mistake with its place."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.costs import Prices
from streams.core.policy import DEFAULT_CLASS, Formula, Target, Thresholds
from streams.settings import (
    PACK,
    Address,
    Alerts,
    ListenRefused,
    Rate,
    Settings,
    SettingsErrors,
    load_settings,
    refuse_strangers,
    unknown_zone,
)
from streams.settings.lines import lines_of

CHANNELS = "voice, chat, email, message, social, ticket, callback"
EXAMPLE = Path("pouls.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its `pouls.toml`, beside a roster."""
    (tmp_path / "people.csv").write_text("id,team\nanna,red\n")
    return tmp_path / "pouls.toml"


def loaded(file: Path, text: str) -> Settings:
    """Returns what a file means."""
    file.write_text(text, "utf-8")
    return load_settings({}, file)


def complaints(file: Path, text: str) -> list[str]:
    """Returns what is wrong with a file, from the number of the line on."""
    with pytest.raises(SettingsErrors) as caught:
        loaded(file, text)
    return [text.removeprefix(f"{file}:") for text in caught.value.complaints]


# -- what it means


def test_without_file_and_environment_everything_has_a_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine where nothing is configured is the common case of a demo."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert (settings.kafka, settings.redis) == ("127.0.0.1:9092", "redis://127.0.0.1:6379/0")
    assert (settings.listen, settings.metrics_listen) == ("127.0.0.1:8080", None)
    assert (settings.fold.timezone, settings.timezone) == ("UTC", None)
    assert list(settings.topics) == [
        "calls", "chats", "tickets", "agents", "dead-letters", "acts",
    ]  # fmt: skip
    assert [t.retention_days for t in settings.topics.values()] == [30, 30, 400, 90, 30, 0]
    assert list(settings.event_topics) == ["calls", "chats", "tickets", "agents"]
    assert settings.alerts == Alerts()


def test_the_environment_says_where_things_are(file: Path) -> None:
    """Kafka, Redis and the addresses are no operators' business."""
    file.write_text("")
    environ = {
        "POULS_KAFKA": "one:9092,two:9092",
        "POULS_REDIS": "redis://store:6379/1",
        "POULS_LISTEN": "[::1]:80",
        "POULS_METRICS_LISTEN": "127.0.0.1:9100",
        "POULS_CONFIG": str(file),
    }
    settings = load_settings(environ)
    assert [settings.kafka, settings.redis] == ["one:9092,two:9092", "redis://store:6379/1"]
    assert [settings.listen, settings.metrics_listen] == ["[::1]:80", "127.0.0.1:9100"]


def test_a_path_goes_before_the_variable_and_the_variable_before_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names a file wants that file."""
    names = ("argument", "variable", "pouls")
    argument, variable, here = (tmp_path / f"{name}.toml" for name in names)
    for path in (argument, variable, here):
        path.write_text(f'group = "{path.stem}"')
    monkeypatch.chdir(tmp_path)
    environ = {"POULS_CONFIG": str(variable)}
    assert load_settings(environ, argument).group == "argument"
    assert load_settings(environ).group == "variable"
    assert load_settings({}).group == "pouls"


def test_the_example_is_the_defaults(tmp_path: Path) -> None:
    """Whoever starts from the example changes nothing by it."""
    (tmp_path / "empty.toml").touch()
    assert load_settings({}, EXAMPLE) == load_settings({}, tmp_path / "empty.toml")


def test_every_line_of_the_example_is_right_when_uncommented(file: Path) -> None:
    """An example that is wrong is worse than none."""
    text = re.sub(r"^# (?=[a-z_.]+ = |\[)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    settings = loaded(file, text)
    assert settings.timezone == "Europe/Paris"
    assert settings.reading.queues["support"].service_level == "SL-C"


def test_alerts_have_rules_beside_the_file_and_secrets_as_they_stand(file: Path) -> None:
    """Variables are put in by whoever sends: no other process needs to know what they are."""
    settings = loaded(
        file,
        """
        [alerts]
        rules = ["pack", "alerts/own.yaml", "/etc/pouls/rules.yaml"]
        time_scale = 0.1
        url = "https://pouls.example.org/"
        lang = "en"
        heartbeat = "https://beats.example/${TOKEN}"
        rate = { pages = 2, within_s = 60 }
        targets.anna = { page = "${ANNA}", mail = "mailto://post.example?to=anna@example.org" }
        targets.ben.page = "${BEN}"
        """,
    )
    assert settings.alerts == Alerts(
        rules=(PACK, file.parent / "alerts" / "own.yaml", Path("/etc/pouls/rules.yaml")),
        time_scale=0.1,
        url="https://pouls.example.org",
        lang="en",
        heartbeat="https://beats.example/${TOKEN}",
        rate=Rate(2, 60),
        targets={
            "anna": Address("${ANNA}", "mailto://post.example?to=anna@example.org"),
            "ben": Address("${BEN}"),
        },
    )


def test_links_lead_to_where_the_api_listens_unless_the_file_says_otherwise(file: Path) -> None:
    """On one machine nothing needs to be said."""
    file.write_text("")
    settings = load_settings({"POULS_LISTEN": "127.0.0.1:8081"}, file)
    assert settings.alerts.url == "http://127.0.0.1:8081"


def test_a_queue_may_have_its_own_limits_formula_and_targets(file: Path) -> None:
    """Limits change cells, formulas and targets only how they are read."""
    settings = loaded(
        file,
        """
        [formula]
        abandonment = "short_excluded"
        [queues.support]
        answer_within_s = 30.5
        service_level = "SL-A"
        targets.wait_mean = { high = 25, minimum_n = 5 }
        [queues.sales]
        count_flow_outs = true
        """,
    )
    assert settings.fold.queue_thresholds == {"support": Thresholds(30_500, 5_000)}
    assert settings.reading.formula("queue:support") == Formula(
        "SL-A", "short_excluded", cost="cost-direct"
    )
    assert settings.reading.formula("queue:sales") == Formula(
        "SL-B", "short_excluded", count_flow_outs=True, cost="cost-direct"
    )
    target = settings.reading.target("queue:support", "wait_mean", None)
    assert target == Target(high=25, minimum_n=5)


def test_a_queue_is_known_by_its_composed_name(file: Path) -> None:
    """Names are NFC when interned; so are the ones in the file."""
    settings = loaded(file, '[queues."cafe\u0301"]\nanswer_within_s = 30')
    assert "caf\u00e9" in settings.fold.queue_thresholds


def test_a_channel_may_have_its_own_limits(file: Path) -> None:
    """What is not said keeps its default."""
    settings = loaded(file, "[channels.chat]\nanswer_within_s = 45\nservice_limit_h = 1.5")
    assert settings.fold.thresholds(None, "chat") == Thresholds(45_000, 5_000)
    assert settings.fold.limits("chat") == (24 * 3_600_000, 5_400_000)
    assert settings.fold.limits("voice") == (4 * 3_600_000, 24 * 3_600_000)


def test_segments_are_combinations_in_the_order_of_names(file: Path) -> None:
    """`queue+channel` and `channel+queue` are one segment."""
    settings = loaded(file, 'segments = ["queue+channel", "agent", "channel+queue"]')
    assert settings.fold.segments == (("channel", "queue"), ("agent",))


def test_agents_time_has_its_own_limits_and_formulas(file: Path) -> None:
    """Limits change what is counted, formulas how it is read; for all agents alike."""
    settings = loaded(
        file,
        """
        [formula]
        out_of_shift = "exception"
        offline_in_break = "nonadherent"
        productivity = "paid"
        [agents]
        horizon_h = 24
        tolerance_s = 90.5
        unknown_after_h = 1.5
        """,
    )
    fold = settings.fold
    assert (fold.agent_horizon_ms, fold.tolerance_ms) == (24 * 3_600_000, 90_500)
    assert fold.unknown_after_ms == 5_400_000
    assert settings.reading.formula("team:red") == Formula(
        out_of_shift="exception", offline_in_break="nonadherent", productivity="paid"
    )


def test_a_queue_inherits_what_holds_for_all_agents(file: Path) -> None:
    """They may serve several."""
    text = '[formula]\noffline_in_break = "nonadherent"\n[queues.x]\nservice_level = "SL-A"'
    formula = loaded(file, text).reading.formula("queue:x")
    assert (formula.service_level, formula.offline_in_break) == ("SL-A", "nonadherent")


def test_rates_are_classes_of_the_fold_and_amounts_of_the_reader(file: Path) -> None:
    """Teams by name, then sites by name, the default last."""
    settings = loaded(
        file,
        """
        [cost]
        currency = "CHF"
        rate = 32.5
        fixed = { amount = 1800, period = "month" }
        teams = { red = 35, "cafe\\u0301" = 0.000001 }
        sites.lyon = 30.25
        """,
    )
    assert settings.fold.rate_classes == (
        ("team", "caf\u00e9"), ("team", "red"), ("site", "lyon"), DEFAULT_CLASS
    )  # fmt: skip
    assert settings.reading.prices == Prices(
        "CHF", (1, 35_000_000, 30_250_000, 32_500_000), 1_800_000_000, 2_629_800_000
    )


def test_without_a_rate_there_are_no_costs(file: Path) -> None:
    """And no class of cost."""
    settings = loaded(file, '[cost]\ncurrency = "CHF"')
    assert settings.fold.rate_classes == ()
    assert settings.reading.prices == Prices("CHF")


def test_the_roster_lies_beside_the_file_that_names_it(file: Path) -> None:
    """Wherever the process was started; what is wrong with it is told like any mistake."""
    people = file.parent / "hr/people.csv"
    people.parent.mkdir()
    people.write_text("id,team\nanna,red\n")
    for named in ("hr/people.csv", str(people)):
        roster = loaded(file, f'people = "{named}"').roster
        assert roster is not None
        assert roster.place("anna", 0) == ("red", None)
    assert loaded(file, "").roster is None
    with pytest.raises(SettingsErrors, match=r"/nobody\.csv:1: file: cannot be read"):
        loaded(file, 'people = "nobody.csv"')


def test_a_topic_may_have_its_own_size(file: Path) -> None:
    """Channels of topics are fixed."""
    settings = loaded(file, "[topics.chats]\npartitions = 12")
    chats = settings.topics["chats"]
    assert (chats.partitions, chats.channel, chats.retention_days) == (12, "chat", 30)


@pytest.mark.parametrize("since", ["1000000000", "2001-09-09T01:46:40Z"])
def test_config_since_is_a_date_or_seconds(file: Path, since: str) -> None:
    """People write dates, programs seconds."""
    assert loaded(file, f"config_since = {since}").config_since == 1_000_000_000


# -- the hash


@pytest.mark.parametrize(
    "text",
    [
        'timezone = "Europe/Paris"', "horizon_h = 25", "max_values = 9",
        'segments = ["queue"]', "[retention]\nquarter_days = 40",
        "[channels.voice]\nanswer_within_s = 21", "[channels.voice]\nservice_limit_h = 3",
        "[queues.x]\nanswer_within_s = 20\nshort_abandon_s = 6",
        "[agents]\ntolerance_s = 1", "[agents]\nhorizon_h = 100", "[agents]\nunknown_after_h = 8",
        "[cost]\nrate = 1",
    ],
)  # fmt: skip
def test_what_changes_cells_changes_the_hash(file: Path, text: str) -> None:
    """Else cells of two kinds would be added up."""
    assert loaded(file, text).settings_hash != loaded(file, "").settings_hash


@pytest.mark.parametrize(
    "text",
    [
        "commit_interval_s = 1", "config_since = 5", '[formula]\nservice_level = "SL-E"',
        "[targets]\nwait_mean = { high = 3 }", '[queues.x]\nservice_level = "SL-A"',
        "[channels.voice]\nanswer_within_s = 20", "[channels.email]\nwaiting_limit_h = 2160",
        "[topics.calls]\npartitions = 2",
        'segments = ["pause", "agent", "queue", "team", "channel"]',
        '[formula]\noffline_in_break = "nonadherent"', 'people = "people.csv"',
        "[agents]\ntolerance_s = 0", '[cost]\ncurrency = "CHF"', "[alerts]\ntime_scale = 0.1",
    ],
)  # fmt: skip
def test_what_changes_no_cell_leaves_the_hash(file: Path, text: str) -> None:
    """Folding a month again for a colour would be a nuisance."""
    assert loaded(file, text).settings_hash == loaded(file, "").settings_hash


def test_amounts_leave_the_hash_and_whose_rates_they_are_change_it(file: Path) -> None:
    """A rise in wages folds nothing again."""
    plain, dearer, other = (
        loaded(file, f"[cost]\nrate = {rate}\nteams.{team} = {rate}").settings_hash
        for rate, team in [(30, "red"), (31, "red"), (30, "blue")]
    )
    assert plain == dearer != other


def test_the_hash_does_not_depend_on_the_order_of_tables(file: Path) -> None:
    """The file may be sorted."""
    a, b = (f"[queues.{name}]\nanswer_within_s = 9\n" for name in "ab")
    assert loaded(file, a + b).settings_hash == loaded(file, b + a).settings_hash


# -- mistakes


def test_every_mistake_is_told_at_once_with_line_and_key(file: Path) -> None:
    """Wrong types, unknown names and bad meanings, in the order of the file."""
    found = complaints(
        file,
        """timezone = "Europe/Pari"
config_snice = 3
segments = ["channel",
  "queue+queu"]
max_values = "many"
[targets]
abandonment_rat = { high = 0.05 }
[queues.support]
service_level = "SL-F"
[queues."déjà vu".targets.wait_mean]
hihg = 3
[channels.phone]
answer_within_s = 3
[clock]
speed = 0
""",
    )
    assert found == [
        (
            "1: timezone: no time zone is called so; did you mean 'Europe/Paris' or "
            "'Europe/Madrid' or 'Europe/Riga'? Names are those of the IANA database"
        ),
        "2: config_snice: no key is called so; did you mean 'config_since'?",
        "3: segments: 'queu': no dimension is called so; did you mean 'queue'?",
        "5: max_values: must be a whole number, not 'many'",
        "7: targets.abandonment_rat: no KPI is called so; did you mean 'abandonment_rate'?",
        "9: queues.support.service_level: 'SL-F' is none of SL-A, SL-B, SL-C, SL-D, SL-E, SL-now",
        "11: queues.déjà vu.targets.wait_mean.hihg: no key is called so; did you mean 'high'?",
        "12: channels.phone: no key is called so; there are " + CHANNELS,
        "15: clock.speed: must be a number > 0.0, not 0",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("topics = 3", "1: topics: must be a table, not 3"),
        ("[formula]\ncount_flow_outs = 1", "2: formula.count_flow_outs: must be true or false"),
        ("horizon_h = nan", "1: horizon_h: must be a number >= 0.25, not nan"),
        ("horizon_h = inf", "1: horizon_h: must be a number <= 240.0, not inf"),
        ("hosts = 'a'", "1: hosts: must be a list, not 'a'"),
        ("config_since = 2026-01-01T00:00:00", "1: config_since: needs an offset"),
        (
            "timezone = '../x'",
            "1: timezone: no time zone is called so; names are those of the IANA database",
        ),
        ("segments = ['queue+queue']", "1: segments: 'queue+queue' names a dimension twice"),
        ("[queues.x]\nshort_abandon_s = 3", "2: queues.x.short_abandon_s: needs answer_within_s"),
        ("[topics.call]\npartitions = 1", "1: topics.call: no key is called so; did you mean"),
        (
            "[targets]\nwait_mean = { low = 5, high = 3 }",
            "2: targets.wait_mean: must rise: warning_low ≤ low ≤ high ≤ warning_high",
        ),
        ("[queues.x]\nproductivity = 'paid'", "2: queues.x.productivity: no key is called so"),
        ("[agents]\ntolerance_s = -1", "2: agents.tolerance_s: must be a number >= 0.0, not -1"),
        ("[agents]\nhorizon_h = 193", "2: agents.horizon_h: must be a number <= 192.0, not 193"),
        ("[cost]\ncurrency = 'eur'", "2: cost.currency: must be text matching regex"),
        ("[cost]\nteams.red = 3", "2: cost.teams: needs cost.rate beside it"),
        ("[cost]\nfixed.amount = 3", "2: cost.fixed: needs cost.rate beside it"),
        (
            "[cost]\nfixed = { period = 'week' }",
            "2: cost.fixed.period: 'week' is none of hour, day, month",
        ),
        ("[alerts]\ntime_scale = 0", "2: alerts.time_scale: must be a number > 0.0, not 0"),
        ("[alerts]\nurl = 'pouls'", "2: alerts.url: must be text matching regex"),
        (
            "[alerts]\nheartbeat = 'https://${x'",
            "2: alerts.heartbeat: a variable is written ${NAME}",
        ),
        (
            "[alerts.targets.anna]\nmail = '${MAIL ANNA}'",
            "2: alerts.targets.anna.mail: a variable is written ${NAME}",
        ),
        ("a = 1\nb = ", "2: is not TOML: Invalid value"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(file: Path, text: str, complaint: str) -> None:
    """With the line and the key."""
    assert any(found.startswith(complaint) for found in complaints(file, text))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Whoever names a file means it."""
    with pytest.raises(SettingsErrors, match=r"nowhere\.toml: cannot be read"):
        load_settings({}, tmp_path / "nowhere.toml")


def test_mistakes_of_the_environment_and_of_the_file_come_together(file: Path) -> None:
    """Nobody likes to mend one mistake a start."""
    file.write_text("x = 1")
    environ = {"POULS_KAFKA": "here", "POULS_LISTEN": "8080", "POULS_REDIS": "localhost:6379"}
    with pytest.raises(SettingsErrors) as caught:
        load_settings(environ, file)
    places = [complaint.split(": ")[0] for complaint in caught.value.complaints]
    assert places == ["POULS_KAFKA", "POULS_LISTEN", "POULS_REDIS", f"{file}:1"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/paris", "Europe/Paris"),
        ("Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Amercia/Sao_Paulo", "America/Sao_Paulo"),
    ],
)
def test_a_time_zone_that_nobody_knows_is_told_with_those_that_were_meant(
    name: str, meant: str
) -> None:
    """The likeliest first, and few: nobody reads six hundred names."""
    told = unknown_zone(name)
    assert told is not None
    assert told.startswith(f"no time zone is called so; did you mean {meant!r}")
    assert 1 <= told.count("'") // 2 <= 3


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        ("POULS_KAFKA", "one:9092,", "'' is not HOST:PORT"),
        ("POULS_KAFKA", "one:9092,,two:9092", "'' is not HOST:PORT"),
        ("POULS_KAFKA", ",", "'' is not HOST:PORT"),
        ("POULS_KAFKA", "one:0", "'one:0': ports are 1 to 65535"),
        ("POULS_KAFKA", "one:9092,two:65536", "'two:65536': ports are 1 to 65535"),
        ("POULS_LISTEN", "127.0.0.1:65536", "'127.0.0.1:65536': ports are 0 to 65535"),
        ("POULS_LISTEN", "127.0.0.1:٣", "'127.0.0.1:٣' is not HOST:PORT"),
        ("POULS_METRICS_LISTEN", "[::1]:99999", "'[::1]:99999': ports are 0 to 65535"),
    ],
)
def test_an_address_that_cannot_be_is_told_with_its_variable(
    file: Path, variable: str, text: str, sentence: str
) -> None:
    """Before a library stumbles over it."""
    file.write_text("")
    with pytest.raises(SettingsErrors) as caught:
        load_settings({variable: text}, file)
    assert set(caught.value.complaints) == {f"{variable}: {sentence}"}


def test_the_greatest_port_and_any_free_one_are_addresses(file: Path) -> None:
    """Port 0 lets the machine choose where to listen."""
    file.write_text("")
    settings = load_settings({"POULS_LISTEN": "[::1]:0", "POULS_KAFKA": "one:65535"}, file)
    assert [settings.listen, settings.kafka] == ["[::1]:0", "one:65535"]


# -- lines

names = st.text("ab.\" '", min_size=1, max_size=3)
values = st.sampled_from(["1", '"""a\n[x]\ny = 1\n"""', "[\n1,\n2]", "{a = {b = 1}}"])


@given(st.dictionaries(names, st.dictionaries(names, values, max_size=3), max_size=4))
def test_the_line_of_a_key_is_where_its_statement_begins(
    tables: dict[str, dict[str, str]],
) -> None:
    """Whatever strings, lists and inline tables there are around it."""
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in tables.items():
        lines += ["", f"[{quoted(table)}]  # a table"]
        expected[(table,)] = len(lines)
        for key, value in keys.items():
            expected[table, key] = len(lines) + 1
            lines += f"{quoted(key)} = {value}".split("\n")
    found = lines_of("\n".join(lines))
    assert {path: found[path] for path in expected} == expected


def quoted(name: str) -> str:
    """Returns a key that may hold anything."""
    return '"' + name.replace('"', '\\"') + '"'


# -- strangers


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:80", "localhost:80", "[::1]:80", "127.3.2.1:80", None]
)
def test_this_machine_is_no_stranger(listen: str | None) -> None:
    """Loopback needs no sign-in."""
    refuse_strangers("POULS_LISTEN", listen, insecure=False)


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "wall.example.org:80", "10.0.0.1:80"])
def test_an_address_that_others_reach_needs_insecure(listen: str) -> None:
    """Until there is a sign-in."""
    with pytest.raises(ListenRefused, match="--insecure"):
        refuse_strangers("POULS_LISTEN", listen, insecure=False)
    refuse_strangers("POULS_LISTEN", listen, insecure=True)
