"""Indicators and affected requirements of a case, and the playbooks that make its tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cast import NOW, Cast

import sipar.formats
from sipar.assessments.models import Assessment, Campaign
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import loaded
from sipar.incidents import indicator_actions, playbook_actions, requirement_actions
from sipar.incidents.content_selectors import access_indicator, indicators_of, requirements_of, tasks_of
from sipar.incidents.models import Access, Indicator, Playbook, Task
from sipar.incidents.selectors import audience_of
from sipar.incidents.tests.cases import accepted, case_of

PLAYBOOK = (Path(sipar.formats.__file__).parent / "tests/fixtures/playbook-ransomware.json").read_bytes()


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(PLAYBOOK) | fields).encode()


def test_pasted_lines_become_indicators_and_known_ones_stay_as_they_were(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="paste"):
        case = case_of(cast.ayesha, number)
        done = indicator_actions.add_indicators(
            cast.ayesha, case, lines="hxxp://evil[.]example/a dropper\n203[.]0[.]113[.]7\n", tlp="green", now=NOW
        )
        assert (done.new, done.known) == (2, 0)
        again = indicator_actions.add_indicators(
            cast.ayesha, case, lines="203.0.113.7 again\nevil.example\n", tlp="red", now=NOW
        )
        assert (again.new, again.known) == (1, 1)
        rows = {row.value: (row.tlp, row.note) for row in Indicator.objects.all()}
    assert rows == {
        "http://evil.example/a": ("green", "dropper"), "203.0.113.7": ("green", ""), "evil.example": ("red", ""),
    }  # fmt: skip


def test_one_bad_line_keeps_all_out_and_every_bad_line_is_named(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="paste"):
        case = case_of(cast.ayesha, number)
        with pytest.raises(Invalid) as refused:
            indicator_actions.add_indicators(cast.ayesha, case, lines="203.0.113.7\nnot one\n\nnor this", now=NOW)
        assert [place.sentence.split(":")[0] for place in refused.value.places] == ["Line 2", "Line 4"]
        assert not Indicator.objects.exists()


def test_a_guest_sees_and_exports_only_what_may_travel(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="paste"):
        case = case_of(cast.parveen, number)
        for label, value in (("clear", "a.example"), ("amber", "b.example"), ("red", "c.example")):
            indicator_actions.add_indicators(cast.parveen, case, lines=value, tlp=label, now=NOW)
        projection = audience_of(cast.parveen, case, now=NOW)
        rows = list(indicators_of(case, projection))
        out = {
            cap: [row.value for row in indicator_actions.exported(rows, projection=projection, cap=cap)]
            for cap in ("clear", "amber", "red")
        }
        assert out == {
            "clear": ["a.example"], "amber": ["a.example", "b.example"],
            "red": ["a.example", "b.example", "c.example"],
        }  # fmt: skip
        with pytest.raises(Invalid):
            indicator_actions.exported(rows, projection=projection, cap="ultraviolet")
        secret = next(row for row in rows if row.tlp == "red")
    with acting(system(), reason="make them guests"):
        Access.objects.filter(team=cast.teams["national"]).update(projection="indicators")
    with acting(cast.nadia, reason="look"):
        case = case_of(cast.nadia, number)
        projection = audience_of(cast.nadia, case, now=NOW)
        assert [row.value for row in indicators_of(case, projection)] == ["a.example", "b.example"]
        with pytest.raises(NotFound):
            access_indicator(case, projection, secret.pk)
        with pytest.raises(Forbidden):
            indicator_actions.add_indicators(cast.nadia, case, lines="d.example", now=NOW)
        with pytest.raises(Forbidden):
            indicator_actions.remove_indicator(cast.nadia, case, secret, now=NOW)


def test_the_failed_control_meets_the_organisations_own_answer(cast: Cast, campaign: Campaign) -> None:
    with acting(system(), reason="answer"):
        framework = Framework.objects.get(pk=campaign.framework_id)
        known = loaded(framework.pk).requirements[3].id
        levels = bytes([0, 0, 0, 2]) + bytes(framework.requirement_count - 4)
        Assessment.objects.filter(organisation=cast.organisations["alpha"]).update(standing=levels)
    number = accepted(cast)
    with acting(cast.parveen, reason="name it"):
        case = case_of(cast.parveen, number)
        requirement_actions.add_requirement(
            cast.parveen, case, framework=framework.pk, requirement=known, how="failed", now=NOW
        )
        with pytest.raises(Conflict):
            requirement_actions.add_requirement(
                cast.parveen, case, framework=framework.pk, requirement=known, how="helped", now=NOW
            )
        for requirement, how, error in (("XX-99", "failed", Invalid), (known, "vanished", Invalid)):
            with pytest.raises(error):
                requirement_actions.add_requirement(
                    cast.parveen, case, framework=framework.pk, requirement=requirement, how=how, now=NOW
                )
        with pytest.raises(NotFound):
            requirement_actions.add_requirement(
                cast.parveen, case, framework=999_999, requirement=known, how="failed", now=NOW
            )
    for name in ("ayesha", "parveen"):
        actor = cast.actors[name]
        with acting(actor, reason="read"):
            case = case_of(actor, number)
            (row,) = requirement_actions.affected(requirements_of(case, audience_of(actor, case, now=NOW)))
            assert (row.level, row.highest) == (2, loaded(framework.pk).rules.top_level)
            assert row.requirement is not None
            assert row.requirement.id == known


def test_a_search_finds_requirements_by_their_words(cast: Cast, framework: Framework) -> None:
    with acting(cast.parveen, reason="search"):
        found = requirement_actions.found_requirements("backup", "en")
        assert found
        assert all("backup" in f"{one.requirement.title} {one.requirement.statement}".lower() for one in found)
        assert requirement_actions.found_requirements("  ", "en") == []


def test_a_playbook_comes_in_for_ones_own_team_and_goes_out_as_it_came(cast: Cast) -> None:
    with acting(cast.parveen, reason="import"):
        kept = playbook_actions.import_playbook(cast.parveen, PLAYBOOK, team=cast.teams["power"].pk, now=NOW)
        assert json.loads(playbook_actions.exported(kept)) == json.loads(PLAYBOOK)
        with pytest.raises(Forbidden):
            playbook_actions.import_playbook(cast.parveen, PLAYBOOK, team=cast.teams["national"].pk, now=NOW)
        newer = changed(name="Ransomware, second edition", modified="2030-01-01T00:00:00.000Z")
        assert playbook_actions.import_playbook(
            cast.parveen, newer, team=cast.teams["power"].pk, now=NOW
        ).name == "Ransomware, second edition"  # fmt: skip
        with pytest.raises(Conflict, match="later"):
            playbook_actions.import_playbook(cast.parveen, PLAYBOOK, team=cast.teams["power"].pk, now=NOW)
    with acting(cast.nadia, reason="overwrite"):
        assert [one.pk for one in playbook_actions.playbooks()] == [kept.pk]
        with pytest.raises(Conflict, match="Another CERT"):
            playbook_actions.import_playbook(cast.nadia, newer, team=cast.teams["national"].pk, now=NOW)
        with pytest.raises(Forbidden):
            playbook_actions.remove_playbook(cast.nadia, kept)
    with acting(cast.ayesha, reason="pry"):
        assert not Playbook.objects.exists()


@pytest.mark.parametrize(
    "data", [b"", b"not json", b"[]", b'{"type": "playbook"}', b"[" * 5_000, changed(steps={}), changed(name=None)]
)
def test_a_playbook_that_is_none_is_refused_with_its_place(cast: Cast, data: bytes) -> None:
    with acting(cast.parveen, reason="import"), pytest.raises(Invalid) as refused:
        playbook_actions.import_playbook(cast.parveen, data, team=cast.teams["power"].pk, now=NOW)
    assert refused.value.code == "playbook.format"
    assert refused.value.places[0].where


def test_a_playbook_becomes_the_tasks_of_a_case_in_the_order_of_its_workflow(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="apply"):
        kept = playbook_actions.import_playbook(cast.parveen, PLAYBOOK, team=cast.teams["power"].pk, now=NOW)
        case = case_of(cast.parveen, number)
        made = playbook_actions.apply_playbook(cast.parveen, case, kept, now=NOW)
        steps = playbook_actions.steps_of(kept)
        assert [task.step for task in made] == [step.identifier for step in steps]
        listed = tasks_of(case, audience_of(cast.parveen, case, now=NOW))
        assert [task.title for task in listed] == [step.title for step in steps]
        with pytest.raises(Conflict):
            playbook_actions.apply_playbook(cast.parveen, case, kept, now=NOW)
        playbook_actions.remove_playbook(cast.parveen, kept)
        assert Task.objects.filter(incident=case).count() == len(steps)


def test_who_only_sees_the_case_applies_no_playbook_to_it(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.nadia, reason="meddle"):
        kept = playbook_actions.import_playbook(cast.nadia, PLAYBOOK, team=cast.teams["national"].pk, now=NOW)
        with pytest.raises(Forbidden):
            playbook_actions.apply_playbook(cast.nadia, case_of(cast.nadia, number), kept, now=NOW)
    with acting(cast.ayesha, reason="meddle"), pytest.raises(Forbidden):
        playbook_actions.apply_playbook(cast.ayesha, case_of(cast.ayesha, number), kept, now=NOW)
