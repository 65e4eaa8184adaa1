"""The small cast of every test: a tiny nation, its organisations, and the people who work there.

Ayesha answers for Alpha Power, Bilal signs there; Bushra works at Beta Bank, which must never see Alpha. Parveen is
an analyst of the sectoral CERT of power (Alpha is hers, Beta is not) and Danish its duty officer; Farah is an
analyst of the CERT that leads for Beta. Nadia is an analyst and Hamid the head of the
National CERT. Kamran sits on the Council. Mina is a ministry officer, Omar the ombudsman, Adil and Sana administer.
Chand is a consultant engaged for Alpha only. Every organisation here is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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


def build_cast() -> Cast:
    """Bring people and organisations into the nation that every test database holds, as Sipar itself."""
    sipar = system()
    with acting(sipar, reason="set up the cast"):
        sectors = {sector.code: sector for sector in Sector.objects.filter(parent=None)}
        provinces = {province.code: province for province in Province.objects.all()}
        ministries = {ministry.code: ministry for ministry in Ministry.objects.all()}
        organisations = {
            key: Organisation.objects.create(
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
            for key, (identifier, name, name_ur, sector, province, ministry, tier, ownership) in ORGANISATIONS.items()
        }
        resolve_constituencies(sipar, now=NOW)
        teams = {team.code: team for team in Team.objects.all()}
        national = next(team for team in teams.values() if team.tier == "national")
        power = Team.objects.get(memberships__organisation=organisations["alpha"], memberships__lead=True)
        bank = Team.objects.get(memberships__organisation=organisations["beta"], memberships__lead=True)
        people: dict[str, tuple[str, dict[str, int]]] = {
            "ayesha": ("reporter", {"organisation": organisations["alpha"].pk}),
            "bilal": ("ciso", {"organisation": organisations["alpha"].pk}),
            "bushra": ("ciso", {"organisation": organisations["beta"].pk}),
            "parveen": ("analyst", {"team": power.pk}),
            "danish": ("duty_officer", {"team": power.pk}),
            "farah": ("analyst", {"team": bank.pk}),
            "nadia": ("analyst", {"team": national.pk}),
            "hamid": ("team_head", {"team": national.pk}),
            "kamran": ("council_member", {}),
            "mina": ("ministry_officer", {"ministry": ministries["nepra"].pk}),
            "chand": ("consultant", {}),
            "omar": ("ombudsman", {}),
            "adil": ("administrator", {}),
            "sana": ("administrator", {}),
        }
        accounts = {}
        for name, (role, place) in people.items():
            accounts[name] = open_account(
                sipar, email=f"{name}@test.example", name=name.title(), password=PASSWORD, now=NOW
            )
            grant_role(sipar, accounts[name], role, now=NOW - timedelta(days=30), **place)  # type: ignore[arg-type]
    actors = {name: actor_of(account, now=NOW, verified=True) for name, account in accounts.items()}
    return Cast(
        actors=actors,
        accounts=accounts,
        organisations=organisations,
        teams={"national": national, "power": power, "bank": bank} | teams,
    )


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


@pytest.fixture
def cast(db: None) -> Cast:
    return build_cast()


@pytest.fixture
def framework(cast: Cast) -> Framework:
    """NIST CSF 2.0 as it ships; the Zero Trust model and the performance goals are loaded beside it."""
    with acting(system(), reason="find the framework"):
        return Framework.objects.get(identifier="nist-csf-2.0")


@pytest.fixture
def campaign(cast: Cast, framework: Framework) -> Campaign:
    return open_campaign(cast, framework)
