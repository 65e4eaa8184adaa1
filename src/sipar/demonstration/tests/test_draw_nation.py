"""The register and the answers as they are drawn, before any database."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest

from sipar.demonstration.answers import draw_answers
from sipar.demonstration.recipe import recipe
from sipar.demonstration.register import MARK, Register, draw_register
from sipar.formats.catalogue import Catalogue
from sipar.formats.catalogue_file import read_catalogue
from sipar.frameworks.actions import SHIPPED
from sipar.nations.profile import shipped
from sipar.posture.scoring import rules_from, score
from sipar.posture.targets import meets_target

# Names that a reader in the country would take for a real body. None may come out of the word lists.
REAL_NAMES = (
    "habib", "allied", "united bank", "muslim commercial", "meezan", "askari", "faysal", "alfalah", "k-electric",
    "lesco", "iesco", "hesco", "pesco", "wapda", "sui ", "jazz", "telenor", "zong", "ufone", "ptcl", "wateen",
    "nayatel", "indus motor", "indus hospital", "engro", "fauji", "nishat", "lucky cement", "dawood", "packages",
    "nadra", "shaukat", "aga khan", "agha khan", "shalamar", "airblue", "serene", "lahore", "karachi", "peshawar",
    "quetta", "multan", "faisalabad", "punjab university", "quaid", "nust", "lums", "comsats", "dawn", "geo ", "attock",
    "byco", "cnergyico", "hub power", "thar", "mangla", "tarbela", "daraz", "careem", "systems limited", "netsol",
)  # fmt: skip


def drawn(organisations: int = 120, seed: int = 1) -> Register:
    return draw_register(shipped("pk"), recipe("pk"), organisations=organisations, seed=seed)


def catalogue(name: str) -> Catalogue:
    path = SHIPPED / f"{name}.yaml"
    return read_catalogue(path.read_bytes(), path.name)


def test_the_same_seed_draws_the_same_nation_to_the_byte() -> None:
    first, second = drawn(), drawn()
    assert first.table.equals(second.table)
    assert first.maturity.tobytes() == second.maturity.tobytes()
    framework = catalogue("nist-csf-2.0")
    answers = [draw_answers(one, recipe("pk"), framework, years_later=1.0, seed=1) for one in (first, second)]
    assert answers[0].levels.tobytes() == answers[1].levels.tobytes()


def test_another_seed_draws_another_nation() -> None:
    assert not drawn(seed=1).table.equals(drawn(seed=2).table)


@pytest.mark.parametrize("organisations", [120, 12_000])
def test_every_name_is_marked_and_unique_and_every_domain_is_an_example(organisations: int) -> None:
    table = drawn(organisations).table
    assert table["name"].str.ends_with(MARK).all()
    assert table["name"].is_unique().all()
    assert table["domain"].str.ends_with(".example").all()
    assert table["domain"].is_unique().all()
    assert table["name_ur"].str.contains("فرضی").all()


def test_no_name_is_that_of_a_real_body() -> None:
    names = drawn(12_000).table["name"].str.to_lowercase()
    found = [name for name in names if any(real in name for real in REAL_NAMES)]
    assert found == []


def test_every_subsector_province_and_body_of_the_recipe_is_in_the_profile() -> None:
    nation, words = shipped("pk"), recipe("pk")
    sectors = {sector.code: {part.code for part in sector.subsectors} for sector in nation.sectors}
    bodies = {body.code for body in nation.bodies}
    assert set(words.sectors) == set(sectors)
    assert set(words.kinds) == set().union(*sectors.values())
    assert set(words.provinces) == set(words.firsts) == {province.code for province in nation.provinces}
    assert {*words.regulators.values(), *words.ministries.values()} <= bodies


def test_the_shares_are_like_those_of_a_country() -> None:
    table = drawn(12_000).table
    tiers = table["tier"].value_counts(normalize=True).sort("tier")["proportion"].to_list()
    assert tiers[0] < 0.06
    assert tiers[0] < tiers[1] < tiers[2]
    public = table.filter(sector="government")["ownership"].unique().to_list()
    assert public == ["public"]
    assert table["province"].value_counts().sort("count", descending=True)["province"][0] == "PK-PB"


def test_a_year_later_most_are_better_and_water_stands_still() -> None:
    register, framework = drawn(3_000), catalogue("nist-csf-2.0")
    before, after = (draw_answers(register, recipe("pk"), framework, years_later=year, seed=1) for year in (0.0, 1.0))
    rules = rules_from(framework)
    gain = score(after.levels, rules).mean - score(before.levels, rules).mean
    water = (register.table["sector"] == "water").to_numpy()
    assert np.nanmean(gain) > 0.1
    assert abs(np.nanmean(gain[water])) < 0.05


def test_the_weakest_pillar_is_devices_and_nowhere_more_than_in_health() -> None:
    register, framework = drawn(3_000), catalogue("cisa-ztmm-2.0")
    rules = rules_from(framework)
    answers = draw_answers(register, recipe("pk"), framework, years_later=1.0, seed=1)
    means = score(answers.levels, rules).group_mean
    devices = rules.top_groups.index("devices")
    assert int(np.argmin(np.nanmean(means, axis=0))) == devices
    by_sector = {
        sector: np.nanmean(means[(register.table["sector"] == sector).to_numpy(), devices])
        for sector in recipe("pk").sectors
    }
    assert min(by_sector, key=lambda sector: by_sector[sector]) == "health"


def test_some_meet_their_target_and_most_do_not_yet() -> None:
    register = drawn(3_000)
    answers = draw_answers(register, recipe("pk"), catalogue("nist-csf-2.0"), years_later=1.0, seed=1)
    share = meets_target(answers.levels, answers.targets).mean()
    assert 0.15 < share < 0.45


def test_documentation_prefixes_are_what_they_are_said_to_be() -> None:
    from sipar.demonstration.stage_register import FIRST_ASN, IPV4_BLOCKS, IPV6_BLOCK, LAST_ASN

    assert set(IPV4_BLOCKS) == {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"}
    assert ipaddress.ip_network("2001:db8::/32") == IPV6_BLOCK
    assert (FIRST_ASN, LAST_ASN) == (64496, 64511)
