"""A generated history is the same for the same seed, holds to its assumptions, and makes sense row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.incidents.history import MAX_INCIDENTS, STAGES, generate, submissions
from sipar.incidents.history_assumptions import Assumptions, read_assumptions, shipped_assumptions
from sipar.incidents.severity import DATA
from sipar.law.facts import shipped_facts

ASSUMED = shipped_assumptions()
SINCE, UNTIL = datetime(2021, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
OWN_COLUMNS = {"incident", "organisation", "generated", "pattern", *(f"submitted_{stage}_at" for stage in STAGES)}
TEXT = (DATA / "history-assumptions.yaml").read_text()


def _history(incidents: int = 60_000, seed: int = 7, assumed: Assumptions = ASSUMED) -> pl.DataFrame:
    return generate(assumed, incidents=incidents, seed=seed, since=SINCE, until=UNTIL)


@pytest.fixture(scope="module")
def history() -> pl.DataFrame:
    return _history()


def _share(column: pl.Series, value: str) -> float:
    return float((column == value).sum()) / len(column)


def test_the_same_seed_gives_the_same_table_and_another_seed_another() -> None:
    first, again, other = _history(2_000), _history(2_000), _history(2_000, seed=8)
    assert first.equals(again, null_equal=True)
    assert not first.equals(other, null_equal=True)


def test_every_column_is_a_fact_of_the_law_in_its_type_or_says_where_the_row_comes_from(history: pl.DataFrame) -> None:
    facts = shipped_facts()
    for name, dtype in history.schema.items():
        if name in OWN_COLUMNS:
            continue
        assert name in facts, name
        expected = facts[name].dtype
        assert dtype == expected or (isinstance(dtype, pl.Enum) and expected == pl.String()), name


def test_choices_are_options_of_the_law_and_numbers_are_within_its_bounds(history: pl.DataFrame) -> None:
    for name, fact in shipped_facts().items():
        if name not in history.columns:
            continue
        if fact.options:
            drawn = set(history[name].cast(pl.String).drop_nulls().unique())
            assert drawn <= {option.value for option in fact.options}, name
        if fact.type in ("integer", "number"):
            low, high = fact.low, fact.high
            column = history[name].drop_nulls().cast(pl.Float64)
            assert low is None or (column >= low).all(), name
            assert high is None or (column <= high).all(), name


def test_every_row_says_that_it_is_generated(history: pl.DataFrame) -> None:
    assert history["generated"].all()
    assert history["incident"].to_list() == list(range(history.height))


def test_sectors_and_patterns_have_their_shares(history: pl.DataFrame) -> None:
    for code, sector in ASSUMED.sectors.items():
        assert _share(history["sector"], code) == pytest.approx(sector.incidents, abs=0.01)
        rows = history.filter(pl.col("sector") == code)
        if rows.height > 3_000:
            for pattern, share in sector.patterns.items():
                assert _share(rows["pattern"], pattern) == pytest.approx(share, abs=0.03), (code, pattern)


def test_each_pattern_has_its_mix_of_severities(history: pl.DataFrame) -> None:
    rows = history.filter(pl.col("pattern") == "crimeware")
    low, medium, high, critical = (_share(rows["severity"], name) for name in ("low", "medium", "high", "critical"))
    assert (low, medium, high, critical) == pytest.approx(ASSUMED.patterns["crimeware"].severity, abs=0.03)


def test_lags_have_their_medians(history: pl.DataFrame) -> None:
    belief = history.select((pl.col("reasonable_belief_at") - pl.col("aware_at")).dt.total_seconds().median() / 3_600)
    first = history.select((pl.col("submitted_first_at") - pl.col("aware_at")).dt.total_seconds().median() / 3_600)
    assert belief.item() == pytest.approx(ASSUMED.lags.belief_hours.median, rel=0.05)
    assert first.item() == pytest.approx(ASSUMED.reporting.first_hours.median, rel=0.08)


def test_incidents_come_to_notice_in_order_within_the_period(history: pl.DataFrame) -> None:
    aware = history["aware_at"]
    assert aware.is_sorted()
    assert aware.min() >= SINCE  # type: ignore[operator]
    assert aware.max() < UNTIL  # type: ignore[operator]


def test_more_of_them_come_to_notice_in_working_hours_and_in_later_years(history: pl.DataFrame) -> None:
    local = history["aware_at"].dt.convert_time_zone(ASSUMED.time_zone)
    working = (local.dt.hour() >= 9) & (local.dt.hour() < 17) & (local.dt.weekday() <= 5)
    # 40 of 168 hours at three times the weight: 120 / (120 + 80 + 48 * 0.6) of all
    assert working.mean() == pytest.approx(0.524, abs=0.02)
    years = history["aware_at"].dt.year().value_counts().sort("aware_at")["count"].to_list()
    assert years == sorted(years)
    assert years[-1] / years[0] == pytest.approx(1.1**4, rel=0.08)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(1, 3_000))
def test_instants_stand_in_an_order_that_can_be(seed: int, incidents: int) -> None:
    rows = _history(incidents, seed=seed)
    assert rows.height == incidents
    sooner_later = [
        ("started_at", "detected_at"),
        ("detected_at", "aware_at"),
        ("aware_at", "reasonable_belief_at"),
        ("aware_at", "classified_at"),
        ("aware_at", "handled_at"),
        ("aware_at", "activities_recovered_at"),
        ("aware_at", "ransom_paid_at"),
        ("aware_at", "submitted_first_at"),
        ("submitted_first_at", "submitted_second_at"),
        ("submitted_second_at", "submitted_third_at"),
        ("submitted_third_at", "submitted_final_at"),
    ]
    for sooner, later in sooner_later:
        assert (rows[sooner] <= rows[later]).all(ignore_nulls=True), (sooner, later)


def test_what_excludes_each_other_never_stands_together(history: pl.DataFrame) -> None:
    def none(condition: pl.Expr) -> bool:
        return history.filter(condition).is_empty()

    assert none(pl.col("ransom_paid") & ~pl.col("ransomware"))
    assert none(pl.col("ransom_paid_at").is_not_null() & ~pl.col("ransom_paid"))
    assert none(pl.col("malicious_access") & ~pl.col("suspected_malicious"))
    assert none(pl.col("personal_data_breach") & ~pl.col("possible_data_loss"))
    assert none(pl.col("breach_high_risk") & pl.col("breach_risk_unlikely"))
    assert none(pl.col("handled_at").is_not_null() & pl.col("ongoing"))
    assert none(pl.col("classified_at").is_not_null() & pl.col("severity").is_in(["low", "medium"]))
    assert none(pl.col("clients_affected").is_not_null() & (pl.col("financial_entity") == "none"))
    assert none((pl.col("users_affected_percent") < 0) | (pl.col("users_affected_percent") > 100))


def test_an_organisation_stays_the_same_in_all_its_incidents(history: pl.DataFrame) -> None:
    per_organisation = history.group_by("organisation").agg(
        pl.col("sector", "staff", "province", "licensee").n_unique()
    )
    assert per_organisation.select(pl.col("sector", "staff", "province", "licensee").max()).row(0) == (1, 1, 1, 1)


def test_worse_incidents_cost_more_and_are_reported_more_often(history: pl.DataFrame) -> None:
    by_severity = (
        history.group_by("severity")
        .agg(pl.col("financial_loss_eur").median().alias("loss"), pl.col("submitted_first_at").is_not_null().mean())
        .sort(pl.col("severity").to_physical())
    )
    assert by_severity["severity"].to_list() == ["low", "medium", "high", "critical"]
    assert by_severity["loss"].is_sorted()
    assert by_severity["submitted_first_at"].to_list() == pytest.approx(ASSUMED.reporting.reports, abs=0.03)


def test_facts_of_later_stages_are_unknown_for_some_and_those_of_the_first_never(history: pl.DataFrame) -> None:
    assert history["financial_loss_eur"].null_count() / history.height == pytest.approx(ASSUMED.unknown, abs=0.01)
    assert history["severe_disruption"].null_count() == 0
    assert history["aware_at"].null_count() == 0


def test_causes_come_back_so_that_recurring_incidents_can_be_found(history: pl.DataFrame) -> None:
    repeated = history.group_by("organisation", "root_cause").len().filter(pl.col("len") >= 2)
    assert repeated.height > 100


def test_a_history_of_one_incident_in_one_hour_is_a_history() -> None:
    rows = generate(ASSUMED, incidents=1, seed=0, since=SINCE, until=SINCE + timedelta(hours=1), organisations=1)
    assert rows.height == 1
    assert rows["aware_at"].dt.year().item() == 2021


@pytest.mark.parametrize(
    ("incidents", "since", "until", "seed"),
    [
        (0, SINCE, UNTIL, 1),
        (MAX_INCIDENTS + 1, SINCE, UNTIL, 1),
        (1, UNTIL, SINCE, 1),
        (1, SINCE.replace(tzinfo=None), UNTIL, 1),
        (1, SINCE, UNTIL, -1),
    ],
)
def test_a_history_without_sense_is_refused(incidents: int, since: datetime, until: datetime, seed: int) -> None:
    with pytest.raises(ValueError, match=r"a history|a seed"):
        generate(ASSUMED, incidents=incidents, seed=seed, since=since, until=until)


def test_submissions_meet_the_stages_of_a_regime(history: pl.DataFrame) -> None:
    three = submissions(history, regime="eu-nis2", stages=["early_warning", "notification", "final", "unheard_of"])
    assert three["regime"].unique().to_list() == ["eu-nis2"]
    assert set(three["stage"].unique()) == {"early_warning", "notification", "final"}
    warned = three.filter(pl.col("stage") == "early_warning")
    assert warned.height == history["submitted_first_at"].count()
    one = submissions(history, regime="eu-gdpr", stages=["notification"])
    assert one["submitted_at"].equals(warned["submitted_at"])


def test_a_regime_whose_stages_nobody_knows_gets_no_submissions(history: pl.DataFrame) -> None:
    none = submissions(history, regime="draft", stages=["unheard_of"])
    assert none.is_empty()
    assert none.schema == submissions(history, regime="eu-gdpr", stages=["notification"]).schema


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("PK-PB: 0.44", "PK-PB: 0.54"),
        ("web_application: 0.10, misuse", "web_application: 0.20, misuse"),
        ("web_application: 0.10, misuse: 0.15", "misuse: 0.15, web_application: 0.10"),
        ("version: 1", "version: 1\nsecret: 1"),
        ("unknown: 0.12", "unknown: 1.0"),
        ("median: 26", "median: 0"),
        ("eu_data_controller: 0.12, ", ""),
    ],
)
def test_assumptions_that_do_not_add_up_are_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(FormatProblem):
        read_assumptions(TEXT.replace(old, new, 1).encode())


def test_other_assumptions_make_another_history() -> None:
    safer = read_assumptions(TEXT.replace("reports: [0.05, 0.20, 0.50, 0.75]", "reports: [1, 1, 1, 1]").encode())
    assert _history(500, assumed=safer)["submitted_first_at"].null_count() == 0
