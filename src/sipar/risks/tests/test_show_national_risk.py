"""The national risk board and the pages around it, as different people see them."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.risks import selectors, tasks
from sipar.risks.models import AssumptionSet, Run
from sipar.risks.money import money
from sipar.risks.national_report import report_html
from sipar.risks.tests.pricing import again, asked, document, drafted, in_use, peopled, ran
from sipar.risks.working import perform

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, int]]:
    wanted: list[tuple[str, int]] = []
    monkeypatch.setattr(settings, "VAR", tmp_path)
    monkeypatch.setattr(tasks.run_model, "defer", lambda *, run: wanted.append(("run", run)))
    monkeypatch.setattr(tasks.draw_risk_report, "defer", lambda *, run: wanted.append(("report", run)))
    return wanted


@pytest.fixture
def run(cast: Cast, campaign: Campaign) -> Run:
    """The run that counts, of forty organisations."""
    peopled(campaign)
    return ran(cast, in_use(cast))


@pytest.mark.parametrize(
    ("amount", "said"),
    [(1_234_567, "USD 1.23 million"), (999_999, "USD 1 million"), (77_730_000, "USD 77.7 million"),
     (12_000, "USD 12 thousand"), (0, "USD 0"), (-0.0001, "USD 0"), (3.2e9, "USD 3.2 billion"), (None, "–")],
)  # fmt: skip
def test_amounts_are_said_as_people_say_them(amount: float | None, said: str) -> None:
    assert money(amount, "USD") == said


def test_without_assumptions_the_board_says_what_to_do(cast: Cast) -> None:
    page = cast.client("nadia").get("/risks/")
    assert page.status_code == 200
    assert "No assumptions are in use yet" in page.content.decode()


def test_the_board_says_three_sentences_to_the_council_without_small_cells(cast: Cast, run: Run) -> None:
    page = cast.client("kamran").get("/risks/").content.decode()
    assert "In an average year, cyber incidents cost the nation USD" in page
    assert "One year in ten costs more than" in page
    assert "Most of it falls on" in page
    assert "You read aggregates" in page


def test_an_analyst_of_a_sector_is_led_to_the_organisations(cast: Cast, run: Run) -> None:
    answer = cast.client("parveen").get("/risks/")
    assert answer.status_code == 302
    assert answer["Location"] == "/risks/organisation/"


@pytest.mark.parametrize("path", ["scenarios/", "scenarios/ransomware/", "dependencies/", "trust/", "runs/", "report/",
                                  "assumptions/", "assumptions/1/"])  # fmt: skip
def test_every_page_stands_in_english_and_urdu(cast: Cast, run: Run, path: str) -> None:
    client = cast.client("nadia")
    for language in ("en", "ur"):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        page = client.get(f"/risks/{path}")
        assert page.status_code == 200, path
        assert f'<html lang="{language}"' in page.content.decode()


def test_the_drawing_of_dependencies_names_provider_and_sectors(cast: Cast, run: Run) -> None:
    page = cast.client("nadia").get("/risks/dependencies/").content.decode()
    assert "Cloud (fictional)" in page
    assert "one failure costs USD" in page
    assert 'class="wire' in page


def test_an_assumption_is_changed_in_a_draft_run_and_compared(
    cast: Cast, run: Run, queue: list[tuple[str, int]]
) -> None:
    client = cast.client("nadia")
    begun = client.post("/risks/assumptions/1/draft/", {"title": "Calmer", "reason": "New figures"})
    assert begun["Location"] == "/risks/assumptions/2/"
    form = client.get("/risks/assumptions/2/edit/scenarios/ransomware/")
    values = {field.html_name: field.value() for field in form.context["form"]}
    entered = {name: value for name, value in values.items() if value is not None} | {"frequency/mean": "0.1"}
    assert client.post("/risks/assumptions/2/edit/scenarios/ransomware/", entered).status_code == 302
    with acting(cast.nadia, reason="look"):
        draft = AssumptionSet.objects.get(number=2)
    assert draft.document["scenarios"][0]["frequency"]["mean"] == 0.1
    rest = document()["scenarios"][0] | {"frequency": draft.document["scenarios"][0]["frequency"]}
    assert draft.document["scenarios"][0] == rest
    started = client.post(
        "/risks/runs/new/",
        {"assumptions": "2", "title": "Calmer", "years": "1000", "seed": "7", "same_inputs": "on"},
    )
    other = int(started["Location"].rstrip("/").split("/")[-1])
    assert ("run", other) in queue
    assert "It waits for a free worker" in client.get(f"/risks/runs/{other}/").content.decode()
    with acting(system(), reason="find it"):
        waiting = Run.objects.select_related("assumptions").get(pk=other)
    perform(waiting, now=NOW)
    page = client.get(f"/risks/runs/compare/?before={run.pk}&after={other}").content.decode()
    assert "less:" in page
    assert "Both runs met the same chance" in page
    assert "Ransomware: How often it happens to one organisation: Loss events" in page


def test_a_number_that_cannot_be_stands_beside_its_field(cast: Cast, run: Run) -> None:
    draft = drafted(cast, base=None)
    client = cast.client("nadia")
    address = f"/risks/assumptions/{draft.number}/edit/scenarios/ransomware/"
    form = client.get(address).context["form"]
    values = {field.html_name: field.value() for field in form if field.value() is not None}
    answer = client.post(address, values | {"loss/primary/low": "5000000"})
    assert answer.status_code == 422
    assert any(name.startswith("loss/primary") for name in answer.context["form"].errors)


def test_the_whole_document_is_checked_before_it_is_kept(cast: Cast) -> None:
    draft = drafted(cast)
    client = cast.client("nadia")
    address = f"/risks/assumptions/{draft.number}/document/"
    for text in ("{", json.dumps({"currency": "usd", "year": 2026, "scenarios": []}), "[1]"):
        assert client.post(address, {"document": text, "version": "0"}).status_code == 422
    good = json.dumps(document(year=2025))
    assert client.post(address, {"document": good, "version": "0"}).status_code == 302


def test_an_entry_is_copied_and_taken_out(cast: Cast) -> None:
    draft = drafted(cast)
    client = cast.client("nadia")
    start = f"/risks/assumptions/{draft.number}"

    def keys() -> list[str]:
        with acting(cast.nadia, reason="look"):
            return [entry["key"] for entry in AssumptionSet.objects.get(pk=draft.pk).document["scenarios"]]

    client.post(f"{start}/copy/scenarios/outage/", {"key": "second-outage"})
    assert keys() == ["ransomware", "outage", "second-outage"]
    client.post(f"{start}/remove/scenarios/second-outage/")
    assert keys() == ["ransomware", "outage"]
    kept = client.post(f"{start}/remove/scenarios/outage/", follow=True).content.decode()
    assert "providers/grid/sets_off" in kept
    assert keys() == ["ransomware", "outage"]


def test_years_and_gaps_come_as_parquet_and_csv(cast: Cast, run: Run) -> None:
    client = cast.client("nadia")
    parquet = client.get(f"/risks/runs/{run.pk}/files/years-parquet/").getvalue()
    assert pl.read_parquet(BytesIO(parquet)).height == run.years
    assert b"loss" in client.get(f"/risks/runs/{run.pk}/files/years-csv/").content.splitlines()[0]
    assert b"requirement" in client.get(f"/risks/runs/{run.pk}/files/gaps-csv/").content.splitlines()[0]
    assert cast.client("kamran").get(f"/risks/runs/{run.pk}/files/gaps-csv/").status_code == 404
    assert cast.client("kamran").get(f"/risks/runs/{run.pk}/files/years-csv/").status_code == 200
    for name in ("sector", "quantiles", "curve"):
        assert client.get(f"/risks/runs/{run.pk}/tables/{name}.csv").status_code == 200


def test_the_report_is_drawn_in_both_languages_as_its_asker_may_see_it(
    cast: Cast, run: Run, queue: list[tuple[str, int]]
) -> None:
    client = cast.client("kamran")
    client.post("/risks/report/", {"run": str(run.pk)})
    assert queue[-1][0] == "report"
    tasks.draw_risk_report(queue[-1][1])
    with acting(cast.kamran, reason="look"):
        found = BackgroundRun.objects.get(pk=queue[-1][1])
    assert found.state == "done"
    assert client.get(f"/risks/report/{found.pk}/pdf-ur/").content.startswith(b"%PDF-")
    assert "You read aggregates" in client.get(f"/risks/report/{found.pk}/html-en/").content.decode()
    assert client.get(f"/risks/report/{found.pk}/csv/")["Content-Type"] == "application/zip"
    with acting(cast.nadia, reason="draw"):
        exact = report_html(cast.nadia, selectors.access_run(cast.nadia, run.pk), "en", now=NOW)
    assert "You read aggregates" not in exact


def test_the_api_says_the_same_to_programs(cast: Cast, run: Run) -> None:
    client = cast.client("nadia")
    assert client.get("/api/risks/assumptions").json()[0]["state"] == "in_use"
    assert client.get("/api/risks/assumptions/1").json()["document"]["currency"] == "USD"
    assert client.get("/api/risks/runs").json()[0]["counts"] is True
    assert client.get(f"/api/risks/runs/{run.pk}/result").json()["exact"] is True
    assert cast.client("kamran").get(f"/api/risks/runs/{run.pk}/result").json()["exact"] is False
    assert cast.client("bilal").get(f"/api/risks/runs/{run.pk}/result").status_code == 403


def test_a_run_that_waits_can_be_cancelled_on_its_page(cast: Cast) -> None:
    waiting = asked(cast, in_use(cast))
    client = cast.client("nadia")
    assert client.post(f"/risks/runs/{waiting.pk}/cancel/").status_code == 302
    assert again(waiting).state == "cancelled"
    assert "Cancelled before it was done" in client.get(f"/risks/runs/{waiting.pk}/").content.decode()
