from __future__ import annotations

import csv
import io
import json
import re
import zlib

import numpy as np
import pytest
from tests.cast import NOW, Cast
from weasyprint.urls import FatalURLFetchingError

from sipar.assessments.models import Assessment, Campaign
from sipar.board import tasks
from sipar.board.actions import ask_for_report
from sipar.board.benchmarking import own_standing
from sipar.board.evidence import QUERIES, Evidence, evidence
from sipar.board.tests.answered import answer, more_organisations
from sipar.core.acting import acting
from sipar.core.models import BackgroundRun
from sipar.core.problems import NotFound
from sipar.nations.reference import indicators
from sipar.orgs.models import Organisation
from sipar.ui.pdf import pdf_of

PAGES = (
    "/board/", "/board/?sector=energy", "/board/?province=PK-PB&sector=energy", "/board/piece/distribution/",
    "/board/piece/trend/", "/board/piece/tiers/", "/board/piece/certs/", "/board/piece/unanswered/",
    "/board/requirements/", "/board/requirements/?group=PR&sector=energy", "/board/requirements/GV.OC-01/",
    "/board/indicators/", "/board/report/",
)  # fmt: skip
TABLES = ("sectors", "provinces", "tiers", "certs", "heat", "groups", "requirements", "trend")


@pytest.fixture
def answered(cast: Cast, campaign: Campaign) -> Campaign:
    answer(campaign, [*cast.organisations.values(), *more_organisations(60)], share=0.9)
    return campaign


@pytest.mark.parametrize("language", ["en", "ur"])
def test_every_page_opens_for_the_analyst_and_the_council(cast: Cast, answered: Campaign, language: str) -> None:
    for name in ("nadia", "kamran", "parveen", "mina"):
        client = cast.client(name)
        for page in PAGES:
            response = client.get(page, headers={"Accept-Language": language})
            assert response.status_code == 200, (name, page)
            text = response.content.decode()
            assert "style=" not in text.replace("data-style=", "")


def test_the_board_says_in_one_sentence_where_the_nation_stands(cast: Cast, answered: Campaign) -> None:
    with acting(cast.nadia, reason="count"):
        rows = Assessment.objects.filter(campaign=answered, standing__isnull=False)
        meets, count = rows.filter(meets_target=True).count(), rows.count()
    text = cast.client("nadia").get("/board/").content.decode()
    assert f"{meets} of {count} organisations that answered meet their target." in text


def test_a_picture_comes_as_a_part_for_htmx_and_as_a_page_for_others(cast: Cast, answered: Campaign) -> None:
    client = cast.client("nadia")
    part = client.get("/board/piece/tiers/", headers={"HX-Request": "true"}).content.decode()
    page = client.get("/board/piece/tiers/").content.decode()
    assert "<html" not in part
    assert "<html" in page
    assert client.get("/board/piece/nothing/").status_code == 404


def test_before_any_campaign_the_board_says_what_fills_it(cast: Cast) -> None:
    assert "No campaign has been launched" in cast.client("nadia").get("/board/").content.decode()


@pytest.mark.parametrize("name", ["nadia", "kamran"])
def test_the_csv_says_what_the_api_says(cast: Cast, answered: Campaign, name: str) -> None:
    client = cast.client(name)
    document = client.get(f"/api/board/{answered.code}").json()
    text = client.get("/board/csv/sectors/").content.decode("utf-8-sig")
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {line["code"] for line in document["sectors"]} == set(rows)
    for line in document["sectors"]:
        shown = rows[line["code"]]["answered"]
        assert (int(shown) if shown else None) == line["answered"]
    for table in TABLES:
        assert client.get(f"/board/csv/{table}/").status_code == 200
    assert client.get("/board/csv/none/").status_code == 404


def test_the_api_refuses_strangers_and_organisations(cast: Cast, answered: Campaign) -> None:
    assert cast.client("bilal").get(f"/api/board/{answered.code}").status_code == 403
    assert cast.client("nadia").get("/api/board/none").status_code == 404
    assert cast.client("kamran").get(f"/api/board/{answered.code}?sector=energy&tier=1").status_code == 422


def test_an_organisation_sees_its_own_groups_and_the_quartiles_of_its_sector(cast: Cast, answered: Campaign) -> None:
    alpha = cast.organisations["alpha"]
    answer(answered, [alpha], seed=5)
    with acting(cast.bilal, reason="look"):
        standing = own_standing(cast.bilal, alpha.pk)
    assert standing is not None
    with acting(cast.nadia, reason="count"):
        peers = Assessment.objects.filter(
            campaign=answered, organisation__sector=alpha.sector_id, standing__isnull=False, mean__isnull=False
        )
        values = np.array(peers.values_list("mean", flat=True))
    if len(values) > 5:
        assert standing.sector is not None
        assert standing.sector.median == round(float(np.quantile(values, 0.5)) * 4) / 4
    else:
        assert standing.sector is None
    assert cast.client("bilal").get("/board/ours/").status_code == 200


def test_with_few_peers_an_organisation_sees_itself_only(cast: Cast, campaign: Campaign) -> None:
    answer(campaign, list(cast.organisations.values()))
    with acting(cast.bushra, reason="look"):
        standing = own_standing(cast.bushra, cast.organisations["beta"].pk)
    assert standing is not None
    assert standing.sector is None
    assert "not shown" in cast.client("bushra").get("/board/ours/").content.decode()


