from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from sipar.formats.problems import FormatProblem
from sipar.nations.constituency import conflicts, memberships
from sipar.nations.outlines import load_map
from sipar.nations.profile import SHIPPED, load, shipped

Edit = Callable[[str, Callable[[dict[str, Any]], None]], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """A copy of the shipped profile with one file changed."""
    folder = tmp_path / "pk"
    shutil.copytree(SHIPPED / "pk", folder)

    def edit(name: str, change: Callable[[dict[str, Any]], None]) -> Path:
        document = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        change(document)
        (folder / name).write_text(json.dumps(document, default=str), encoding="utf-8")
        return folder

    return edit


def texts(value: object) -> Iterator[dict[str, str]]:
    """Every text of a dumped record: the mappings that have an English entry."""
    if isinstance(value, dict):
        if "en" in value:
            yield value
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def test_pakistan_has_its_units_sectors_tiers_and_seats() -> None:
    nation = shipped("pk")
    assert {province.code for province in nation.provinces} == {
        "PK-PB",
        "PK-SD",
        "PK-KP",
        "PK-BA",
        "PK-IS",
        "PK-JK",
        "PK-GB",
    }
    assert {sector.code for sector in nation.sectors if sector.priority} == {
        "finance",
        "energy",
        "health",
        "it",
        "telecom",
    }
    assert [tier.tier for tier in nation.criticality.tiers] == [1, 2, 3, 4]
    assert len(nation.cert_tiers) == 7
    assert len(nation.council.seats) == 15
    assert [seat.code for seat in nation.council.seats if seat.term_months == 12] == [
        "industry",
        "academia",
        "civil-society",
    ]


def test_every_text_of_the_profile_is_there_in_every_language() -> None:
    nation = shipped("pk")
    found = list(texts(nation.model_dump()))
    assert len(found) > 200
    assert [text for text in found if set(text) != set(nation.languages)] == []
    assert [text for text in found if not any("\u0600" <= letter <= "\u06ff" for letter in text["ur"])] == []


def test_a_notification_number_that_nobody_has_seen_stays_empty() -> None:
    notifications = [team.notification for team in shipped("pk").teams]
    assert all(notification.reference is None for notification in notifications)
    assert [notification.status for notification in notifications if notification.date] == ["notified"]


def complete_register() -> pl.DataFrame:
    """One organisation for each subsector x province x ownership x kind of body, all facts known."""
    nation = shipped("pk")
    rows = []
    for sector in nation.sectors:
        for part, province, owner in product(sector.subsectors, nation.provinces, ("public", "private")):
            departments = [body.code for body in nation.bodies if body.province == province.code]
            ministries = ["moitt", *departments[:1]]
            rows += [(sector.code, part.code, province.code, ministry, owner) for ministry in ministries]
    frame = pl.DataFrame(rows, schema=["sector", "subsector", "province", "ministry", "ownership"], orient="row")
    return frame.with_row_index("id").with_columns(pl.lit("x").alias("identifier"), pl.lit(1).alias("tier"))


def test_an_organisation_with_all_facts_known_has_exactly_one_first_contact_in_pakistan() -> None:
    register = complete_register()
    table = memberships(shipped("pk").rules(), register)
    without_any, with_several_leads = conflicts(table, register["id"])
    assert without_any.to_list() == []
    assert with_several_leads.rows() == []
    assert set(table.filter(pl.col("team") == "pk-national")["organisation"]) == set(register["id"])


def test_an_organisation_of_unknown_ownership_and_sector_is_shown_to_the_council() -> None:
    columns = ["identifier", "sector", "subsector", "province", "ministry", "ownership"]
    register = pl.DataFrame({"id": [7], "tier": [3], **{name: [None] for name in columns}})
    assert conflicts(memberships(shipped("pk").rules(), register), register["id"]).without_any.to_list() == [7]


@pytest.mark.parametrize("identifier", ["zz", "../pk", "PK", "", "pk/../pk", "tests"])
def test_only_a_profile_that_is_shipped_can_be_named(identifier: str) -> None:
    with pytest.raises(FormatProblem) as problem:
        shipped(identifier)
    assert problem.value.code == "unknown_nation"


def set_parent(code: str, parent: str | None) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        next(team for team in document["teams"] if team["code"] == code)["parent"] = parent

    return change


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("teams.yaml", set_parent("pk-government", "pk-federal"), "circle"),
        ("teams.yaml", set_parent("pk-federal", None), "exactly one team without a parent"),
        ("teams.yaml", set_parent("pk-federal", "pk-nobody"), "pk-nobody"),
        ("teams.yaml", lambda d: d["teams"].append(d["teams"][0]), "pk-national appears twice"),
        ("teams.yaml", lambda d: d["teams"][0].update(tier="galactic"), "galactic"),
        (
            "teams.yaml",
            lambda d: d["teams"][0]["constituency"].update(include=[{"sectors": ["magic"]}]),
            "magic",
        ),
        ("bodies.yaml", lambda d: d["bodies"][0].update(sectors=["magic"]), "magic"),
        ("nation.yaml", lambda d: d.update(time_zone="Asia/Atlantis"), "Asia/Atlantis"),
        ("nation.yaml", lambda d: d["name"].pop("en"), "English"),
        ("nation.yaml", lambda d: d.update(colour="green"), "Extra inputs"),
        ("sectors.yaml", lambda d: d["sectors"].append(d["sectors"][0]), "finance appears twice"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused_with_the_reason(
    edited: Edit, name: str, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    with pytest.raises(FormatProblem, match=expected):
        load(edited(name, change))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a: &x [1]\nb: *x\n", "alias"),
        (b"a: 1\na: 2\n", "duplicate_key"),
        (b"[" * 5_000, "too_deep"),
        (b"a: [", "not_yaml"),
        (b"a: !!python/object/apply:os.getcwd []\n", "not_yaml"),
        (b"- 1\n", "not_a_mapping"),
        (b"\xff\xfe", "not_utf8"),
        (b"a" * 1_000_001, "too_large"),
    ],
)
def test_a_hostile_file_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "nation.yaml").write_bytes(content)
    with pytest.raises(FormatProblem) as problem:
        load(tmp_path)
    assert problem.value.code == code
    assert "nation.yaml" in problem.value.where


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FormatProblem, match=r"nation\.yaml"):
        load(tmp_path)


