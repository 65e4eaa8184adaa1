"""What holds for every regime that ships, and for the list of them in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sipar.law.facts import Text, shipped_facts
from sipar.law.grammar import Regime
from sipar.law.regimes import shipped

LIST = Path(__file__).parents[4] / "docs" / "reference" / "regimes.md"
PUBLISHED = [
    "au-soci",
    "eu-cra",
    "eu-dora",
    "eu-gdpr",
    "eu-nis2",
    "in-certin-2022",
    "pk-cert-rules-2023",
    "pk-csa-draft",
    "pk-pdp-bill-draft",
    "pk-preset-72h-unverified",
    "pk-preset-response-unverified",
    "pk-pta-ctdisr-2025",
    "sa-ecc-2",
    "sa-preset-sama-1h-unverified",
    "sg-csa",
    "uk-csrb",
    "us-circia",
]
URDU = re.compile("[\u0600-\u06ff]")


def test_these_regimes_ship() -> None:
    assert sorted(each.regime for each in shipped()) == PUBLISHED


@pytest.mark.parametrize("regime", shipped(), ids=lambda each: each.regime)
def test_the_documentation_lists_each_regime_with_its_status(regime: Regime) -> None:
    rows = [line for line in LIST.read_text("utf-8").splitlines() if line.startswith(f"| `{regime.regime}` |")]
    assert len(rows) == 1
    assert f"| {regime.status} |" in rows[0]


def test_the_documentation_lists_no_regime_that_does_not_ship() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", LIST.read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(listed) == PUBLISHED


@pytest.mark.parametrize("regime", shipped(), ids=lambda each: each.regime)
def test_only_law_in_force_is_on_from_the_start(regime: Regime) -> None:
    assert regime.enabled == (regime.status == "in_force")


@pytest.mark.parametrize("regime", shipped(), ids=lambda each: each.regime)
def test_every_title_and_note_is_there_in_english_and_urdu(regime: Regime) -> None:
    texts: list[Text] = [regime.title, *(each.title for each in regime.classifiers)]
    texts += [each.title for each in regime.duties] + [each.what for each in regime.routing]
    texts += [note for note in (regime.note, *(duty.note for duty in regime.duties)) if note is not None]
    texts += [each.who for each in regime.penalties] + [each.what for each in regime.keep]
    assert all(text.en and URDU.search(text.ur) for text in texts)


@pytest.mark.parametrize("regime", shipped(), ids=lambda each: each.regime)
def test_every_fact_that_a_report_must_tell_can_be_asked_or_is_recorded(regime: Regime) -> None:
    for duty in regime.duties:
        for name in duty.content:
            fact = shipped_facts()[name]
            assert fact.question is not None or fact.stage == "event"


def test_facts_that_are_asked_have_a_question_in_both_languages_and_others_have_none() -> None:
    for fact in shipped_facts().values():
        asked = fact.stage in {"first", "second", "third", "final"}
        assert asked == (fact.question is not None), fact.name
        assert URDU.search(fact.title.ur), fact.name
        if fact.question is not None:
            assert URDU.search(fact.question.ur), fact.name


def test_facts_come_from_the_register_exactly_when_they_say_so() -> None:
    for fact in shipped_facts().values():
        assert (fact.source == "register") == (fact.stage == "register"), fact.name


def test_a_question_is_short_enough_for_a_phone() -> None:
    longest = max(len(fact.question.en) for fact in shipped_facts().values() if fact.question is not None)
    assert longest <= 140


def test_the_first_stage_in_pakistan_asks_at_most_eight_questions() -> None:
    [rules] = [each for each in shipped() if each.regime == "pk-cert-rules-2023"]
    assert len(rules.duties[0].content) <= 8
    assert {shipped_facts()[name].stage for name in rules.duties[0].content} == {"first"}
