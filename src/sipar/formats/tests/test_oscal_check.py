from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.oscal_bench import CONTROLS, seven_faults, synthetic_results
from sipar.formats.oscal_check import check
from sipar.formats.oscal_check_faults import MAX_LISTED, Fault
from sipar.formats.oscal_schema import MODELS, OBJECTS, SCALARS, VALUE_SETS

CATALOGS = [set(CONTROLS)]
NOWHERE = "11111111-2222-4333-8444-555555555555"
FINDING_7 = "assessment-results/results/0/findings/7"


def broken(change: str, value: object = None) -> tuple[Fault, ...]:
    """Check ten findings after setting (or, without a value, deleting) what stands at the path `change`."""
    document: dict[str, Any] = json.loads(synthetic_results(10))
    *steps, last = change.split("/")
    place: Any = document["assessment-results"]
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return check(json.dumps(document).encode(), catalogs=CATALOGS).faults


def only(faults: tuple[Fault, ...]) -> tuple[str, str]:
    (fault,) = faults
    return fault.code, fault.path


def test_sound_results_have_no_fault_and_are_counted() -> None:
    report = check(synthetic_results(50), catalogs=CATALOGS)
    assert report.ok
    assert report.faults == ()
    assert (report.counts["findings"], report.counts["observations"], report.counts["faults"]) == (50, 50, 0)
    assert check(synthetic_results(0), catalogs=CATALOGS).ok


@pytest.mark.parametrize(
    ("name", "code", "path"),
    [
        ("status-state-unknown", "shape.value", f"{FINDING_7}/target/status/state"),
        ("finding-without-target", "shape.missing-field", f"{FINDING_7}/target"),
        ("target-type-unknown", "shape.value", f"{FINDING_7}/target/type"),
        ("unknown-field", "shape.unknown-field", FINDING_7),
        ("duplicate-finding-uuid", "duplicate.uuid", f"{FINDING_7}/uuid"),
        ("dangling-observation", "reference.observation", f"{FINDING_7}/related-observations/0/observation-uuid"),
        (
            "control-in-no-catalogue",
            "reference.control",
            "assessment-results/results/0/reviewed-controls/control-selections/0/include-controls/7/control-id",
        ),
    ],
)
def test_each_of_the_seven_faults_is_found_once_where_it_is(name: str, code: str, path: str) -> None:
    documents = seven_faults()
    assert len(documents) == 7
    assert only(check(documents[name], catalogs=CATALOGS).faults) == (code, path)


@pytest.mark.parametrize(
    ("change", "value", "code"),
    [
        ("import-ap", None, "shape.missing-field"),
        ("uuid", "not-a-uuid", "shape.format"),
        ("metadata/last-modified", "2026-03-01T09:00:00", "shape.format"),
        ("metadata/last-modified", "2026-02-30T09:00:00Z", "shape.format"),
        ("metadata/oscal-version", "1.0.4", "oscal.version"),
        ("metadata/title", "two\nlines", "shape.format"),
        ("metadata", [], "shape.type"),
        ("results", [], "shape.empty"),
        ("results", {}, "shape.type"),
        ("results/0/findings/3/target", "text", "shape.type"),
        ("results/0/findings/3/title", 7, "shape.type"),
        ("results/0/findings/3/related-risks", [{"risk-uuid": NOWHERE}], "reference.risk"),
        ("results/0/findings/3/target/target-id", "zz-99_smt.a", "reference.control"),
        ("results/0/findings/3/target/target-id", "has space", "shape.format"),
        ("results/0/findings/3/links", [{"href": f"#{NOWHERE}"}], "reference.resource"),
        (
            "results/0/observations/3/relevant-evidence",
            [{"href": f"#{NOWHERE}", "description": "x"}],
            "reference.resource",
        ),
        ("results/0/findings/3/origins", [{"actors": [{"type": "party", "actor-uuid": NOWHERE}]}], "reference.party"),
        ("results/0/reviewed-controls/control-selections/0/include-all", {}, "shape.choice"),
        ("import-ap/href", f"#{NOWHERE}", "reference.resource"),
    ],
)
def test_every_other_fault_is_found_by_its_code(change: str, value: object, code: str) -> None:
    found = {fault.code for fault in broken(change, value)}
    assert code in found
    assert found <= {code, "reference.control"}


