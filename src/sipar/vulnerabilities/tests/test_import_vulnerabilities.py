from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Forbidden, Invalid
from sipar.formats.problems import FormatProblem
from sipar.vulnerabilities import range_files
from sipar.vulnerabilities.import_actions import import_file
from sipar.vulnerabilities.models import Advisory, Import, RangeFile, Vulnerability
from sipar.vulnerabilities.selectors import known
from sipar.vulnerabilities.tests.samples import csaf, cve_record, kev

pytestmark = pytest.mark.django_db


def take(folder: Path, content: bytes, name: str = "records.json") -> Import:
    place = folder / name
    place.write_bytes(content)
    sipar = system()
    with acting(sipar, reason="import"):
        return import_file(sipar, place, name=name, now=NOW)


def counts(made: Import) -> tuple[int, int, int]:
    return made.added, made.changed, made.unchanged


def row(cve: str = "CVE-2024-10001") -> Vulnerability:
    with acting(system(), reason="look"):
        return Vulnerability.objects.get(cve=cve)


def test_a_record_brings_its_scores_and_the_values_of_ssvc_whatever_their_case(tmp_path: Path, cast: Cast) -> None:
    assert counts(take(tmp_path, json.dumps(cve_record()).encode())) == (1, 0, 0)
    found = row()
    assert (found.cvss, found.exploitation, found.automatable, found.technical_impact) == (
        9.8,
        "active",
        "yes",
        "total",
    )
    assert (found.vendor, found.product, found.published) == ("Sample Soft", "Portal", date(2024, 4, 2))


def test_the_same_file_twice_changes_nothing(tmp_path: Path, cast: Cast) -> None:
    content = json.dumps([cve_record(), cve_record("CVE-2024-10002")]).encode()
    take(tmp_path, content)
    with acting(system(), reason="look"):
        before = list(Vulnerability.objects.values()), RangeFile.objects.count()
    assert counts(take(tmp_path, content)) == (0, 0, 2)
    with acting(system(), reason="look"):
        assert (list(Vulnerability.objects.values()), RangeFile.objects.count()) == before


def test_only_a_newer_record_replaces(tmp_path: Path, cast: Cast) -> None:
    take(tmp_path, json.dumps(cve_record(less_than="2.5")).encode())
    older = cve_record(updated="2024-04-01T00:00:00Z", less_than="9")
    assert counts(take(tmp_path, json.dumps(older).encode())) == (0, 0, 1)
    newer = cve_record(updated="2024-06-01T00:00:00Z", less_than="3.0", score=None)
    assert counts(take(tmp_path, json.dumps(newer).encode())) == (0, 1, 0)
    with acting(system(), reason="look"):
        assert range_files.current()["upper"].to_list() == ["3.0"]
    assert row().cvss == 9.8


def test_a_rejected_record_takes_its_ranges_away(tmp_path: Path, cast: Cast) -> None:
    take(tmp_path, json.dumps(cve_record()).encode())
    take(tmp_path, json.dumps(cve_record(updated="2024-06-01T00:00:00Z", rejected=True)).encode())
    with acting(system(), reason="look"):
        assert range_files.current().is_empty()
    assert row().state == "rejected"