def test_a_key_given_in_two_files_is_refused(edited: Edit) -> None:
    with pytest.raises(FormatProblem, match="two files"):
        load(edited("council.yaml", lambda document: document.update(identifier="pk")))


def test_the_map_draws_every_province_at_the_profiles_label_points_and_stays_small() -> None:
    nation = shipped("pk")
    path = SHIPPED / "pk" / "map.json"
    outlines = load_map(path, nation)
    assert path.stat().st_size < 60_000
    assert "de facto" in outlines.note
    drawn = {feature.properties.code: feature.properties.label for feature in outlines.features}
    assert drawn == {province.code: province.label for province in nation.provinces}


def test_the_outer_rings_of_the_map_run_clockwise_as_spherical_renderers_expect() -> None:
    for feature in load_map(SHIPPED / "pk" / "map.json", shipped("pk")).features:
        shape = feature.geometry
        polygons = [shape.coordinates] if shape.type == "Polygon" else list(shape.coordinates)
        for ring in (rings[0] for rings in polygons):
            doubled_area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
            assert doubled_area < 0, feature.properties.code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["features"].pop(), "provinces_differ"),
        (lambda d: d["features"].append(d["features"][0]), "duplicate_province"),
        (lambda d: d["features"][0]["properties"].update(code="PK-ZZ"), "provinces_differ"),
        (lambda d: d["features"][0]["geometry"]["coordinates"][0].pop(), "invalid"),
        (lambda d: d["features"][0]["geometry"]["coordinates"][0][0].__setitem__(0, 400), "invalid"),
        (lambda d: d["features"][0]["geometry"].update(type="Point"), "invalid"),
    ],
)
def test_a_replaced_map_that_does_not_fit_the_nation_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], code: str
) -> None:
    document = json.loads((SHIPPED / "pk" / "map.json").read_text(encoding="utf-8"))
    change(document)
    path = tmp_path / "map.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(FormatProblem) as problem:
        load_map(path, shipped("pk"))
    assert problem.value.code == code
