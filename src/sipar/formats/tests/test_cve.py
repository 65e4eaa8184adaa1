from __future__ import annotations

import io
import os
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.cpe import read_cpe
from sipar.formats.cve import CveRecord, read_record
from sipar.formats.cve_files import Refused, read_records
from sipar.formats.epss import read_epss
from sipar.formats.kev import read_kev
from sipar.formats.problems import FormatProblem
from sipar.formats.ssvc import Ssvc, read_ssvc

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
FIELDS = ("affected", "metrics", "problemTypes", "descriptions", "cpeApplicability", "providerMetadata", "title")


@given(st.dictionaries(st.sampled_from(FIELDS), JUNK), st.dictionaries(st.sampled_from(FIELDS), JUNK))
def test_whatever_stands_in_a_container_a_record_is_read(cna: dict[str, Any], adp: dict[str, Any]) -> None:
    about = {"cveId": "CVE-2024-10001", "state": "PUBLISHED", "dateUpdated": "2024-05-01T00:00:00"}
    found = read_record({"dataType": "CVE_RECORD", "cveMetadata": about, "containers": {"cna": cna, "adp": [adp, 1]}})
    assert found.cve == "CVE-2024-10001"
    assert found.updated.tzinfo is not None


@pytest.mark.parametrize(
    "value", [None, [], {}, {"dataType": "CVE_RECORD"}, {"dataType": "CVE_RECORD", "cveMetadata": {}}]
)
def test_what_is_no_record_is_refused(value: object) -> None:
    with pytest.raises(FormatProblem):
        read_record(value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"options": [{"Exploitation": "PoC"}, {"AUTOMATABLE": "Yes"}, {"Technical Impact": "TOTAL"}]},
            ("poc", "yes", "total"),
        ),
        ({"exploitation": "public poc", "automatable": "no", "technical_impact": "partial"}, ("poc", "no", "partial")),
        ({"options": [{"Exploitation": "perhaps"}, "x", {"Automatable": 1}]}, ("", "", "")),
        (None, ("", "", "")),
    ],
)
def test_ssvc_is_read_in_any_case_and_unknown_values_are_left_out(content: object, expected: tuple[str, ...]) -> None:
    found = read_ssvc(content)
    assert (found.exploitation, found.automatable, found.technical_impact) == expected
    assert bool(found) == any(expected)


def test_a_rejected_reserved_part_of_a_cpe_is_unescaped_and_its_update_belongs_to_the_version() -> None:
    found = read_cpe(r"cpe:2.3:o:sample:router\:x_os\+:6.4:r2:*:*:*:windows:*:*")
    assert found is not None
    assert (found.vendor, found.product, found.version, found.narrowed) == (
        "sample",
        "router:x_os+",
        "6.4-r2",
        "windows",
    )


@pytest.mark.parametrize(
    "text",
    [
        "#model_version:v1,score_date:2024-06-02T00:00:00+0000\ncve,epss,percentile\ncve-2024-10001,0.5,0.9\n",
        "CVE,CVSS3,EPSS,EPSS Percentile,Vendor,Product\nCVE-2024-10001,9.8,0.5,0.9,A,B\n",
        '"CVE","EPSS"\n"CVE-2024-10001","0.5"\n',
    ],
)
def test_scores_are_read_whatever_their_columns_are_called(text: str) -> None:
    found = read_epss(text.encode(), "x_2024-06-02.csv")
    assert found.table.select("cve", "epss").rows() == [("CVE-2024-10001", 0.5)]
    assert found.day == date(2024, 6, 2)


def test_a_score_outside_its_range_is_left_out_with_its_line() -> None:
    found = read_epss(b"cve,epss\nCVE-2024-10001,0.5\nCVE-2024-10002,5\nnobody,0.1\n")
    assert (found.table.height, found.bad) == (1, ("line 3", "line 4"))


@pytest.mark.parametrize(
    "content", [b"cve\nCVE-2024-1000\n", b"cve,epss\n", b"a\n" * 3, b"cve,epss\nCVE-2024-1000,x\n"]
)
def test_a_file_without_scores_is_refused(content: bytes) -> None:
    with pytest.raises(FormatProblem):
        read_epss(content)


def test_a_catalogue_with_a_hole_is_refused_with_its_place() -> None:
    with pytest.raises(FormatProblem) as refused:
        read_kev(b'{"vulnerabilities": [{"cveID": "CVE-2024-1000", "dateAdded": "2024-01-01"}, {"cveID": "?"}]}')
    assert refused.value.where == "vulnerabilities/1"


def test_a_line_of_many_megabytes_is_refused_and_the_next_one_read() -> None:
    good = b'{"id":"CVE-2024-10001","state":"PUBLISHED","updated":"2024-05-01","affected":[]}'
    found = list(read_records(io.BytesIO(good + b"\n" + b"x" * (9 * 1024 * 1024) + b"\n" + good), "a.jsonl"))
    assert [type(entry) for entry in found] == [CveRecord, Refused, CveRecord]


def test_an_archive_that_says_it_inflates_to_very_much_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"[" + b" " * (300 * 1024 * 1024) + b"]")
    with pytest.raises(FormatProblem) as refused:
        list(read_records(io.BytesIO(packed.getvalue()), "a.zip"))
    assert refused.value.code == "file.size"


def test_the_real_extract_is_read_without_a_refusal() -> None:
    shared = os.environ.get("SIPAR_SHARED")
    folder = Path(shared or "") / "data/vulnrichment/raw-sample"
    if not shared or not folder.is_dir():
        pytest.skip("SIPAR_SHARED names no folder with the Vulnrichment sample")
    found = []
    for file in sorted(folder.glob("*.json")):
        with file.open("rb") as stream:
            found += list(read_records(stream, file.name))
    assert [entry for entry in found if isinstance(entry, Refused)] == []
    assert any(entry.ssvc != Ssvc() for entry in found if isinstance(entry, CveRecord))