def test_archives_and_lines_hold_the_same_as_single_files(tmp_path: Path, cast: Cast) -> None:
    records = [json.dumps(cve_record(f"CVE-2024-1000{place}")).encode() for place in range(8)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cves/2024/one.json", records[0])
        archive.writestr("README.md", "no record")
    assert take(tmp_path, packed.getvalue(), "cves.zip").added == 1
    taped = io.BytesIO()
    with tarfile.open(fileobj=taped, mode="w:gz") as tape:
        entry = tarfile.TarInfo("cves/two.json")
        entry.size = len(records[1])
        tape.addfile(entry, io.BytesIO(records[1]))
    assert take(tmp_path, taped.getvalue(), "cves.tar.gz").added == 1
    assert take(tmp_path, b"\n".join(records[2:4]), "cves.jsonl").added == 2
    assert take(tmp_path, gzip.compress(records[4] + b"\n" + records[5]), "cves.jsonl.gz").added == 2
    (tmp_path / "all").mkdir()
    for place in (6, 7):
        (tmp_path / "all" / f"{place}.json").write_bytes(records[place])
    sipar = system()
    with acting(sipar, reason="import"):
        assert import_file(sipar, tmp_path / "all", name="all", now=NOW).added == 2


def test_a_bad_record_is_left_out_and_named(tmp_path: Path, cast: Cast) -> None:
    lines = [
        json.dumps(cve_record()),
        "{broken",
        json.dumps({"dataType": "CVE_RECORD", "cveMetadata": {"cveId": "x"}, "containers": {}}),
    ]
    made = take(tmp_path, "\n".join(lines).encode(), "cves.jsonl")
    assert (made.added, made.refused) == (1, 2)
    assert [problem[2] for problem in made.problems] == ["cves.jsonl, line 2", "cves.jsonl, line 3"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", gzip.compress(b"x" * 100, mtime=0)[:20]])
def test_a_file_that_is_damaged_as_a_whole_changes_nothing(tmp_path: Path, cast: Cast, content: bytes) -> None:
    with pytest.raises(FormatProblem):
        take(tmp_path, content)
    with acting(system(), reason="look"):
        assert not Vulnerability.objects.exists()


def test_the_catalogue_of_exploited_ones_marks_what_is_known_and_lists_what_is_not(tmp_path: Path, cast: Cast) -> None:
    take(tmp_path, json.dumps(cve_record()).encode())
    assert counts(take(tmp_path, kev("CVE-2024-10001", "CVE-2020-0001"), "kev.json")) == (1, 1, 0)
    assert counts(take(tmp_path, kev("CVE-2024-10001", "CVE-2020-0001"), "kev.json")) == (0, 0, 2)
    assert (row().kev_added, row().ransomware) == (date(2024, 6, 1), True)
    assert row("CVE-2020-0001").state == "listed"


def test_one_that_is_taken_off_the_catalogue_loses_its_mark(tmp_path: Path, cast: Cast) -> None:
    take(tmp_path, kev("CVE-2024-10001", "CVE-2020-0001"), "kev.json")
    assert counts(take(tmp_path, kev("CVE-2020-0001"), "kev.json")) == (0, 1, 1)
    assert (row().kev_added, row().kev_due, row().ransomware) == (None, None, False)
    assert row("CVE-2020-0001").ransomware
    assert counts(take(tmp_path, kev("CVE-2020-0001"), "kev.json")) == (0, 0, 1)


def test_a_mark_that_was_taken_back_does_not_return_with_a_record_that_still_carries_it(
    tmp_path: Path, cast: Cast
) -> None:
    def record(updated: str, listed: str) -> bytes:
        return json.dumps(cve_record(updated=updated, kev_added=listed)).encode()

    take(tmp_path, record("2024-06-01T00:00:00Z", "2024-05-20"))
    assert row().kev_added == date(2024, 5, 20)
    take(tmp_path, kev("CVE-2020-0001"), "kev.json")
    take(tmp_path, record("2024-06-08T00:00:00Z", "2024-05-20"))
    assert (row().kev_added, row().kev_gone) == (None, date(2024, 6, 1))
    take(tmp_path, record("2024-06-09T00:00:00Z", "2024-06-09"))
    assert row().kev_added == date(2024, 6, 9)
    take(tmp_path, kev("CVE-2020-0001", "CVE-2024-10001", added="2024-06-09"), "kev.json")
    assert (row().kev_added, row().kev_gone) == (date(2024, 6, 9), None)


def test_a_catalogue_of_an_earlier_day_takes_no_later_mark_away(tmp_path: Path, cast: Cast) -> None:
    take(tmp_path, kev("CVE-2024-10001"), "kev.json")
    take(tmp_path, kev("CVE-2020-0001", added="2024-05-31"), "kev.json")
    assert row().kev_added == date(2024, 6, 1)


def test_a_catalogue_that_is_cut_short_takes_no_mark_away_and_says_so(tmp_path: Path, cast: Cast) -> None:
    whole = [f"CVE-2024-{number}" for number in range(20_000, 20_012)]
    take(tmp_path, kev(*whole), "kev.json")
    made = take(tmp_path, kev(whole[0]), "kev.json")
    assert counts(made) == (0, 0, 1)
    assert [problem[0] for problem in made.problems] == ["kev.shrunk"]
    assert row(whole[-1]).kev_added == date(2024, 6, 1)


def test_scores_of_an_older_day_do_not_replace_newer_ones(tmp_path: Path, cast: Cast) -> None:
    about = b"#model_version:v2023.03.01,score_date:2024-06-02T00:00:00+0000\n"
    new = about + b"cve,epss,percentile\nCVE-2024-10001,0.9,0.99\n"
    old = b"CVE,CVSS3,EPSS\nCVE-2024-10001,9.8,0.1\n"
    assert take(tmp_path, new, "epss.csv").added == 1
    assert counts(take(tmp_path, old, "kev_epss_2023-09-01.csv")) == (0, 0, 1)
    assert (row().epss, row().epss_on) == (0.9, date(2024, 6, 2))


def test_a_newer_advisory_replaces_the_one_before(tmp_path: Path, cast: Cast) -> None:
    assert counts(take(tmp_path, csaf(), "vex.json")) == (1, 0, 0)
    assert counts(take(tmp_path, csaf(), "vex.json")) == (0, 0, 1)
    assert counts(take(tmp_path, csaf("fixed", released="2024-08-01T00:00:00Z"), "vex.json")) == (0, 1, 0)
    with acting(system(), reason="look"):
        assert range_files.current()["status"].to_list() == ["fixed"]
        assert Advisory.objects.count() == 1


def test_an_advisory_above_green_is_refused(tmp_path: Path, cast: Cast) -> None:
    with pytest.raises(Invalid):
        take(tmp_path, csaf(tlp="AMBER"), "vex.json")


def test_what_is_known_is_read_as_a_table(tmp_path: Path, cast: Cast) -> None:
    take(tmp_path, json.dumps(cve_record()).encode())
    take(tmp_path, kev("CVE-2024-10001"), "kev.json")
    with acting(cast.actors["bilal"], reason="look"):
        table = known(["CVE-2024-10001", "CVE-1999-0001"])
    assert table.select("cve", "cvss", "ransomware", "automatable").rows() == [("CVE-2024-10001", 9.8, True, "yes")]


def test_only_the_operator_imports(tmp_path: Path, cast: Cast) -> None:
    place = tmp_path / "a.json"
    place.write_bytes(b"{}")
    analyst = cast.actors["nadia"]
    with pytest.raises(Forbidden), acting(analyst, reason="try"):
        import_file(analyst, place, name="a.json", now=NOW)
