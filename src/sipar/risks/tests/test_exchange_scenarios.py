"""Files of scenarios: the difference first, everything that cannot be taken by name, then a new draft."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar import formats
from sipar.core.acting import acting
from sipar.core.files import keep_bytes
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import LevelScale, ScenarioFile
from sipar.formats.scenario_table import read_scenario_json, write_scenarios_csv
from sipar.formats.tests.test_hostile_scenarios import ANYTHING, places, replaced
from sipar.risk.assumptions import parse
from sipar.risks.actions import draft_from, use_assumptions
from sipar.risks.exchange_actions import discard_scenarios, preview_scenarios, state_scale, take_scenarios
from sipar.risks.exchange_files import results_file, scenarios_file
from sipar.risks.exchange_models import ScenarioImport
from sipar.risks.exchange_reading import Money, Outcome, compare, read_file
from sipar.risks.models import AssumptionSet, Run

FIXTURES = Path(formats.__file__).parent / "tests" / "fixtures"
MONARC = (FIXTURES / "monarc-2.13.json").read_bytes()
SOURCE = {"text": "Survey of 2024", "quality": "published"}
MEANINGS = {
    "threat:2": [0.5], "threat:3": [2.0], "vulnerability:2": [0.4], "vulnerability:3": [1.0],
    "impact:2": [1e4, 1e5], "impact:4": [1e5, 1e6],
}  # fmt: skip


def scenario(key: str = "ransomware", **changes: Any) -> dict[str, Any]:
    return {
        "key": key, "title": {"en": key.title(), "ur": ""}, "event": "malware", "asset": "servers",
        "forms": ["response"],
        "applies": {"sectors": [], "tiers": [], "sizes": [], "ownership": []},
        "frequency": {"mean": 0.2, "per": "year", "variation": 0.0, "overdispersion": 0.0, "source": SOURCE},
        "loss": {"primary": {"shape": "lognormal", "low": 10_000.0, "high": 900_000.0, "confidence": 0.9},
                 "secondary_probability": 0.0, "secondary": None, "source": SOURCE},
        "scale": {"size": {"small": 0.5}, "tier": {}},
    } | changes  # fmt: skip


def provider(key: str, *rests_on: str) -> dict[str, Any]:
    return {"key": key, "title": {"en": key, "ur": ""}, "kind": "cloud", "failures": 0.5, "rests_on": list(rests_on),
            "sets_off": {"ransomware": 0.1}, "source": SOURCE}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    return {
        "currency": "USD", "year": 2025, "scenarios": [scenario(), scenario("fraud")], "providers": [provider("cloud")],
    } | changes  # fmt: skip


def laid(file: ScenarioFile, *, currency: str = "", year: int | None = None) -> Outcome:
    return compare(document(), file, money=Money(currency, year), scale=LevelScale(), source="file")


def table(text: str) -> ScenarioFile:
    return read_file(text.encode(), "scenarios.csv")


def refusals(outcome: Outcome) -> list[tuple[str, str]]:
    return [(each.where, each.code) for each in outcome.refusals]


@pytest.fixture
def base(cast: Cast) -> AssumptionSet:
    with acting(cast.nadia, reason="begin"):
        draft = draft_from(cast.nadia, None, title="First", reason="", now=NOW, document=document())
        return use_assumptions(cast.nadia, draft, reason="The first version.", now=NOW)


def previewed(cast: Cast, base: AssumptionSet, data: bytes, name: str = "file.csv", **more: Any) -> ScenarioImport:
    with acting(cast.nadia, reason="preview"):
        return preview_scenarios(cast.nadia, data, name=name, base=base, now=NOW, **more)


def test_what_a_file_does_not_say_stays() -> None:
    found = laid(table("key,frequency,title_ur\nransomware,0.3,\nfraud,0.2,\n"))
    assert [(each.path, each.before, each.after) for each in found.differences] == [
        ("scenarios/ransomware/frequency/mean", 0.2, 0.3)
    ]
    assert (found.added, found.changed, found.unchanged) == ((), (("ransomware", "row 2"),), 1)


def test_a_new_scenario_needs_what_the_model_needs_and_is_added_after_the_others() -> None:
    head = "key,title,event,frequency,frequency_source,frequency_quality,loss_shape,loss_low,loss_high,loss_source"
    rows = "phish,Phishing,social,1,Us,expert,lognormal,1000,90000,Us,expert\nbare,Bare,,,,,,,,,\n"
    found = laid(table(f"{head},loss_quality\n{rows}"))
    assert [each["key"] for each in found.document["scenarios"]] == ["ransomware", "fraud", "phish"]
    assert refusals(found)[0][1] == "missing"
    assert found.changes


@pytest.mark.parametrize(
    ("cells", "place", "code"),
    [
        ("currency,loss_source\nransomware,PKR,x", "row 2, column currency", "mixed_money"),
        ("year,loss_source\nransomware,2019,x", "row 2", "mixed_money"),
        ("frequency\nransomware,2.4", "row 2, column frequency (B)", "unit_mistake"),
        ("frequency,per\nransomware,0.2,month", "row 2, column frequency (B)", "unit_mistake"),
        ("frequency\nransomware,5000", "row 2", "unit_mistake"),
        ("loss_shape,loss_low,loss_high\nransomware,lognormal,2800000,252000000", "row 2, column loss_shape (B)",
         "unit_mistake"),
        ("loss_shape,loss_low,loss_high\nransomware,lognormal,900,10", "row 2, column loss_shape (B)",
         "impossible_quantiles"),
        ("loss_shape,loss_low,loss_mode,loss_high\nransomware,pert,1,9,5", "row 2, column loss_shape (B)",
         "impossible_quantiles"),
        ("secondary_probability\nransomware,0.5", "row 2", "contradictory"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_or_is_of_another_unit_is_refused_by_its_place(
    cells: str, place: str, code: str
) -> None:
    found = laid(table(f"key,{cells}\n"))
    assert refusals(found) == [(place, code)]
    assert found.document == document()


def test_money_that_was_stated_for_the_whole_file_counts_where_a_row_is_silent() -> None:
    file = table("key,loss_source\nransomware,Other survey\n")
    assert refusals(laid(file, currency="PKR", year=2025)) == [("row 2", "mixed_money")]
    assert refusals(laid(file, currency="USD")) == []


def test_providers_that_rest_on_each_other_in_a_circle_are_refused_and_scenarios_still_taken() -> None:
    data = document(
        scenarios=[scenario(asset="laptops")], providers=[provider("cloud", "power"), provider("power", "cloud")]
    )
    found = laid(read_scenario_json(json.dumps(data).encode()))
    assert refusals(found) == [("providers/cloud/rests_on", "cycle")]
    assert [key for key, _where in found.changed] == ["ransomware"]
    assert found.sections == ()


def test_other_parts_of_the_assumptions_are_taken_where_the_whole_holds_with_them() -> None:
    shocks = [{"sector": "", "title": {"en": "War", "ur": ""}, "probability": 0.1, "factor": 3, "source": SOURCE}]
    found = laid(read_scenario_json(json.dumps({"scenarios": [], "shocks": shocks, "wishes": []}).encode()))
    assert found.sections == ("shocks",)
    assert [each[1] for each in refusals(found)] == ["unknown_name"]


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_json_with_anything_anywhere_is_laid_over_or_refused_by_its_place(data: st.DataObject) -> None:
    file = document(shocks=[], effects=[], exposure={}, measures={}, recorded_years=[])
    path = data.draw(st.sampled_from(places(file)[1:]))
    try:
        found = laid(read_scenario_json(json.dumps(replaced(file, path, data.draw(ANYTHING))).encode()))
    except FormatProblem:
        return
    assert all(where and code for where, code in refusals(found))
    assert found.blocked is None
    parse(found.document)


def test_our_own_export_changes_nothing() -> None:
    for data, name in (
        (write_scenarios_csv(document()["scenarios"], currency="USD", year=2025), "x.csv"),
        (json.dumps(document()).encode(), "x.json"),
    ):
        found = laid(read_file(data, name))
        assert (found.differences, found.refusals, found.unchanged) == ((), (), 2)


def test_a_file_is_taken_into_a_new_draft_and_what_is_in_use_stays(cast: Cast, base: AssumptionSet) -> None:
    found = previewed(cast, base, b"key,frequency\nransomware,0.3\nfraud,-1\n")
    assert (found.outcome["changed_count"], found.outcome["refusal_count"]) == (1, 1)
    assert found.outcome["refusals"][0][:2] == ["row 3, column frequency (B)", "negative"]
    with acting(cast.nadia, reason="take"):
        draft = take_scenarios(cast.nadia, found, title="With it", reason="Newer figures.", now=NOW)
        assert (draft.state, draft.based_on_id) == ("draft", base.pk)
        assert draft.document["scenarios"][0]["frequency"]["mean"] == 0.3
        assert AssumptionSet.objects.get(state="in_use").document == document()
        with pytest.raises(Conflict):
            take_scenarios(cast.nadia, found, title="Again", reason="", now=NOW)
        with pytest.raises(Conflict):
            discard_scenarios(cast.nadia, found, now=NOW)


def test_levels_wait_until_somebody_says_what_they_mean(cast: Cast, base: AssumptionSet) -> None:
    found = previewed(cast, base, MONARC, "analysis.json")
    assert found.outcome["levels"] == {"threat": ["2", "3"], "vulnerability": ["2", "3"], "impact": ["2", "4"]}
    assert not found.outcome["changes"]
    with acting(cast.nadia, reason="scale"):
        with pytest.raises(Invalid) as caught:
            state_scale(cast.nadia, found, meanings=MEANINGS | {"vulnerability:2": [1.5]})
        assert caught.value.places[0].where == "vulnerability:2"
        found = state_scale(cast.nadia, found, meanings=MEANINGS)
        assert found.outcome["added_count"] == 2
        draft = take_scenarios(cast.nadia, found, title="With MONARC", reason="An analysis.", now=NOW)
    assert draft.document["scenarios"][2]["frequency"]["mean"] == pytest.approx(0.8)


def test_nothing_is_made_of_a_file_that_changes_nothing(cast: Cast, base: AssumptionSet) -> None:
    found = previewed(cast, base, json.dumps(document()).encode(), "same.json")
    with acting(cast.nadia, reason="take"), pytest.raises(Invalid):
        take_scenarios(cast.nadia, found, title="Same", reason="", now=NOW)


def test_only_those_who_model_bring_files(cast: Cast, base: AssumptionSet) -> None:
    with acting(cast.farah, reason="preview"), pytest.raises(Forbidden):
        preview_scenarios(cast.farah, b"key\na\n", name="x.csv", base=base, now=NOW)
    assert cast.client("parveen").get("/risks/exchange/").status_code == 403


def test_the_pages_show_the_difference_and_make_the_draft(cast: Cast, base: AssumptionSet) -> None:
    client = cast.client("nadia")
    page = client.get("/risks/exchange/").content.decode()
    assert "Show the difference" in page
    assert f"/risks/exchange/assumptions/{base.number}/xlsx/" in page
    upload = SimpleUploadedFile("new.csv", b"key,frequency\nransomware,0.3\nfraud,inf\n")
    answer = client.post("/risks/exchange/", {"file": upload, "base": str(base.number)})
    shown = client.get(answer.headers["Location"]).content.decode()
    assert "row 3, column frequency (B)" in shown
    assert "Make the draft" in shown
    taken = client.post(f"{answer.headers['Location']}take/", {"title": "New", "reason": "Newer."}, follow=True)
    assert "Nothing counts before" in taken.content.decode()
    bad = SimpleUploadedFile("new.csv", b"what,ever\n1,2\n")
    assert client.post("/risks/exchange/", {"file": bad, "base": str(base.number)}).status_code == 422


def test_the_page_asks_what_levels_mean_and_keeps_a_wrong_answer(cast: Cast, base: AssumptionSet) -> None:
    found = previewed(cast, base, MONARC, "analysis.json")
    client = cast.client("nadia")
    address = f"/risks/exchange/{found.pk}/"
    assert "2 risks wait for this." in " ".join(client.get(address).content.decode().split())
    said = {"threat_0_0": "0.5", "threat_1_0": "2", "vulnerability_0_0": "0.4", "vulnerability_1_0": "1",
            "impact_0_0": "10000", "impact_0_1": "100000", "impact_1_0": "900000", "impact_1_1": "100"}  # fmt: skip
    wrong = client.post(f"{address}scale/", said)
    assert wrong.status_code == 422
    assert 'value="900000"' in wrong.content.decode()
    assert client.post(f"{address}scale/", said | {"impact_1_1": "9000000"}).status_code == 302
    assert client.post(f"{address}discard/").status_code == 302


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "pyfair", "ciso"])
def test_the_scenarios_in_use_are_taken_away_in_forms_that_read_back(
    cast: Cast, base: AssumptionSet, form: str
) -> None:
    answer = cast.client("nadia").get(f"/risks/exchange/assumptions/{base.number}/{form}/")
    assert answer.status_code == 200
    found = read_file(answer.content, f"back.{form}")
    assert {row.scenario["key"] for row in found.rows} == {"ransomware", "fraud"}
    assert found.refusals == ()


def test_monarc_is_written_by_the_scale_of_an_import(cast: Cast, base: AssumptionSet) -> None:
    found = previewed(cast, base, MONARC, "analysis.json")
    client = cast.client("nadia")
    address = f"/risks/exchange/assumptions/{base.number}/monarc/"
    assert client.get(address).status_code == 422
    with acting(cast.nadia, reason="scale"):
        state_scale(cast.nadia, found, meanings=MEANINGS)
    answer = client.get(f"{address}?scale={found.pk}")
    assert len(read_file(answer.content, "back.json").rated) == 2


def test_the_years_of_a_run_are_taken_away_as_parquet_and_csv(cast: Cast, base: AssumptionSet) -> None:
    years = pl.DataFrame({"year": [0, 1], "loss": [0.0, 5.5]})
    buffer = io.BytesIO()
    years.write_parquet(buffer)
    with acting(system(), reason="run"):
        run = Run.objects.create(
            assumptions=base, title="Run", seed=1, years=2, state="done", asked_by_id=1, asked_at=NOW,
            losses=keep_bytes(buffer.getvalue()).sha256,
        )  # fmt: skip
        assert pl.read_parquet(io.BytesIO(results_file(system(), run, "years", "parquet").content)).equals(years)
        assert b"5.5" in results_file(system(), run, "years", "csv").content
        with pytest.raises(NotFound):
            results_file(system(), run, "prices", "csv")
        with pytest.raises(NotFound):
            scenarios_file(base, "docx")
