"""Regimes as they are loaded, which of them bind, and who switches them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Forbidden, Invalid, NotFound
from sipar.law import regimes as files
from sipar.obligations.models import Regime
from sipar.obligations.regimes import binding_regimes, load_regimes, switch_regime

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 2)
PRESET = "pk-preset-72h-unverified"


def codes(actor: Actor, on: date = TODAY) -> set[str]:
    with acting(actor, reason="read"):
        return {binding.row.code for binding in binding_regimes(on)}


def test_laws_in_force_bind_and_nothing_else_does(cast: Cast) -> None:
    bound = codes(cast.bilal)
    assert {"pk-cert-rules-2023", "eu-nis2", "eu-dora", "in-certin-2022", "pk-pta-ctdisr-2025"} <= bound
    assert not {code for code in bound if "draft" in code or "preset" in code}
    assert not bound & {"uk-csrb", "us-circia"}


def test_a_law_does_not_bind_before_its_first_day(cast: Cast) -> None:
    assert "eu-cra" in codes(cast.bilal)
    assert "eu-cra" not in codes(cast.bilal, date(2026, 9, 10))


def test_loading_again_changes_nothing() -> None:
    with acting(system(), reason="load again"):
        before = list(Regime.objects.order_by("pk").values())
        assert load_regimes(system(), now=NOW) == 0
        assert list(Regime.objects.order_by("pk").values()) == before


def test_a_file_that_says_something_else_becomes_the_next_version_and_keeps_its_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (files.FOLDER / "in-certin-2022.yaml").read_text().replace("hours: 6", "hours: 5")
    (tmp_path / "in-certin-2022.yaml").write_text(text)
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    monkeypatch.setattr(files, "shipped", lambda: (files.parse(text.encode()),))
    sipar = system()
    with acting(sipar, reason="switch off, then a new file"):
        switch_regime(sipar, "in-certin-2022", enabled=False, reason="Nobody here works in India.", now=NOW)
        assert load_regimes(sipar, now=NOW) == 1
        versions = list(Regime.objects.filter(code="in-certin-2022").order_by("version"))
        assert [(row.version, row.enabled) for row in versions] == [(1, False), (2, False)]
        assert "hours: 6" in versions[0].text
        switch_regime(sipar, "in-certin-2022", enabled=True, reason="Somebody does.", now=NOW)
        bound = {binding.row.code: binding.row.version for binding in binding_regimes(TODAY)}
        assert bound["in-certin-2022"] == 2


def test_the_head_of_the_national_cert_switches_an_unverified_preset_on_with_a_reason(cast: Cast) -> None:
    with acting(cast.hamid, reason="switch"):
        row = switch_regime(cast.hamid, PRESET, enabled=True, reason="Practised since spring.", now=NOW)
    assert (row.enabled, row.status, row.note) == (True, "unverified_preset", "Practised since spring.")
    assert PRESET in codes(cast.bilal)


def test_a_switch_needs_a_reason_a_regime_and_the_right_person(cast: Cast) -> None:
    with acting(cast.hamid, reason="switch"):
        with pytest.raises(Invalid):
            switch_regime(cast.hamid, PRESET, enabled=True, reason=" ", now=NOW)
        with pytest.raises(NotFound):
            switch_regime(cast.hamid, "no-such-law", enabled=True, reason="Why not.", now=NOW)
    for who in (cast.bilal, cast.parveen, cast.nadia, cast.kamran, cast.mina):
        with acting(who, reason="switch"), pytest.raises(Forbidden):
            switch_regime(who, PRESET, enabled=True, reason="I would like to.", now=NOW)


def test_a_draft_act_never_puts_a_duty_on_anybody(cast: Cast) -> None:
    with acting(cast.hamid, reason="switch"), pytest.raises(Invalid):
        switch_regime(cast.hamid, "pk-csa-draft", enabled=True, reason="It will come.", now=NOW)
    with acting(system(), reason="even where the row says so"):
        Regime.objects.filter(code="pk-csa-draft").update(enabled=True)
    assert "pk-csa-draft" not in codes(cast.bilal)
