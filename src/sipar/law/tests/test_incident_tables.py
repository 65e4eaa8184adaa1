"""Tables of incidents from files: typed or refused with their place, and observed reports as a regime's own stages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from sipar.formats.problems import FormatProblem
from sipar.law.incident_tables import fold_small, observed, read_incidents
from sipar.law.regimes import shipped

REGIMES = {regime.regime: regime for regime in shipped()}
TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "incidents.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T10:00:00Z", "2026-01-01 15:00+05:00", "2026-01-01T10:00", "2026-01-01 05:30:00.0-0430"],
)
def test_an_instant_is_read_with_its_offset_and_else_as_utc(tmp_path: Path, text: str) -> None:
    assert read_incidents(written(tmp_path, f"aware_at\n{text}\n"))["aware_at"].to_list() == [TEN]


def test_a_csv_gives_facts_in_their_types_and_leaves_other_columns_out(tmp_path: Path) -> None:
    table = read_incidents(written(tmp_path, "sector,staff,personal_data_breach,hair\nenergy,12,yes,brown\n,,,\n"))
    assert table.to_dicts() == [
        {"incident": 0, "sector": "energy", "staff": 12, "personal_data_breach": True},
        {"incident": 1, "sector": None, "staff": None, "personal_data_breach": None},
    ]


def test_parquet_keeps_its_types_and_its_order(tmp_path: Path) -> None:
    path = tmp_path / "incidents.parquet"
    pl.DataFrame({"aware_at": [TEN, None], "team": ["a", "b"], "secret": [1, 2]}).write_parquet(path)
    assert read_incidents(path).columns == ["incident", "aware_at", "team"]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        ("", "table.format", "incidents.csv"),
        ("hair\nbrown\n", "table.columns", "the first line"),
        ("staff\n", "table.length", ""),
        ("staff\n12\nmany\n", "table.value", "column staff, row 2"),
        ("staff\n1.5\n", "table.value", "column staff, row 1"),
        ("staff\n1e300\n", "table.value", "column staff, row 1"),
        ("turnover_eur\ninf\n", "table.value", "column turnover_eur, row 1"),
        ("aware_at\nyesterday\n", "table.value", "column aware_at, row 1"),
        ("submitted_first_at\n31.12.2025\n", "table.value", "column submitted_first_at, row 1"),
        ("size\nhuge\n", "table.value", "column size, row 1"),
        (b"PAR1 and then nothing", "table.format", "incidents.csv"),
        (b"\xff\xfe\x00\x01", "table.columns", "the first line"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_its_place(
    tmp_path: Path, content: str | bytes, code: str, where: str
) -> None:
    with pytest.raises(FormatProblem) as refused:
        read_incidents(written(tmp_path, content))
    assert (refused.value.code, refused.value.where) == (code, where)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FormatProblem, match=r"nothing\.csv: the file cannot be read"):
        read_incidents(tmp_path / "nothing.csv")


def test_the_first_report_is_the_early_warning_or_else_the_notification() -> None:
    table = pl.DataFrame({"submitted_first_at": [TEN], "submitted_second_at": [None]})
    with_warning = observed(table, REGIMES["eu-nis2"])
    without = observed(table, REGIMES["eu-gdpr"])
    assert with_warning["submitted_early_warning"].to_list() == [TEN]
    assert with_warning["submitted_notification"].to_list() == [None]
    assert without["submitted_notification"].to_list() == [TEN]


def test_what_a_table_says_of_a_stage_itself_stands() -> None:
    table = pl.DataFrame({"submitted_first_at": [TEN], "submitted_notification": [None]})
    assert observed(table, REGIMES["eu-gdpr"])["submitted_notification"].to_list() == [None]


def test_a_group_of_few_organisations_loses_its_name_however_many_incidents_it_has() -> None:
    many = {"sector": ["energy"] * 100, "organisation": [1, 2, 3, 4] * 25}
    few = {"sector": ["health"] * 5, "organisation": [5, 6, 7, 8, 9]}
    unknown = {"sector": ["food"] * 6, "organisation": [10, 11, 12, 13, None, None]}
    table = pl.concat(
        [pl.DataFrame(each, schema={"sector": pl.String, "organisation": pl.Int64}) for each in (many, few, unknown)]
    )
    folded = fold_small(table, ["sector", "team"], least=5)
    assert set(folded["sector"].to_list()) == {None, "health"}
    assert folded.filter(pl.col("sector") == "health").height == 5
