"""A constituency rule changes as a draft, seen before it is applied by the national head."""

from __future__ import annotations

import pytest
from django.urls import reverse
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.orgs.models import Organisation
from sipar.teams.constituency_actions import apply_rule, discard_rule, draft_rule
from sipar.teams.models import ConstituencyDraft, Membership, Team
from sipar.teams.selectors import access_draft, preview_of

WIDER = {"lead": True, "include": [{"sectors": ["energy", "health"]}]}


def drafted(cast: Cast, head: Actor) -> ConstituencyDraft:
    with acting(head, reason="draft"):
        return draft_rule(head, cast.teams["power"], WIDER, reason="hospitals have no CERT", now=NOW)


def test_a_draft_changes_nothing_until_the_national_head_applies_it(cast: Cast, power_head: Actor) -> None:
    draft = drafted(cast, power_head)
    gamma = cast.organisations["gamma"]
    with acting(power_head, reason="apply"), pytest.raises(Forbidden):
        apply_rule(power_head, draft, now=NOW)
    with acting(cast.hamid, reason="apply"):
        seen = preview_of(draft)
        assert (seen.joins, seen.leaves) == ([gamma.pk], [])
        assert not Membership.objects.filter(team=cast.teams["power"], organisation=gamma).exists()
        apply_rule(cast.hamid, draft, now=NOW)
        assert Membership.objects.filter(team=cast.teams["power"], organisation=gamma, lead=True).exists()
        with pytest.raises(Conflict):
            apply_rule(cast.hamid, draft, now=NOW)
    with acting(cast.parveen, reason="look"):
        assert Organisation.objects.filter(pk=gamma.pk).exists()


def test_a_draft_is_written_previewed_and_applied_on_pages(cast: Cast, power_head: Actor) -> None:
    code = cast.teams["power"].code
    form = {"lead": "on", "sectors": ["energy", "health"], "reason": "hospitals have no CERT"}
    head, national = cast.client("pervez"), cast.client("hamid")
    assert head.get(reverse("team_rule", args=[code])).status_code == 200
    answer = head.post(reverse("team_rule", args=[code]), form)
    assert answer.status_code == 302
    assert head.get(answer.headers["Location"]).status_code == 200
    page = national.get(answer.headers["Location"]).content.decode()
    assert "Gamma Hospital" in page
    with acting(power_head, reason="look"):
        draft = ConstituencyDraft.objects.get()
    apply_address = reverse("team_draft_apply", args=[code, draft.pk])
    assert head.post(apply_address).status_code == 403
    assert cast.client("parveen").post(apply_address).status_code == 403
    wrong_team = reverse("team_draft_apply", args=[cast.teams["national"].code, draft.pk])
    assert national.post(wrong_team).status_code == 404
    assert national.post(apply_address).status_code == 302
    assert b"Gamma Hospital" in cast.client("parveen").get(reverse("team_members", args=[code])).content


@pytest.mark.parametrize(
    "form", [{"reason": "nobody"}, {"everyone": "on", "sectors": ["energy"], "reason": "both"},
             {"sectors": ["energy"]}, {"sectors": ["moon"], "reason": "x"},
             {"included": "spaces are fine but \x00 is not", "reason": "x"}],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_shown_again(cast: Cast, power_head: Actor, form: dict[str, object]) -> None:
    page = cast.client("pervez").post(reverse("team_rule", args=[cast.teams["national"].code]), form)
    assert page.status_code == 403
    own = Team.objects.none()
    with acting(power_head, reason="look"):
        own = Team.objects.filter(pk=cast.teams["power"].pk)
        rule = own.get().rule
    assert cast.client("pervez").post(reverse("team_rule", args=[cast.teams["power"].code]), form).status_code == 422
    with acting(power_head, reason="look"):
        assert Team.objects.get(pk=cast.teams["power"].pk).rule == rule
        assert not ConstituencyDraft.objects.exists()


def test_the_national_team_covers_everyone_for_good(cast: Cast) -> None:
    with acting(cast.hamid, reason="shrink"), pytest.raises(Invalid):
        draft_rule(cast.hamid, cast.teams["national"], WIDER, reason="smaller", now=NOW)


def test_a_dropped_draft_stays_in_the_history(cast: Cast, power_head: Actor) -> None:
    draft = drafted(cast, power_head)
    with acting(power_head, reason="drop"):
        discard_rule(power_head, draft, now=NOW)
        assert access_draft(power_head, cast.teams["power"], draft.pk).state == "discarded"
        with pytest.raises(NotFound):
            access_draft(power_head, cast.teams["national"], draft.pk)
