from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from sipar.formats.catalogue import Catalogue
from sipar.formats.catalogue_file import build_catalogue
from sipar.formats.catalogue_table import read_catalogue_table, write_catalogue_table, write_requirements_csv
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import Sheet, write_xlsx
from sipar.formats.tests.catalogues import catalogues

TEXT = {"en": "Words"}
BASE = build_catalogue(
    {
        "identifier": "drill",
        "version": "1",
        "title": TEXT,
        "scale": [{"level": level, "title": TEXT, "criterion": TEXT} for level in (0, 1)],
        "groups": [{"id": "g", "title": TEXT}],
        "requirements": [],
    }
)
SHEETS: dict[str, list[list[str]]] = {
    "about": [["field", "value"], ["identifier", "drill"], ["version", "1"], ["title_en", "Words"]],
    "scale": [["level", "title_en", "criterion_en"], ["0", "No", "No."], ["1", "Yes", "Yes."]],
    "groups": [["id", "title_en"], ["g", "Doors"]],
    "requirements": [["id", "group", "title_en", "statement_en"], ["r", "g", "Lock", "Lock it."]],
}


def workbook(**changed: list[list[str]]) -> bytes:
    return write_xlsx(
        [Sheet(name=name, header=rows[0], rows=rows[1:]) for name, rows in (SHEETS | changed).items() if rows]
    )


@settings(deadline=None, max_examples=40)
@given(catalogues())
def test_a_catalogue_written_as_a_workbook_and_read_back_is_identical(catalogue: Catalogue) -> None:
    assert read_catalogue_table(write_catalogue_table(catalogue), "catalogue.xlsx") == catalogue


@given(catalogues())
def test_requirements_written_as_csv_and_read_back_are_identical(catalogue: Catalogue) -> None:
    data = write_requirements_csv(catalogue)
    assert read_catalogue_table(data, "requirements.csv", base=catalogue) == catalogue


def test_a_workbook_written_by_hand_needs_only_the_columns_it_uses() -> None:
    catalogue = read_catalogue_table(workbook(), "catalogue.xlsx")
    assert [requirement.id for requirement in catalogue.requirements] == ["r"]
    assert catalogue.requirements[0].applies_to == ["it", "ot", "cloud"]
    assert catalogue.requirements[0].weight == 1.0


def test_several_places_of_use_may_be_parted_by_commas() -> None:
    rows = [["id", "group", "title_en", "statement_en", "applies_to"], ["r", "g", "Lock", "Lock it.", "it, ot"]]
    assert read_catalogue_table(workbook(requirements=rows), "c.xlsx").requirements[0].applies_to == ["it", "ot"]


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"scale": []}, "catalogue.table", "c.xlsx"),
        ({"more": [["a"], ["b"]]}, "catalogue.table", "c.xlsx"),
        ({"about": [["field"], ["identifier"]]}, "catalogue.table", "sheet about"),
        ({"about": [*SHEETS["about"], ["colour", "red"]]}, "catalogue.table", "sheet about"),
        ({"about": [*SHEETS["about"], ["words_en", "red"]]}, "catalogue.table", "sheet about"),
        ({"groups": [["title_en"], ["Doors"]]}, "catalogue.table", "sheet groups"),
        ({"groups": [["id", "Colour"], ["g", "x"]]}, "catalogue.table", "sheet groups"),
        ({"groups": [["id", "colour_en"], ["g", "x"]]}, "catalogue.table", "sheet groups, row 2"),
        ({"scale": [["level", "title_en"], ["zero", "No"]]}, "catalogue.table", "sheet scale, row 2"),
        ({"requirements": [["id", "weight"], ["r", "heavy"]]}, "catalogue.table", "sheet requirements, row 2"),
        ({"requirements": [["id", "group"], ["r", "g"]]}, "catalogue.shape", "requirements/0/title"),
        (
            {"requirements": [SHEETS["requirements"][0], *[["r", "g", "Lock", "Lock it."]] * 2]},
            "catalogue.duplicate",
            "r",
        ),
        (
            {"profiles": [["profile", "kind", "id", "level", "title_en"], ["p", "sort", "g", "1", "P"]]},
            "catalogue.table",
            "sheet profiles, row 2",
        ),
        (
            {"profiles": [["profile", "kind", "id", "level", "title_en"], *[["p", "group", "g", "1", "P"]] * 2]},
            "catalogue.duplicate",
            "sheet profiles, row 3",
        ),
    ],
)
def test_a_workbook_that_does_not_hang_together_is_refused_by_code_and_place(
    changed: dict[str, Any], code: str, where: str
) -> None:
    with pytest.raises(FormatProblem) as refusal:
        read_catalogue_table(workbook(**changed), "c.xlsx")
    assert (refusal.value.code, refusal.value.where) == (code, where)


def test_a_csv_without_its_catalogue_is_refused() -> None:
    with pytest.raises(FormatProblem, match="needs the catalogue"):
        read_catalogue_table(b"id,group\nr,g\n", "r.csv")


def test_a_csv_of_requirements_replaces_those_of_its_catalogue() -> None:
    data = "id,group,title_en,statement_en,title_ur\nr,g,Lock,Lock it.,بند\n".encode()
    catalogue = read_catalogue_table(data, "r.csv", base=BASE)
    assert [requirement.title for requirement in catalogue.requirements] == [{"en": "Lock", "ur": "بند"}]
    assert catalogue.groups == BASE.groups
