from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import Cast, open_campaign

from sipar.assessments.models import Assessment, Campaign
from sipar.board import reading, rollup, selectors
from sipar.board.publication import widened
from sipar.board.reading import Scope
from sipar.board.selectors import Board, board_of
from sipar.board.tests.answered import answer, framework_of, more_organisations
from sipar.board.trends import movement
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Forbidden, Invalid, NotFound
from sipar.posture.disclosure import differences_reveal, revealed
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED
from sipar.posture.scoring import score
from sipar.posture.suppression import Suppressed, with_margins
from sipar.teams.models import Membership

NATION = Scope()


def read(actor: Actor, campaign: Campaign, scope: Scope = NATION, *, by_team: bool = False) -> Board:
    """A board with everything already computed, so that it can be looked at outside `acting`."""
    with acting(actor, reason="read the board"):
        board = board_of(actor, campaign, scope, by_team=by_team)
        for part in ("total", "sectors", "provinces", "tiers", "heat", "groups", "requirements", "weakest"):
            getattr(board, part)
        return board


@pytest.fixture
def population(cast: Cast, campaign: Campaign) -> Campaign:
    made = more_organisations(160)
    answer(campaign, [*cast.organisations.values(), *made], share=0.85)
    return campaign


def naive_rows(campaign: Campaign) -> list[Assessment]:
    with acting(system(), reason="count by hand"):
        return list(Assessment.objects.filter(campaign=campaign).select_related("organisation", "campaign"))


def test_the_board_equals_a_count_by_hand(cast: Cast, population: Campaign) -> None:
    board = read(cast.nadia, population)
    rows = naive_rows(population)
    answered = [row for row in rows if row.standing is not None]
    assert (board.total.asked, board.total.answered) == (len(rows), len(answered))
    assert board.total.meets == sum(bool(row.meets_target) for row in answered)
    assert board.total.mean == pytest.approx(np.mean([row.mean for row in answered]))
    assert board.total.floor == pytest.approx(np.mean([row.floor for row in answered]))
    assert board.total.gaps == pytest.approx(np.mean([row.gaps for row in answered]))
    for line in board.sectors:
        own = [row for row in answered if row.organisation.sector_id == line.key]
        assert line.answered == len(own)
        assert line.meets == sum(bool(row.meets_target) for row in own)
    assert sum(line.asked or 0 for line in board.provinces) == len(rows)
    assert sum(line.asked or 0 for line in board.tiers) == len(rows)


def test_levels_of_each_requirement_equal_a_count_by_hand(cast: Cast, population: Campaign) -> None:
    board = read(cast.nadia, population)
    framework = framework_of(population)
    answered = [row for row in naive_rows(population) if row.standing is not None]
    top = framework.rules.top_level
    for place in range(0, framework.rules.requirements, 17):
        found = board.requirements[place]
        values = [bytes(row.standing or b"")[place] for row in answered]
        count = Counter(values)
        assert found.counts == (*(count[level] for level in range(top + 1)), count[NOT_APPLICABLE], count[UNANSWERED])
        counting = [0 if value == UNANSWERED else value for value in values if value != NOT_APPLICABLE]
        assert found.mean == pytest.approx(np.mean(counting))
        missing, applies = 0, 0
        for row, value in zip(answered, values, strict=True):
            asked = int(framework.target(row.profile)[place])
            if asked == 255 or value == NOT_APPLICABLE:
                continue
            applies += 1
            missing += max(asked - (0 if value == UNANSWERED else value), 0)
        assert found.gap == (pytest.approx(missing / applies) if applies else None)


def test_the_heat_map_equals_the_weighted_mean_by_hand(cast: Cast, population: Campaign) -> None:
    board = read(cast.nadia, population)
    framework = framework_of(population)
    answered = [row for row in naive_rows(population) if row.standing is not None]
    rules = framework.rules
    for line, values in zip(board.sectors, board.heat, strict=True):
        own = [np.frombuffer(bytes(row.standing or b""), dtype=np.uint8) for row in answered
               if row.organisation.sector_id == line.key]  # fmt: skip
        for group, value in enumerate(values):
            members = rules.top_group == group
            total = weight = 0.0
            for vector in own:
                counts = (vector != NOT_APPLICABLE) & members
                levels = np.where(vector == UNANSWERED, 0, vector)
                total += float((levels * rules.weights)[counts].sum())
                weight += float(rules.weights[counts].sum())
            assert value == pytest.approx(total / weight)


def test_lead_certs_partition_the_cohort(cast: Cast, population: Campaign) -> None:
    board = read(cast.nadia, population, by_team=True)
    with acting(cast.nadia, reason="names"):
        lines = board.teams(selectors.team_names())
        leads = Counter(Membership.objects.filter(lead=True).values_list("organisation", flat=True))
        single = Membership.objects.filter(lead=True, organisation__in=[key for key, n in leads.items() if n == 1])
        by_hand = Counter(single.values_list("team", flat=True))
    assert {line.key: line.asked for line in lines if line.key} == dict(by_hand)
    assert sum(line.asked or 0 for line in lines) == board.total.asked


