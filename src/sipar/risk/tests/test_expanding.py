"""From library and register to a portfolio, compared with one built scenario by scenario."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions import parse
from sipar.risk.expanding import Nation, expand
from sipar.risk.portfolio import portfolio
from sipar.risk.scenario import Provider, Scenario
from sipar.risk.tests.nation import dependencies, document, findings, register


def nation(many: int = 40, *, exposed: bool = False) -> Nation:
    people = register(many)
    return expand(
        parse(document()),
        people.sample(fraction=1, shuffle=True, seed=1),
        dependencies=dependencies(people["organisation"]),
        exposure=findings(people["organisation"]) if exposed else None,
    )


def test_a_scenario_stands_for_each_organisation_that_it_applies_to() -> None:
    found, people = nation(), register(40)
    rows = found.rows.group_by("scenario").len()
    fraud = people.filter(pl.col("sector").is_in(["finance", "health"]) & pl.col("tier").is_in([1, 2])).height
    assert dict(rows.iter_rows()) == {"ransomware": 40, "fraud": fraud, "outage": 40}
    assert found.rows["organisation"].is_sorted()
    assert (found.register["organisation"][found.places] == found.rows["organisation"]).all()


def test_columns_are_what_single_scenarios_would_give() -> None:
    assumptions, found, people = parse(document()), nation(), register(40)
    names = {line["organisation"]: line for line in people.iter_rows(named=True)}
    scenarios, scale = [], []
    for organisation, key in found.rows.select("organisation", "scenario").iter_rows():
        kind = next(kind for kind in assumptions.kinds if kind.key == key)
        line = names[organisation]
        scale.append(kind.size.get(line["size"], 1.0) * kind.tier.get(line["tier"], 1.0))
        sector = line["sector"]
        scenarios.append(
            Scenario(f"{organisation} {key}", "", sector, kind.event, "", kind.frequency, kind.loss, "USD", 2026)
        )
    rests: dict[str, list[int]] = {"cloud": [], "power": []}
    for organisation, provider in dependencies(people["organisation"]).iter_rows():
        rests[provider].append(organisation)
    providers = [
        Provider("power", 0.05, {f"{one} outage": 0.2 for one in rests["power"]}),
        Provider("cloud", 0.1, {f"{one} outage": 0.5 for one in rests["cloud"]}, ("power",)),
    ]
    wanted = portfolio(
        scenarios, shocks=assumptions.sector_shocks, nation=assumptions.nation_shock, providers=providers
    )
    assert found.portfolio.rate.tolist() == wanted.rate.tolist()
    assert found.portfolio.spread.tolist() == wanted.spread.tolist()
    assert found.portfolio.scale.tolist() == pytest.approx(scale)
    assert found.portfolio.link_starts.tolist() == wanted.link_starts.tolist()
    for provider in range(2):
        links = slice(wanted.link_starts[provider], wanted.link_starts[provider + 1])
        pairs = zip(wanted.link_rows[links].tolist(), wanted.link_chance[links].tolist(), strict=True)
        rows, chances = zip(*sorted(pairs), strict=True)
        assert found.portfolio.link_rows[links].tolist() == list(rows)
        assert found.portfolio.link_chance[links].tolist() == pytest.approx(list(chances))


def test_open_findings_raise_the_frequency_up_to_the_most() -> None:
    calm, open_now = nation(), nation(exposed=True)
    factor = np.divide(open_now.portfolio.rate, calm.portfolio.rate)
    # One critical and two high findings: 1.5 x 1.2 x 1.2.
    assert set(np.round(factor, 6).tolist()) == {1.0, 2.16}
    people = register(40)
    many = findings(people["organisation"]).with_columns(pl.lit(10**6).alias("critical"))
    found = expand(parse(document()), people, dependencies=dependencies(people["organisation"]), exposure=many)
    assert (found.portfolio.rate / calm.portfolio.rate).max() == pytest.approx(3.0)


def test_a_dependency_on_what_is_not_there_is_left_out_and_counted() -> None:
    people = register(5)
    lines = pl.DataFrame({"organisation": [11, 11, 999, 11], "provider": ["cloud", "cloud", "cloud", "sea"]})
    found = expand(parse(document()), people, dependencies=lines)
    assert [places.tolist() for places in found.dependents] == [[], [0]]
    assert found.left_out == 2


def test_an_organisation_without_sector_or_tier_is_counted_without() -> None:
    people = register(3).with_columns(pl.lit(None, pl.String()).alias("sector"), pl.lit(None, pl.Int64()).alias("tier"))
    found = expand(parse(document()), people, dependencies=pl.DataFrame({"organisation": [], "provider": []}))
    assert set(found.rows["scenario"]) == {"ransomware", "outage"}
    assert found.sectors == ("",)
    assert set(found.rows["tier"]) == {0}


def test_registers_that_cannot_be_are_refused() -> None:
    people, none = register(3), pl.DataFrame({"organisation": [], "provider": []})
    for bad, code in (
        (pl.concat([people, people[:1]]), "twice"),
        (people.drop("sector"), "columns"),
        (people.with_columns(pl.lit("many").alias("tier")), "columns"),
        (people.clear(), "empty"),
    ):
        with pytest.raises(FormatProblem) as caught:
            expand(parse(document()), bad, dependencies=none)
        assert caught.value.code == code
    with pytest.raises(FormatProblem, match="negative"):
        expand(
            parse(document()),
            people,
            dependencies=none,
            exposure=pl.DataFrame({"organisation": [11], "critical": [-1], "high": [0], "medium": [0], "low": [0]}),
        )


def test_a_part_of_a_portfolio_keeps_its_rows_and_links() -> None:
    found = nation().portfolio
    rows = np.arange(0, len(found.rate), 2)
    part = found.of_rows(rows)
    assert part.mean_by_row() == pytest.approx(found.mean_by_row()[rows])
    assert len(part.link_starts) == 3
