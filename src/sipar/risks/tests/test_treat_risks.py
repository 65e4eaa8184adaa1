"""The register of risks: what is decided about a risk, who may sign, and what holds on which day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign, RoadmapItem
from sipar.assessments.submissions import digest_of
from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.risks.tests.registering import TODAY, accept, fresh, item_of, put, treat
from sipar.risks.treatment_actions import close_risk, end_treatment, reopen_risk, review_risk
from sipar.risks.treatment_models import Risk, RiskReview, Treatment
from sipar.risks.treatment_selectors import (
    access_risk,
    counts_of,
    endings,
    ledger_event_of,
    lines_of,
    reviews_due,
    risks_of,
    treatments_of,
)


def state(risk: Risk, *, days: int = 0) -> str:
    """How the risk stands so many days from now."""
    with acting(system(), reason="look"):
        (line,) = lines_of([Risk.objects.get(pk=risk.pk)], today=TODAY + timedelta(days=days))
        return line.state


def test_a_new_risk_is_open_and_an_acceptance_treats_it_until_its_day(cast: Cast) -> None:
    risk = put(cast)
    assert state(risk) == "open"
    accept(cast.bilal, risk, days=100)
    assert [state(risk, days=days) for days in (0, 100, 101)] == ["treated", "treated", "open"]


def test_an_acceptance_signs_what_was_shown(cast: Cast) -> None:
    risk = put(cast, scenario="ransomware", description="Pumps stand still.")
    made = accept(cast.bilal, risk)
    assert (made.decided_as, made.second_factor, made.digest) == ("ciso", "totp", digest_of(made.document))
    signed = made.document
    assert (signed["title"], signed["description"]) == (risk.title, "Pumps stand still.")
    assert (signed["loss_a_year"], signed["currency"], signed["accepted_until"]) == (
        40_000.0, "USD", (TODAY + timedelta(days=100)).isoformat(),
    )  # fmt: skip
    with acting(cast.bilal, reason="look"):
        assert ledger_event_of(made) is not None


@pytest.mark.parametrize(
    "factor", [None, SecondFactor("totp", NOW - timedelta(minutes=6)), SecondFactor("totp", NOW + timedelta(minutes=1))]
)
def test_accepting_needs_a_second_factor_of_the_last_five_minutes(cast: Cast, factor: SecondFactor | None) -> None:
    risk = put(cast)
    with pytest.raises(Forbidden) as refusal:
        accept(cast.bilal, risk, factor=factor)
    assert refusal.value.code == "second_factor"
    assert state(risk) == "open"


@pytest.mark.parametrize("person", ["ayesha", "parveen", "nadia", "mina", "chand"])
def test_only_the_ciso_or_the_head_accepts(cast: Cast, person: str) -> None:
    risk = put(cast)
    with pytest.raises(Forbidden):
        accept(cast.actors[person], risk)
    assert state(risk) == "open"


def test_a_token_accepts_nothing(cast: Cast) -> None:
    risk = put(cast)
    token = Actor(cast.bilal.account, "t", cast.bilal.grants, scopes=frozenset({"answer"}), verified=True)
    with pytest.raises(Forbidden):
        accept(token, risk)


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_an_acceptance_lasts_from_tomorrow_to_a_year(cast: Cast, days: int) -> None:
    risk = put(cast)
    with pytest.raises(Invalid) as refusal:
        accept(cast.bilal, risk, days=days)
    assert [place.where for place in refusal.value.places] == ["until"]


def test_nobody_signs_what_was_changed_meanwhile(cast: Cast) -> None:
    risk = put(cast)
    treat(cast.bilal, risk, "avoid")
    with pytest.raises(Conflict):
        accept(cast.bilal, risk, version=0)


def test_the_database_takes_no_acceptance_without_a_signature(cast: Cast) -> None:
    risk = put(cast)
    with acting(cast.bilal, reason="try"), pytest.raises(DatabaseError), transaction.atomic():
        Treatment.objects.create(
            risk=risk, organisation=risk.organisation, kind="accept", reason="x", until=TODAY, decided_by_id=1,
            decided_as="ciso", decided_at=NOW,
        )  # fmt: skip


def test_a_mitigation_holds_until_its_roadmap_item_is_dropped(cast: Cast, campaign: Campaign) -> None:
    risk = put(cast)
    item = item_of(cast, campaign)
    treat(cast.ayesha, risk, "mitigate", roadmap_item=item.pk)
    assert state(risk, days=900) == "treated"
    with acting(system(), reason="drop"):
        RoadmapItem.objects.filter(pk=item.pk).update(state="dropped")
    assert state(risk) == "open"


def test_a_mitigation_needs_an_item_of_the_own_roadmap(cast: Cast, campaign: Campaign) -> None:
    risk = put(cast)
    for item in (None, item_of(cast, campaign, "beta").pk, item_of(cast, campaign, state="dropped").pk):
        with pytest.raises(Invalid) as refusal:
            treat(cast.bilal, risk, "mitigate", roadmap_item=item)
        assert [place.where for place in refusal.value.places] == ["roadmap_item"]


def test_an_insurance_says_who_how_much_and_until_when(cast: Cast) -> None:
    risk = put(cast)
    with pytest.raises(Invalid) as refusal:
        treat(cast.bilal, risk, "transfer", amount=Decimal(-1))
    assert [place.where for place in refusal.value.places] == ["insurer", "amount", "currency", "until"]
    day = TODAY + timedelta(days=30)
    treat(
        cast.bilal,
        risk,
        "transfer",
        insurer="Shield (fictional)",
        amount=Decimal("250000.50"),
        currency="USD",
        until=day,
    )
    assert [state(risk, days=days) for days in (30, 31)] == ["treated", "open"]


@pytest.mark.parametrize("said", [{"kind": "accept"}, {"kind": "pray"}, {"kind": "avoid", "reason": "  "}])
def test_what_is_no_treatment_is_refused(cast: Cast, said: dict[str, Any]) -> None:
    risk = put(cast)
    with pytest.raises(Invalid):
        treat(cast.bilal, risk, **said)


def test_a_newer_treatment_of_a_kind_takes_the_place_of_the_older_which_stays(cast: Cast) -> None:
    risk = put(cast)
    accept(cast.bilal, risk, days=10)
    accept(cast.bilal, risk, days=200, reason="Once more.")
    with acting(cast.bilal, reason="look"):
        history = treatments_of(risk, today=TODAY)
    assert [(row.state, row.treatment.reason) for row in history] == [
        ("holds", "Once more."), ("ended", "The plant is shut in spring anyway."),
    ]  # fmt: skip


def test_several_kinds_hold_together_and_one_may_be_taken_back(cast: Cast) -> None:
    risk = put(cast)
    made = accept(cast.bilal, risk)
    treat(cast.bilal, risk, "avoid")
    with acting(cast.ayesha, reason="take back"):
        end_treatment(cast.ayesha, made, note="We changed our mind.", now=NOW)
    assert state(risk) == "treated"
    with acting(cast.ayesha, reason="take back"), pytest.raises(Conflict):
        end_treatment(cast.ayesha, made, note="Again.", now=NOW)


def test_a_review_moves_the_next_one_and_is_never_changed(cast: Cast) -> None:
    risk = put(cast)
    later = TODAY + timedelta(days=200)
    with acting(cast.ayesha, reason="review"):
        made = review_risk(cast.ayesha, risk, note="As before.", next_on=later, version=0, now=NOW)
    assert (fresh(risk).review_on, fresh(risk).version) == (later, 1)
    with acting(cast.ayesha, reason="forge"), pytest.raises(DatabaseError), transaction.atomic():
        RiskReview.objects.filter(pk=made.pk).update(note="All is well.")


def test_closing_ends_what_was_decided_and_opening_again_brings_none_of_it_back(cast: Cast) -> None:
    risk = put(cast)
    accept(cast.bilal, risk)
    with acting(cast.ayesha, reason="close"):
        close_risk(cast.ayesha, risk, note="The plant was sold.", version=1, now=NOW)
    assert state(risk) == "closed"
    with pytest.raises(Conflict):
        treat(cast.bilal, risk, "avoid")
    with acting(cast.ayesha, reason="open"):
        reopen_risk(cast.ayesha, risk, version=2, now=NOW)
    assert state(risk) == "open"


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 251}, "title"),
        ({"title": "a \u202e b"}, "title"),
        ({"owner_name": ""}, "owner_name"),
        ({"review_on": TODAY}, "review_on"),
        ({"review_on": TODAY + timedelta(days=900)}, "review_on"),
        ({"stated_loss": Decimal("NaN")}, "stated_loss"),
        ({"stated_loss": Decimal("1e15")}, "stated_loss"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(cast: Cast, said: dict[str, Any], where: str) -> None:
    with pytest.raises(Invalid) as refusal:
        put(cast, **said)
    assert [place.where for place in refusal.value.places] == [where]


@pytest.mark.parametrize("person", ["parveen", "nadia", "mina", "chand", "bushra"])
def test_nobody_else_writes_into_the_register(cast: Cast, person: str) -> None:
    with pytest.raises(Forbidden):
        put(cast, by=person)


def test_the_database_lets_nobody_else_write_into_the_register(cast: Cast) -> None:
    risk = put(cast)
    for person in ("parveen", "nadia", "chand"):
        with acting(cast.actors[person], reason="try"):
            assert Risk.objects.filter(pk=risk.pk).update(title="Harmless") == 0


def test_the_register_is_read_by_the_organisation_and_its_certs_only(cast: Cast) -> None:
    risk = put(cast)
    for person in ("ayesha", "bilal", "parveen", "danish", "nadia", "hamid"):
        with acting(cast.actors[person], reason="look"):
            assert access_risk(cast.actors[person], risk.pk) == risk
    for person in ("bushra", "farah", "mina", "chand", "kamran", "omar"):
        with acting(cast.actors[person], reason="look"), pytest.raises(NotFound):
            access_risk(cast.actors[person], risk.pk)


def test_a_register_is_counted_and_cut_by_what_holds_today(cast: Cast) -> None:
    alpha = cast.organisations["alpha"]
    soon = TODAY + timedelta(days=5)
    left, held, shut = put(cast, title="Left", review_on=soon), put(cast, title="Held"), put(cast, title="Shut")
    accept(cast.bilal, held, days=30)
    with acting(cast.bilal, reason="close"):
        close_risk(cast.bilal, shut, note="Gone.", version=0, now=NOW)
        for days, expected in ((0, (1, 1, 0, 1)), (6, (1, 1, 1, 1)), (31, (2, 0, 1, 1))):
            found = counts_of(alpha, today=TODAY + timedelta(days=days))
            assert (found.open, found.treated, found.overdue, found.closed) == expected
        for name, expected_rows in (("open", [left]), ("treated", [held]), ("overdue", []), ("closed", [shut])):
            assert list(risks_of(alpha, today=TODAY, state=name)) == expected_rows
        assert list(risks_of(alpha, today=TODAY)) == [left, held, shut]


def test_what_ends_is_told_a_month_ahead_and_after_unless_something_else_holds(cast: Cast) -> None:
    risk = put(cast)
    accept(cast.bilal, risk, days=40)
    organisations = [cast.organisations["alpha"].pk]

    def told(days: int) -> list[int]:
        with acting(cast.bilal, reason="look"):
            return [row.risk.pk for row in endings(organisations, today=TODAY + timedelta(days=days))]

    assert [told(days) for days in (0, 9, 10, 40, 41)] == [[], [], [risk.pk], [risk.pk], [risk.pk]]
    treat(cast.bilal, risk, "avoid")
    assert told(41) == []


def test_reviews_are_due_until_they_are_made(cast: Cast) -> None:
    risk = put(cast, review_on=TODAY + timedelta(days=3))
    with acting(cast.ayesha, reason="look"):
        due = reviews_due([risk.organisation_id], until=TODAY + timedelta(days=14))
        assert list(due) == [risk]
        review_risk(cast.ayesha, risk, note="Fine.", next_on=TODAY + timedelta(days=99), version=0, now=NOW)
        assert list(due.all()) == []