@pytest.mark.parametrize("part", ["sector", "province", "tier", "team"])
def test_a_filter_counts_what_the_line_counted(cast: Cast, population: Campaign, part: str) -> None:
    board = read(cast.nadia, population, by_team=True)
    with acting(cast.nadia, reason="names"):
        lines = {
            "sector": board.sectors, "province": board.provinces, "tier": board.tiers,
            "team": [line for line in board.teams(selectors.team_names()) if line.key],
        }[part]  # fmt: skip
    for line in lines:
        narrowed = read(cast.nadia, population, Scope(**{part: line.key})).total
        assert (narrowed.asked, narrowed.answered, narrowed.meets) == (line.asked, line.answered, line.meets)


def test_a_sectoral_cert_sees_only_its_constituency(cast: Cast, population: Campaign) -> None:
    with acting(cast.parveen, reason="count"):
        own = Assessment.objects.filter(campaign=population).count()
    board = read(cast.parveen, population)
    assert board.total.asked == own
    assert own < len(naive_rows(population))
    with acting(system(), reason="who belongs to the team"):
        members = Membership.objects.filter(team=cast.teams["power"]).values_list("organisation__sector", flat=True)
        assert {line.key for line in board.sectors} == set(members)
    assert cast.organisations["beta"].sector_id not in {line.key for line in board.sectors}


def test_an_organisation_cannot_read_the_board(cast: Cast, campaign: Campaign) -> None:
    with acting(cast.bilal, reason="try"), pytest.raises(Forbidden):
        board_of(cast.bilal, campaign, Scope())
    assert cast.client("bilal").get("/board/").status_code == 403


def test_the_database_gives_aggregates_to_no_other_role(cast: Cast, population: Campaign) -> None:
    for name in ("ayesha", "bushra", "parveen", "nadia", "mina", "chand", "omar", "adil"):
        with acting(cast.actors[name], reason="try"):
            assert len(reading.classes_of_nation(population.pk)) == 0
    with acting(cast.kamran, reason="read"):
        assert len(reading.classes_of_nation(population.pk)) > 0


def council_table(cast: Cast, campaign: Campaign) -> Suppressed:
    """The table sector x province as a Council member puts it together from many pages."""
    whole = read(cast.kamran, campaign)
    rows = [line.key for line in whole.sectors]
    columns = [line.key for line in whole.provinces]
    shown = np.full((len(rows) + 1, len(columns) + 1), 0, dtype=np.int64)

    def value(answered: int | None) -> int:
        return -1 if answered is None else answered

    for row, sector in enumerate(rows):
        page = read(cast.kamran, campaign, Scope(sector=sector))
        shown[row, -1] = value(page.total.answered)
        for line in page.provinces:
            shown[row, columns.index(line.key)] = value(line.answered)
    for column, province in enumerate(columns):
        shown[-1, column] = value(read(cast.kamran, campaign, Scope(province=province)).total.answered)
    shown[-1, -1] = value(whole.total.answered)
    return Suppressed(shown)


def test_the_council_sees_no_small_cell_and_cannot_work_one_out(cast: Cast, population: Campaign) -> None:
    table = council_table(cast, population)
    assert not ((table.shown > 0) & (table.shown < 5)).any()
    assert table.hidden.any()
    assert not revealed(table).any()


