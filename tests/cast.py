"""The small cast of every test: a tiny nation, its organisations, and the people who work there.

Ayesha answers for Alpha Power, Bilal signs there; Bushra works at Beta Bank, which must never see Alpha. Parveen is
an analyst of the sectoral CERT of power (Alpha is hers, Beta is not) and Danish its duty officer; Farah is an
analyst of the CERT that leads for Beta. Nadia is an analyst and Hamid the head of the
National CERT. Kamran sits on the Council. Mina is a ministry officer, Omar the ombudsman, Adil and Sana administer.
Chand is a consultant engaged for Alpha only. Every organisation here is invented.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from sipar.assessments.models import Assessment, Campaign, Engagement, EngagementScope
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.frameworks.models import Framework
from sipar.orgs.models import Ministry, Organisation, Province, Sector
from sipar.people.actions import grant_role, open_account
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.teams.actions import resolve_constituencies
from sipar.teams.models import Team

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Cast:
    """The people as actors, and the organisations and teams they belong to."""

    actors: dict[str, Actor]
    accounts: dict[str, Account]
    organisations: dict[str, Organisation]
    teams: dict[str, Team]

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.actors[name]
        except KeyError:
            raise AttributeError(name) from None

    def client(self, name: str, *, second_factor: bool = True) -> Client:
        """A browser signed in as this person, with the second factor shown unless told otherwise."""
        from tests.signing_in import signed_in_client

        return signed_in_client(self.accounts[name], second_factor=second_factor)


ORGANISATIONS = {
    # key: (identifier, name, Urdu name, sector, province, ministry, tier, ownership)
    "alpha": ("PK-T-0001", "Alpha Power (fictional)", "الفا پاور", "energy", "PK-PB", "nepra", 1, "private"),
    "beta": ("PK-T-0002", "Beta Bank (fictional)", "بیٹا بینک", "finance", "PK-SD", "sbp", 1, "private"),
    "gamma": ("PK-T-0003", "Gamma Hospital (fictional)", "گاما ہسپتال", "health", "PK-PB", None, 2, "public"),
    "delta": ("PK-T-0004", "Delta Telecom (fictional)", "ڈیلٹا ٹیلی کام", "telecom", "PK-IS", "pta", 2, "private"),
}


# name: (role, which kind of place they hold it in, which one)
PEOPLE = {
    "ayesha": ("reporter", "organisation", "alpha"),
    "bilal": ("ciso", "organisation", "alpha"),
    "bushra": ("ciso", "organisation", "beta"),
    "parveen": ("analyst", "team", "power"),
    "danish": ("duty_officer", "team", "power"),
    "farah": ("analyst", "team", "bank"),
    "nadia": ("analyst", "team", "national"),
    "hamid": ("team_head", "team", "national"),
    "kamran": ("council_member", "", ""),
    "mina": ("ministry_officer", "ministry", "nepra"),
    "chand": ("consultant", "", ""),
    "omar": ("ombudsman", "", ""),
    "adil": ("administrator", "", ""),
    "sana": ("administrator", "", ""),
}


def build_cast() -> None:
    """Bring organisations and people into a nation as it ships, as Sipar itself."""
    sipar = system()
    with acting(sipar, reason="set up the cast"):
        sectors = {sector.code: sector for sector in Sector.objects.filter(parent=None)}
        provinces = {province.code: province for province in Province.objects.all()}
        ministries = {ministry.code: ministry for ministry in Ministry.objects.all()}
        for identifier, name, name_ur, sector, province, ministry, tier, ownership in ORGANISATIONS.values():
            Organisation.objects.create(
                identifier=identifier,
                name=name,
                name_ur=name_ur,
                sector=sectors[sector],
                province=provinces[province],
                ministry=ministries[ministry] if ministry else None,
                tier=tier,
                ownership=ownership,
                size="large",
                is_fictional=True,
            )
        resolve_constituencies(sipar, now=NOW)
        places: dict[str, Any] = {"organisation": _organisations(), "team": _teams(), "ministry": ministries}
        for name, (role, kind, place) in PEOPLE.items():
            account = open_account(sipar, email=_address(name), name=name.title(), password=PASSWORD, now=NOW)
            where = {kind: places[kind][place].pk} if kind else {}
            grant_role(sipar, account, role, now=NOW - timedelta(days=30), **where)


def find_cast() -> Cast:
    """The cast of a nation that has one."""
    with acting(system(), reason="find the cast"):
        found = {account.email: account for account in Account.objects.filter(email__endswith="@test.example")}
        accounts = {name: found[_address(name)] for name in PEOPLE}
        actors = {name: actor_of(account, now=NOW, verified=True) for name, account in accounts.items()}
        return Cast(actors=actors, accounts=accounts, organisations=_organisations(), teams=_teams())


def _organisations() -> dict[str, Organisation]:
    found = {
        organisation.identifier: organisation
        for organisation in Organisation.objects.select_related("sector", "province", "ministry")
    }
    return {key: found[identifier] for key, (identifier, *_) in ORGANISATIONS.items()}


def _teams() -> dict[str, Team]:
    """Every team by its code, and those of the cast by what they are to it."""
    alpha, beta = (ORGANISATIONS[key][0] for key in ("alpha", "beta"))
    leads = Team.objects.filter(memberships__lead=True)
    return {
        "national": Team.objects.get(tier="national"),
        "power": leads.get(memberships__organisation__identifier=alpha),
        "bank": leads.get(memberships__organisation__identifier=beta),
    } | {team.code: team for team in Team.objects.all()}


def _address(name: str) -> str:
    return f"{name}@test.example"


def open_campaign(cast: Cast, framework: Framework, *, code: str = "nation-2026") -> Campaign:
    """An open campaign of the National CERT over the whole cast, nothing answered yet; Chand is engaged for Alpha."""
    sipar = system()
    with acting(sipar, reason="open a campaign for the cast"):
        campaign = Campaign.objects.create(
            code=code,
            name={"en": "Nationwide assessment", "ur": "ملک گیر جائزہ"},
            framework=framework,
            cohort={"lead": False, "include": [{}]},
            profiles={str(tier): f"tier-{tier}" for tier in (1, 2, 3, 4)},
            opens_at=NOW - timedelta(days=10),
            closes_at=NOW + timedelta(days=50),
            lead_team=cast.teams["national"],
            state="open",
            created_by_id=sipar.account,
            organisations=len(cast.organisations),
        )
        Assessment.objects.bulk_create(
            Assessment(organisation=organisation, campaign=campaign, profile=f"tier-{organisation.tier}")
            for organisation in cast.organisations.values()
        )
        engagement = Engagement.objects.create(
            campaign=campaign,
            account=cast.accounts["chand"],
            firm="Clearview Audit (fictional)",
            valid_from=NOW - timedelta(days=5),
            valid_until=NOW + timedelta(days=3650),
        )
        EngagementScope.objects.create(engagement=engagement, organisation=cast.organisations["alpha"])
    return campaign


@pytest.fixture(scope="session")
def cast_as_built(own_copy: None, django_db_blocker: pytest.FixtureRequest) -> Cast:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        return find_cast()


@pytest.fixture
def cast(db: None, cast_as_built: Cast) -> Cast:
    """The cast for one test to change: the rows are in every test's database, the objects are this test's own."""
    return own_cast(cast_as_built)


def own_cast(cast: Cast) -> Cast:
    """A copy of the cast, each object of it."""
    return Cast(**copy.deepcopy(vars(cast)))


@pytest.fixture
def framework(cast: Cast) -> Framework:
    """NIST CSF 2.0 as it ships; the Zero Trust model and the performance goals are loaded beside it."""
    return shipped_framework()


def shipped_framework() -> Framework:
    with acting(system(), reason="find the framework"):
        return Framework.objects.get(identifier="nist-csf-2.0")


@pytest.fixture
def campaign(cast: Cast, framework: Framework) -> Campaign:
    return open_campaign(cast, framework)