def test_a_responsible_party_that_nobody_defined_and_a_role_that_nobody_defined_are_named() -> None:
    faults = broken("metadata/responsible-parties", [{"role-id": "reviewer", "party-uuids": [NOWHERE]}])
    assert {fault.code for fault in faults} == {"reference.party", "reference.role"}


def test_two_roles_with_one_identifier_are_refused() -> None:
    role = {"id": "reviewer", "title": "Reviewer"}
    assert only(broken("metadata/roles", [role, copy.deepcopy(role)])) == (
        "duplicate.role",
        "assessment-results/metadata/roles/1/id",
    )


def test_a_reference_in_capitals_finds_the_same_uuid_in_small_letters() -> None:
    document = json.loads(synthetic_results(1))
    reference = document["assessment-results"]["results"][0]["findings"][0]["related-observations"][0]
    reference["observation-uuid"] = reference["observation-uuid"].upper()
    assert check(json.dumps(document).encode()).ok


def test_without_catalogues_control_ids_are_left_alone() -> None:
    assert check(seven_faults()["control-in-no-catalogue"]).ok


def test_a_value_after_faulty_neighbours_is_still_named_at_its_own_place() -> None:
    document = json.loads(synthetic_results(10))
    findings = document["assessment-results"]["results"][0]["findings"]
    findings[2] = 5
    findings[4]["props"] = "none"
    findings[6]["target"]["status"]["state"] = "banana"
    paths = {fault.path for fault in check(json.dumps(document).encode()).faults}
    prefix = "assessment-results/results/0/findings"
    assert paths == {f"{prefix}/2", f"{prefix}/4/props", f"{prefix}/6/target/status/state"}


def test_a_plan_without_its_security_plan_is_refused() -> None:
    plan = {"assessment-plan": {"uuid": NOWHERE}}
    paths = {fault.path for fault in check(json.dumps(plan).encode()).faults}
    assert paths == {f"assessment-plan/{name}" for name in ("import-ssp", "metadata", "reviewed-controls")}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json.malformed"),
        (b"\xff\xfe\x00", "json.malformed"),
        (b'{"assessment-results": NaN}', "json.malformed"),
        (b"[" * 1_000_000, "json.depth"),
        (b'{"catalog": {}}', "oscal.model"),
        (b"[]", "oscal.model"),
        (b'{"assessment-plan": {}, "assessment-results": {}}', "oscal.model"),
        (b'{"assessment-results": []}', "oscal.model"),
        (b'{"assessment-results": {"uuid": 1, "uuid": 2}}', "json.duplicate-key"),
    ],
)
def test_what_is_no_oscal_assessment_gets_one_clear_fault(data: bytes, code: str) -> None:
    (fault,) = check(data).faults
    assert fault.code == code


def test_endless_nesting_of_parts_ends_with_a_fault() -> None:
    part: dict[str, Any] = {"name": "innermost"}
    for _ in range(400):
        part = {"name": "part", "parts": [part]}
    faults = broken("results/0/attestations", [{"parts": [part]}])
    assert [fault.code for fault in faults] == ["shape.depth"]


def test_many_faults_are_all_counted_and_the_first_thousand_listed() -> None:
    document = json.loads(synthetic_results(MAX_LISTED + 500))
    for finding in document["assessment-results"]["results"][0]["findings"]:
        finding["colour"] = "green"
    report = check(json.dumps(document).encode())
    assert len(report.faults) == MAX_LISTED
    assert report.counts["faults"] == MAX_LISTED + 500


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["uuid", "metadata", "results", "x", "findings"]), inner)
        ),
        max_leaves=30,
    )
)
def test_any_json_at_all_gets_a_report(value: object) -> None:
    assert not check(json.dumps({"assessment-results": value}).encode(), catalogs=[]).ok


_TRESTLE = """
import json, sys
from trestle.oscal import assessment_plan, assessment_results, poam
models = {"assessment-plan": assessment_plan, "assessment-results": assessment_results, "poam": poam}
json.dump({name: module.Model.model_json_schema(by_alias=True) for name, module in models.items()}, sys.stdout)
"""
# The model definitions require these; the generated classes of trestle lost the mark where a choice stands beside them.
_STRICTER = {("party", "uuid"), ("party", "type"), ("assessment-subject", "type")}