def test_two_pages_of_the_council_subtracted_reveal_nobody(cast: Cast, population: Campaign) -> None:
    whole = council_table(cast, population)
    for line in read(cast.kamran, population).sectors:
        page = read(cast.kamran, population, Scope(sector=line.key))
        part = np.zeros_like(whole.shown)
        columns = [each.key for each in read(cast.kamran, population).provinces]
        row = [each.key for each in read(cast.kamran, population).sectors].index(line.key)
        for each in page.provinces:
            part[row, columns.index(each.key)] = -1 if each.answered is None else each.answered
        part[row, -1] = -1 if page.total.answered is None else page.total.answered
        part[-1] = part[row]
        assert not differences_reveal(whole, Suppressed(part)).any()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_row_or_column_subtracted_from_a_published_table_reveals_anyone(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    count = st.one_of(st.integers(0, 6), st.integers(0, 60))
    table = np.array(data.draw(st.lists(count, min_size=rows * columns, max_size=rows * columns)))
    published = widened(table.reshape(rows, columns))
    assert not revealed(published).any()
    full = with_margins(table.reshape(rows, columns))
    assert (published.shown[~published.hidden] == full[~published.hidden]).all()
    for row in range(rows):
        part = np.zeros_like(published.shown)
        part[row] = part[-1] = published.shown[row]
        assert not differences_reveal(published, Suppressed(part)).any()


def test_a_crossing_that_is_not_published_is_refused(cast: Cast, population: Campaign) -> None:
    sector = cast.organisations["alpha"].sector_id
    with acting(cast.kamran, reason="cross"), pytest.raises(Invalid):
        board_of(cast.kamran, population, Scope(sector=sector, tier=1))
    with acting(cast.nadia, reason="cross"):
        assert board_of(cast.nadia, population, Scope(sector=sector, tier=1)).total.asked


def test_the_council_reads_rounded_counts_and_no_names(cast: Cast, population: Campaign) -> None:
    board = read(cast.kamran, population)
    assert not board.exact
    for line in (board.total, *board.sectors, *board.provinces):
        if not line.hidden:
            assert line.meets is not None
            assert line.meets % 5 == 0 or line.meets == line.answered
    assert all(count % 5 == 0 for standing in board.requirements for count in standing.counts)
    with acting(cast.kamran, reason="names"), pytest.raises(Forbidden):
        selectors.who_has_not_answered(cast.kamran, population, Scope())
    client = cast.client("kamran")
    assert client.get("/board/organisations/").status_code == 403
    assert client.get("/board/csv/unanswered/").status_code == 403


def test_with_a_handful_of_answers_the_council_sees_nothing(cast: Cast, campaign: Campaign) -> None:
    answer(campaign, list(cast.organisations.values()))
    board = read(cast.kamran, campaign)
    assert board.hidden
    assert board.total.answered is None
    assert board.requirements == []
    assert "hidden" in cast.client("kamran").get("/board/").content.decode()


def test_the_trend_pairs_organisations_that_answered_both(cast: Cast, campaign: Campaign) -> None:
    earlier = open_campaign(cast, campaign.framework, code="nation-2025")
    with acting(system(), reason="the year before"):
        Campaign.objects.filter(pk=earlier.pk).update(opens_at=campaign.opens_at.replace(year=2025))
    answer(earlier, list(cast.organisations.values())[:3], seed=3)
    answer(campaign, list(cast.organisations.values())[1:], seed=4)
    with acting(cast.nadia, reason="trend"):
        found = movement(cast.nadia, campaign, Scope())
    assert [each.code for each in found.campaigns] == ["nation-2025", "nation-2026"]
    assert found.paired is not None
    assert (found.paired.overall.paired[0], found.paired.left, found.paired.joined) == (2, 1, 1)
    with acting(cast.kamran, reason="trend"):
        assert movement(cast.kamran, campaign, Scope()).paired is None


def test_the_number_of_queries_does_not_grow_with_the_data(cast: Cast, campaign: Campaign) -> None:
    answer(campaign, list(cast.organisations.values())[1:])
    client = cast.client("nadia")
    pages = ("/board/", "/board/piece/unanswered/", "/board/piece/certs/", "/board/requirements/")
    client.get(pages[0])

    def queries() -> list[int]:
        counted = []
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(page).status_code == 200
            counted.append(len(captured))
        return counted

    few = queries()
    answer(campaign, more_organisations(120, seed=9), share=0.5)
    assert queries() == few


def test_unknown_names_in_the_address_are_not_open(cast: Cast, campaign: Campaign) -> None:
    client = cast.client("nadia")
    for query in ("sector=none", "province=none", "tier=9", "cert=none", "campaign=none"):
        assert client.get(f"/board/?{query}").status_code == 404
    with acting(cast.nadia, reason="try"), pytest.raises(NotFound):
        selectors.scope_from({"sector": "none"})


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lines_of_any_classes_add_up_to_their_whole(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    number = st.lists(st.integers(0, 30), min_size=count, max_size=count)
    answered = np.array(data.draw(number))
    sector = np.array(data.draw(st.lists(st.integers(1, 3), min_size=count, max_size=count)))
    zeros = np.zeros(count, dtype=np.int64)
    classes = reading.Classes(
        sector=sector, province=zeros, tier=zeros, team=zeros, profile=("",) * count, asked=answered + 1,
        answered=answered, accepted=zeros, meets=answered // 2, scored=answered, mean_sum=answered * 1.5,
        floor_sum=answered * 1.0, gaps_sum=answered * 2, blobs=(b"",) * count,
    )  # fmt: skip
    lines = rollup.lines(classes, sector, (1, 2, 3))
    whole = rollup.line(classes, classes.everything(), 0)
    for part in ("asked", "answered", "meets"):
        assert sum(getattr(line, part) for line in lines) == getattr(whole, part)


def test_the_stored_mean_is_what_the_rules_give(cast: Cast, campaign: Campaign) -> None:
    answer(campaign, [cast.organisations["alpha"]])
    row = next(row for row in naive_rows(campaign) if row.standing is not None)
    framework = framework_of(campaign)
    scores = score(np.frombuffer(bytes(row.standing or b""), dtype=np.uint8)[None], framework.rules)
    assert row.mean == pytest.approx(float(scores.mean[0]))