def test_a_foreign_organisation_cannot_be_compared(cast: Cast, answered: Campaign) -> None:
    alpha = cast.organisations["alpha"].pk
    with acting(cast.bushra, reason="try"), pytest.raises(NotFound):
        own_standing(cast.bushra, alpha)
    assert cast.client("bushra").get(f"/board/ours/?organisation={alpha}").status_code == 404
    assert cast.client("nadia").get("/board/ours/").status_code == 403


def test_before_the_first_submission_the_benchmark_leads_to_the_assessment(cast: Cast, campaign: Campaign) -> None:
    assert "/assessments/" in cast.client("bilal").get("/board/ours/").content.decode()


def test_every_indicator_has_a_figure_or_says_why_not(cast: Cast, answered: Campaign) -> None:
    with acting(cast.nadia, reason="look"):
        found = {item.indicator.query: item for item in evidence(cast.nadia, now=NOW)}
        private = Assessment.objects.filter(
            campaign=answered, standing__isnull=False, organisation__ownership="private"
        ).count()
        public = Organisation.objects.filter(ownership="public", is_active=True)
        everyone = public.count()
        covered = public.filter(memberships__lead=True).distinct().count()
    assert set(found) == {indicator.query for indicator in indicators().indicators}
    assert all(item.unknown or item.rows or item.value is not None for item in found.values())
    assert found["campaigns.private_organisations_taking_part"].value == private
    assert found["teams.public_organisations_covered"].value == pytest.approx(covered / everyone)
    assert found["organisations.contact_confirmed"].unknown
    assert "organisations.contact_confirmed" not in QUERIES


def test_who_sees_a_part_of_the_register_gets_no_national_figure(cast: Cast, answered: Campaign) -> None:
    for name in ("parveen", "kamran", "mina"):
        with acting(cast.actors[name], reason="look"):
            found = {item.indicator.query: item for item in evidence(cast.actors[name], now=NOW)}
        assert found["campaigns.organisations_assessed"].unknown
        assert found["frameworks.in_use"].value == 1


def unpacked(pdf: bytes) -> bytes:
    """What the streams of a PDF say."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return b"".join(zlib.decompressobj().decompress(each) for each in streams if each[:1] == b"x")


def test_evidence_by_tier_or_sector_is_named_and_not_coded() -> None:
    by_query = {indicator.query: indicator for indicator in indicators().indicators}
    rows = (("government", 2), ("elsewhere", 1))
    tiers = Evidence(by_query["teams.count_by_tier"], "", rows=rows)
    sectors = Evidence(by_query["campaigns.target_reached_by_sector"], "", rows=rows)
    assert tiers.named == [("Government CERT", 2), ("elsewhere", 1)]
    assert sectors.named == [("Government", 2), ("elsewhere", 1)]


def drawn(cast: Cast, name: str, campaign: Campaign) -> BackgroundRun:
    """A report that was asked for and drawn, as its asker reads it afterwards."""
    actor = cast.actors[name]
    with acting(actor, reason="ask"):
        run = ask_for_report(actor, campaign, now=NOW)
    tasks.draw_report(run=run.pk)
    with acting(actor, reason="look"):
        return BackgroundRun.objects.get(pk=run.pk)


def test_a_report_is_drawn_in_both_languages_with_its_data(cast: Cast, answered: Campaign) -> None:
    run = drawn(cast, "nadia", answered)
    assert (run.state, run.done) == ("done", run.total)
    assert 'dir="rtl"' in run.result["html"]["ur"]
    assert "://" not in run.result["html"]["en"].replace("http://www.w3.org", "")
    client = cast.client("nadia")
    assert "The report is ready" in client.get("/board/report/").content.decode()
    for language in ("en", "ur"):
        assert client.get(f"/board/report/runs/{run.pk}/pdf-{language}/").content.startswith(b"%PDF-")
    urdu = unpacked(client.get(f"/board/report/runs/{run.pk}/pdf-ur/").content)
    assert b"Noto-Naskh-Arabic" in urdu
    assert b"Noto-Nastaliq-Urdu" in urdu
    data = json.loads(client.get(f"/board/report/runs/{run.pk}/json/").content)
    api = client.get(f"/api/board/{answered.code}").json()
    assert [row[3] for row in data["tables"]["sectors"]["rows"]] == [line["answered"] for line in api["sectors"]]
    assert client.get(f"/board/report/runs/{run.pk}/csv/").content.startswith(b"PK")
    assert client.get(f"/board/report/runs/{run.pk}/").status_code == 200


def test_a_report_for_the_council_is_suppressed_and_stays_its_own(cast: Cast, answered: Campaign) -> None:
    run = drawn(cast, "kamran", answered)
    board = cast.client("kamran").get(f"/api/board/{answered.code}").json()
    shown = [row[3] for row in run.result["tables"]["sectors"]["rows"]]
    assert shown == [line["answered"] for line in board["sectors"]]
    assert None in shown
    for page in ("", "json/", "pdf-en/"):
        assert cast.client("nadia").get(f"/board/report/runs/{run.pk}/{page}").status_code == 404
        assert cast.client("bilal").get(f"/board/report/runs/{run.pk}/{page}").status_code == 403


@pytest.mark.parametrize("address", ["https://collect.example/x.png", "file:///etc/passwd", "sipar-font:../x"])
def test_a_report_fetches_nothing_from_outside(address: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        pdf_of(f'<p>Report</p><img src="{address}">')
