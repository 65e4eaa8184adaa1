"""Frameworks come in from the user's own file, whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.formats.catalogue_file import write_catalogue
from sipar.formats.catalogue_table import write_catalogue_table, write_requirements_csv
from sipar.frameworks.actions import restore_framework, retire_framework
from sipar.frameworks.import_actions import Imported, import_framework, load_upload
from sipar.frameworks.models import Framework, MappingSet, TargetProfile, Upload
from sipar.frameworks.selectors import frameworks_in_use, known_urns, loaded, search_requirements
from sipar.frameworks.tests.test_mapping import catalogue

METADATA = {
    "title": "Small controls",
    "version": "1.0",
    "oscal-version": "1.1.2",
    "last-modified": "2026-01-01T00:00:00Z",
}
UUID = "0f3c6d6e-7a52-4a5a-9c1e-2f6d0a1b2c3d"


def oscal_catalog(*controls: str) -> bytes:
    listed: list[dict[str, Any]] = [
        {
            "id": control,
            "title": control.upper(),
            "parts": [{"id": f"{control}_smt", "name": "statement", "prose": "Do."}],
        }
        for control in controls
    ]
    listed.append({"id": "zz-9", "title": "Gone", "props": [{"name": "status", "value": "withdrawn"}]})
    groups = [{"id": "ac", "title": "Access", "controls": listed}]
    return json.dumps({"catalog": {"uuid": UUID, "metadata": METADATA, "groups": groups}}).encode()


def oscal_profile(*controls: str, title: str = "Low baseline") -> bytes:
    imports = [{"href": "#catalog", "include-controls": [{"with-ids": list(controls)}]}]
    return json.dumps({"profile": {"uuid": UUID, "metadata": METADATA | {"title": title}, "imports": imports}}).encode()


def library(reference: str, *requirements: str, mappings: list[dict[str, str]] | None = None) -> bytes:
    objects: dict[str, Any] = {}
    if requirements:
        nodes = [{"urn": f"urn:x:req:{reference}:g", "ref_id": "G", "assessable": False, "depth": 1, "name": "Group"}]
        nodes += [
            {
                "urn": f"urn:x:req:{reference}:{name}-urn",
                "parent_urn": f"urn:x:req:{reference}:g",
                "ref_id": name,
                "assessable": True,
                "depth": 2,
                "name": name,
                "description": "Do it.",
            }
            for name in requirements
        ]
        objects["framework"] = {
            "urn": f"urn:x:framework:{reference}",
            "ref_id": reference,
            "name": reference,
            "requirement_nodes": nodes,
        }
    if mappings:
        objects["requirement_mapping_sets"] = [
            {
                "urn": "urn:x:mapping:m",
                "ref_id": "m",
                "name": "m",
                "source_framework_urn": "urn:x:framework:one",
                "target_framework_urn": "urn:x:framework:two",
                "requirement_mappings": mappings,
            }
        ]
    document = {
        "urn": f"urn:x:library:{reference}",
        "locale": "en",
        "ref_id": reference,
        "name": reference,
        "version": 1,
        "objects": objects,
    }
    return yaml.safe_dump(document).encode()


def imported(data: bytes, name: str, **options: Any) -> Imported:
    sipar = system()
    with acting(sipar, reason="import"):
        return import_framework(sipar, data, name, now=NOW, **options)


def test_an_own_file_is_loaded_with_its_content(cast: Cast) -> None:
    done = imported(write_catalogue(catalogue("house-rules", 3)), "house.yaml")
    assert done.framework is not None
    assert (done.framework.identifier, done.framework.origin, done.new) == ("house-rules", "file", True)
    with acting(cast.ayesha, reason="read"):
        assert [requirement.id for requirement in loaded(done.framework.pk).requirements] == ["r0", "r1", "r2"]


def test_the_same_file_again_changes_nothing_and_other_content_under_the_version_is_refused(cast: Cast) -> None:
    first = imported(write_catalogue(catalogue("house-rules", 3)), "house.yaml")
    again = imported(write_catalogue(catalogue("house-rules", 3)), "house.yaml")
    assert (again.framework, again.new) == (first.framework, False)
    with pytest.raises(Conflict):
        imported(write_catalogue(catalogue("house-rules", 4)), "house.yaml")
    assert imported(write_catalogue(catalogue("house-rules", 4, version="2")), "house.yaml").new


def test_a_workbook_is_loaded(cast: Cast) -> None:
    done = imported(write_catalogue_table(catalogue("from-a-sheet", 2)), "sheet.xlsx")
    assert done.framework is not None
    assert done.framework.requirement_count == 2


def test_a_csv_of_requirements_becomes_a_new_version_of_the_framework_it_belongs_to(cast: Cast) -> None:
    base = imported(write_catalogue(catalogue("house-rules", 3)), "house.yaml").framework
    assert base is not None
    shorter = b"\r\n".join(write_requirements_csv(catalogue("house-rules", 3)).splitlines()[:-1])
    done = imported(shorter, "house.csv", base=base.pk, version="2")
    assert done.framework is not None
    assert (done.framework.identifier, done.framework.version, done.framework.requirement_count) == (
        "house-rules",
        "2",
        2,
    )
    with pytest.raises(Invalid) as refused:
        imported(shorter, "house.csv", base=base.pk)
    assert refused.value.code == "framework.base"


def test_an_oscal_catalog_is_loaded_without_its_withdrawn_controls(cast: Cast) -> None:
    done = imported(gzip.compress(oscal_catalog("ac-1", "ac-2")), "catalog.json.gz")
    assert done.framework is not None
    assert (done.framework.origin, done.framework.requirement_count) == ("oscal", 2)
    assert done.reading.withdrawn == ["zz-9"]


def test_an_oscal_profile_becomes_a_target_profile_of_the_catalogue_that_has_its_controls(cast: Cast) -> None:
    imported(write_catalogue(catalogue("house-rules", 3)), "house.yaml")
    base = imported(oscal_catalog("ac-1", "ac-2", "ac-3"), "catalog.json").framework
    assert base is not None
    with acting(cast.ayesha, reason="read before"):
        assert "low-baseline" not in loaded(base.pk).profiles
    done = imported(oscal_profile("ac-1", "ac-3", "ac-7"), "low.json")
    assert done.framework == base
    assert done.reading.missing == ["ac-7"]
    with acting(cast.ayesha, reason="read"):
        assert loaded(base.pk).target("low-baseline").tolist() == [2, 255, 2]


def test_the_same_profile_again_changes_nothing_and_another_under_its_name_is_refused(cast: Cast) -> None:
    imported(oscal_catalog("ac-1", "ac-2"), "catalog.json")
    imported(oscal_profile("ac-1"), "low.json")
    imported(oscal_profile("ac-1"), "low.json")
    with pytest.raises(Conflict):
        imported(oscal_profile("ac-2"), "low.json")
    with acting(system(), reason="count"):
        assert TargetProfile.objects.count() == 1


def test_a_profile_without_its_catalogue_is_refused(cast: Cast) -> None:
    with acting(system(), reason="leave no catalogue"):
        Framework.objects.update(retired_at=NOW)
    with pytest.raises(Invalid) as refused:
        imported(oscal_profile("ac-1"), "low.json")
    assert refused.value.code == "framework.base"
    imported(write_catalogue(catalogue("house-rules", 3)), "house.yaml")
    with pytest.raises(Invalid) as foreign:
        imported(oscal_profile("ac-1"), "low.json")
    assert foreign.value.code == "oscal.foreign_profile"


def test_a_library_of_mappings_finds_the_requirements_of_libraries_that_were_loaded_before(cast: Cast) -> None:
    imported(library("one", "A1", "A2"), "one.yaml")
    imported(library("two", "B1"), "two.yaml")
    with acting(system(), reason="look"):
        assert known_urns()["urn:x:req:one:A1-urn"] == "A1"
    pair = {
        "source_requirement_urn": "urn:x:req:one:A1-urn",
        "target_requirement_urn": "urn:x:req:two:B1-urn",
        "relationship": "subset",
    }
    done = imported(library("m", mappings=[pair]), "m.yaml")
    assert done.framework is None
    with acting(system(), reason="look"):
        assert MappingSet.objects.get(source="one", target="two").pairs == [["A1", "B1", "subset"]]


BROKEN = {
    "nothing known": (b"title: a list of wishes\n", "wishes.yaml", "framework.kind"),
    "another OSCAL model": (b'{"assessment-plan": {}}', "plan.json", "framework.kind"),
    "not UTF-8": (b"\xff\xfef\x00", "odd.yaml", "file.encoding"),
    "empty": (b"  \n", "empty.yaml", "file.empty"),
    "cut off": (b'{"catalog": {', "half.json", None),
    "an alias bomb": (
        (
            b"format: sipar-framework/1\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
            b"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
            b"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
            b"g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
        ),
        "bomb.yaml",
        None,
    ),
    "deep nesting": (b'{"catalog": ' + b"[" * 5_000, "deep.json", None),
    "a broken workbook": (b"PK\x03\x04 and then nothing", "sheet.xlsx", None),
    "a cycle": (
        write_catalogue(catalogue("loop", 1)).replace(b"title:\n    en: Even", b"title:\n    en: Even\n  parent: even"),
        "loop.yaml",
        "catalogue.cycle",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_cannot_be_taken_is_named_with_its_place_and_changes_nothing(cast: Cast, kind: str) -> None:
    data, name, code = BROKEN[kind]
    with pytest.raises(Invalid) as refused:
        imported(data, name)
    assert refused.value.places
    assert code in (None, refused.value.code)
    with acting(system(), reason="count"):
        assert not Framework.objects.exclude(origin="shipped").exists()


@pytest.mark.parametrize("person", ["ayesha", "bilal", "nadia", "kamran", "chand", "adil", "omar", "mina"])
def test_only_those_who_set_standards_load_and_retire(cast: Cast, framework: Framework, person: str) -> None:
    actor = cast.actors[person]
    with acting(actor, reason="try"):
        with pytest.raises(Forbidden):
            import_framework(actor, write_catalogue(catalogue("house-rules", 3)), "house.yaml", now=NOW)
        with pytest.raises(Forbidden):
            retire_framework(actor, framework, now=NOW)


def test_a_retired_version_is_kept_but_not_offered_until_it_is_restored(cast: Cast, framework: Framework) -> None:
    hamid = cast.hamid
    with acting(hamid, reason="retire"):
        retire_framework(hamid, framework, now=NOW)
        assert framework not in frameworks_in_use()
        assert loaded(framework.pk).requirements
        with pytest.raises(Conflict):
            retire_framework(hamid, framework, now=NOW)
        restore_framework(hamid, framework)
        assert framework in frameworks_in_use()
        with pytest.raises(Conflict):
            restore_framework(hamid, framework)


def test_search_finds_all_words_in_the_language_of_the_reader(cast: Cast, framework: Framework) -> None:
    with acting(cast.ayesha, reason="search"):
        whole = loaded(framework.pk)
    wanted = whole.requirements[7]
    assert wanted.id in {found.requirement.id for found in search_requirements(whole, wanted.id, "en")}
    urdu = wanted.title.get("ur")
    if urdu:
        assert wanted.id in {found.requirement.id for found in search_requirements(whole, urdu, "ur")}
    assert search_requirements(whole, "  ", "en") == []
    assert search_requirements(whole, "qqqqqq", "en") == []


def upload(client: Client, data: bytes, name: str) -> Any:
    return client.post("/frameworks/import/", {"file": SimpleUploadedFile(name, data)})


def test_a_file_is_shown_before_it_is_loaded(cast: Cast) -> None:
    hamid = cast.client("hamid")
    shown = upload(hamid, oscal_catalog("ac-1", "ac-2"), "catalog.json")
    assert shown.status_code == 200
    assert b"1 withdrawn control is left out" in shown.content
    with acting(system(), reason="count"):
        assert not Framework.objects.exclude(origin="shipped").exists()
    done = hamid.post("/frameworks/import/load/")
    assert done.status_code == 302
    with acting(system(), reason="count"):
        assert Framework.objects.exclude(origin="shipped").get().identifier == "small-controls"
        assert not Upload.objects.exists()
    assert b"AC-1" in hamid.get(done.headers["Location"]).content
    assert hamid.post("/frameworks/import/load/").status_code == 404


def test_a_broken_file_comes_back_to_the_form_with_what_is_wrong(cast: Cast) -> None:
    answer = upload(cast.client("hamid"), b'{"assessment-plan": {}}', "plan.json")
    assert answer.status_code == 422
    assert b"this OSCAL file holds assessment-plan" in answer.content


def test_nobody_loads_the_file_that_somebody_else_uploaded(cast: Cast) -> None:
    upload(cast.client("hamid"), oscal_catalog("ac-1"), "catalog.json")
    sipar = system()
    with acting(sipar, reason="try"), pytest.raises(NotFound):
        load_upload(sipar, now=NOW)
    assert cast.client("nadia").post("/frameworks/import/load/").status_code == 403


def test_every_page_of_frameworks_opens_for_an_organisation(cast: Cast, framework: Framework) -> None:
    ayesha = cast.client("ayesha")
    listed = ayesha.get("/frameworks/")
    assert b"Import a framework" not in listed.content
    page = ayesha.get(f"/frameworks/{framework.pk}/?group=GV.OC")
    assert b"GV.OC-01" in page.content
    assert b"Retire" not in page.content
    assert b"GV.OC-02" in ayesha.get(f"/frameworks/{framework.pk}/?search=GV.OC-02").content
    assert ayesha.get("/frameworks/taxonomies/").status_code == 200
    assert ayesha.get("/frameworks/999999/").status_code == 404
    assert ayesha.get(f"/frameworks/{framework.pk}/requirements.csv").content.startswith(b"\xef\xbb\xbfid,")
    assert ayesha.post(f"/frameworks/{framework.pk}/retire/").status_code == 403


def test_coverage_is_shown_between_two_frameworks(cast: Cast, framework: Framework) -> None:
    with acting(cast.hamid, reason="look"):
        goals = Framework.objects.get(identifier="cisa-cpg-2.0")
    hamid = cast.client("hamid")
    assert hamid.get("/frameworks/coverage/").status_code == 200
    page = hamid.get(f"/frameworks/coverage/?source={framework.pk}&target={goals.pk}")
    assert page.status_code == 200
    assert sum(number for _words, number in page.context["kinds"]) == goals.requirement_count
    assert hamid.get("/frameworks/coverage/?source=x&target=y").status_code == 422
    by_api = hamid.get(f"/api/frameworks/coverage?source={framework.pk}&target={goals.pk}").json()
    assert sum(by_api["counts"].values()) == goals.requirement_count


def test_the_api_gives_a_whole_framework_once(cast: Cast, framework: Framework) -> None:
    client = cast.client("bushra")
    assert {row["identifier"] for row in client.get("/api/frameworks/").json()} >= {"nist-csf-2.0", "cisa-cpg-2.0"}
    whole = client.get(f"/api/frameworks/{framework.pk}")
    assert len(whole.json()["requirements"]) == framework.requirement_count
    again = client.get(f"/api/frameworks/{framework.pk}", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/frameworks/999999").status_code == 404
    assert Client().get("/api/frameworks/").status_code == 401


SHARED = os.environ.get("SIPAR_SHARED")


@pytest.mark.skipif(SHARED is None, reason="SIPAR_SHARED does not say where the published frameworks lie")
def test_every_published_framework_comes_in(cast: Cast, framework: Framework) -> None:
    folder = Path(SHARED or "") / "data" / "frameworks"
    catalogs = sorted(folder.glob("oscal/*catalog*.json*"), key=lambda path: -path.stat().st_size)
    profiles = sorted(folder.glob("oscal/*_profile.json"))
    libraries = sorted(folder.glob("ciso-format/*.yaml"))
    for path in (*catalogs, *profiles, *libraries):
        done = imported(path.read_bytes(), path.name)
        assert done.framework is not None, path.name
    for path in set(folder.glob("oscal/*")) - set(catalogs) - set(profiles):
        with pytest.raises(Invalid):
            imported(path.read_bytes(), path.name)