class TrestleTree:
    """Walks one trestle schema and our table side by side and collects where they differ."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.differences: list[str] = []
        self.visited: set[str] = set()

    def resolve(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in schema:
            return self.resolve(self.definitions[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return [found for option in schema["anyOf"] for found in self.resolve(option)]
        return [] if schema.get("type") == "null" else [schema]

    def compare(self, schema: dict[str, Any], name: str) -> None:
        if name in self.visited:
            return
        self.visited.add(name)
        variants = self.resolve(schema)
        theirs = {field: inner for variant in variants for field, inner in variant.get("properties", {}).items()}
        required = set.intersection(*(set(variant.get("required", [])) for variant in variants))
        ours = OBJECTS[name]
        if theirs.keys() != ours.keys():
            self.differences.append(f"{name}: fields {sorted(theirs.keys() ^ ours.keys())}")
        stricter = {field for kind, field in _STRICTER if kind == name}
        if {field.name for field in ours.values() if field.required} != required | stricter:
            self.differences.append(f"{name}: required {sorted(required)}")
        for field, inner in theirs.items():
            self.compare_field(inner, name, field)

    def compare_field(self, schema: dict[str, Any], name: str, field: str) -> None:
        ours = OBJECTS[name][field]
        variants = self.resolve(schema)
        if ours.array != any(variant.get("type") == "array" for variant in variants):
            self.differences.append(f"{name}.{field}: array")
            return
        if ours.array:
            variants = [found for variant in variants for found in self.resolve(variant["items"])]
        if ours.kind in OBJECTS:
            self.compare({"anyOf": variants}, ours.kind)
            return
        closed = all("enum" in variant for variant in variants)
        values = {value for variant in variants for value in variant.get("enum", [])}
        if closed and VALUE_SETS.get(ours.kind, frozenset()) != frozenset(values):
            self.differences.append(f"{name}.{field}: values {sorted(values)}")
        if closed:
            return
        plain = next(variant for variant in variants if "enum" not in variant)
        if datatype(plain) != ("text" if ours.kind == "reference" else ours.kind):
            self.differences.append(f"{name}.{field}: datatype {variants}")


def datatype(schema: dict[str, Any]) -> str:
    by_format = {"date-time": "datetime", "uri": "uri", "email": "email"}
    if schema["type"] == "integer":
        return "count" if schema["minimum"] else "number"
    if "format" in schema:
        return by_format[schema["format"]]
    pattern = schema.get("pattern", "")
    beginnings = {
        "^[0-9A-Fa-f]{8}": "uuid",
        "^[_A-Za-z": "token",
        "^\\S(": "string",
        "^[^\\n]": "line",
        "^[0-9A-Za-z+": "base64",
    }
    return next((kind for start, kind in beginnings.items() if pattern.startswith(start)), "text")


def test_the_table_knows_every_field_datatype_and_value_that_trestle_knows() -> None:
    run = subprocess.run(  # noqa: S603 - our own interpreter with a constant program
        [sys.executable, "-W", "ignore", "-c", _TRESTLE], capture_output=True, check=True, timeout=120
    )
    compared: set[str] = set()
    for root, schema in json.loads(run.stdout).items():
        tree = TrestleTree(schema["$defs"])
        tree.compare(next(iter(schema["properties"].values())), root)
        assert tree.differences == []
        compared |= tree.visited
    assert compared == OBJECTS.keys()


def test_the_table_names_only_datatypes_value_sets_and_objects_that_exist() -> None:
    kinds = {field.kind for fields in OBJECTS.values() for field in fields.values()}
    assert kinds <= SCALARS | VALUE_SETS.keys() | OBJECTS.keys()
    assert set(MODELS.values()) <= OBJECTS.keys()


def test_the_official_examples_have_no_fault_of_shape() -> None:
    shared = os.environ.get("SIPAR_SHARED")
    if not shared:
        pytest.skip("SIPAR_SHARED does not name the folder with the official OSCAL examples")
    examples = sorted((Path(shared) / "data/frameworks/oscal").glob("ifa_*.json"))
    checked = [check(path.read_bytes()) for path in examples if "ssp" not in path.name]
    assert {report.model for report in checked} == MODELS.keys()
    assert [fault for report in checked for fault in report.faults if not fault.code.startswith("reference.")] == []
