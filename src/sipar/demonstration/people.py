"""The people of the demonstration: one account for each role, and a few who only signed or reviewed long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PASSWORD = "sipar demonstration"  # noqa: S105 - printed on purpose; these accounts exist in demonstration mode only
DOMAIN = "demo.example"
FICTIONAL_TEAM = "demo-health"
# Signers and reviewers of organisations that no account below belongs to. They cannot sign in.
BACKGROUND = 36


@dataclass(frozen=True)
class Person:
    """`grants`: (role, kind of place, where). An organisation is named by its place among the featured ones, from 0."""

    email: str
    name: str
    title: str
    trial: str
    grants: tuple[tuple[str, str, str], ...]


def _person(key: str, name: str, title: str, trial: str, *grants: tuple[str, str, str]) -> Person:
    return Person(f"{key}@{DOMAIN}", name, title, trial, grants)


PEOPLE = (
    _person("reporter", "Kiran Zartaab", "Reporter, Indus Valley Power", "answer the 2026 assessment",
            ("reporter", "organisation", "0")),
    _person("ciso", "Haris Mehravar", "CISO, Indus Valley Power", "answer, delegate, sign and plan the roadmap",
            ("ciso", "organisation", "0")),
    _person("head", "Tehmina Kohista", "Head, Indus Valley Power", "see where we stand, sign, list a candidate",
            ("head", "organisation", "0")),
    _person("bank-ciso", "Danish Belindo", "CISO, Sindhara Bank", "answer the questions of a returned assessment",
            ("ciso", "organisation", "1")),
    _person("telecom-ciso", "Umair Kohista", "CISO, Shahrang Mobile", "report an incident under the telecom rules",
            ("ciso", "organisation", "4")),
    _person("sector-duty", "Sania Mehravar", "Duty officer, power sector CERT", "accept a case, score it, hand it over",
            ("duty_officer", "team", "pk-power")),
    _person("sector-analyst", "Rabia Toresha", "Analyst, power sector CERT", "review what was submitted",
            ("analyst", "team", "pk-power")),
    _person("sector-head", "Qasim Neelmir", "Head, power sector CERT", "read the sector, manage the team",
            ("team_head", "team", "pk-power")),
    _person("province-analyst", "Iffat Sabzwan", "Analyst, Punjab CERT", "review a province",
            ("analyst", "team", "pk-pb")),
    _person("analyst", "Naveed Regnara", "Analyst, National CERT", "read the board and review everywhere",
            ("analyst", "team", "pk-national")),
    _person("duty", "Wajiha Hunzeen", "Duty officer", "see the shift and what came in",
            ("duty_officer", "team", "pk-national"), ("duty_officer", "team", FICTIONAL_TEAM)),
    _person("national-head", "Yasir Marolan", "Head, National CERT", "launch a campaign, grade candidates",
            ("team_head", "team", "pk-national")),
    _person("health-head", "Parisa Mojpash", "Head, Demonstration Health CERT (fictional)", "SIM3 and duty roster",
            ("team_head", "team", FICTIONAL_TEAM)),
    _person("council", "Owais Pirdahr", "Council member", "read the board and the national report",
            ("council_member", "nation", "")),
    _person("secretary", "Mehwish Zartaab", "Council secretary", "settle conflicts of responsibility",
            ("council_secretary", "nation", "")),
    _person("policy", "Sameer Kohista", "Authority: policy", "load frameworks, read aggregates",
            ("authority_policy", "nation", "")),
    _person("inspector", "Ghazal Belindo", "Authority: inspector", "read what an inspector may",
            ("inspector", "nation", "")),
    _person("adjudicator", "Junaid Toresha", "Authority: adjudicator", "read what an adjudicator may",
            ("adjudicator", "nation", "")),
    _person("auditor", "Zoya Neelmir", "Auditor", "see nothing outside an engagement", ("auditor", "nation", "")),
    _person("consultant", "Fawad Sabzwan", "Consultant", "see two engaged organisations only",
            ("consultant", "nation", "")),
    _person("ministry", "Erum Regnara", "Ministry officer, power regulator", "designate critical infrastructure",
            ("ministry_officer", "ministry", "nepra")),
    _person("ombudsman", "Luqman Hunzeen", "Ombudsman", "verify the ledger", ("ombudsman", "nation", "")),
    _person("admin", "Adeela Marolan", "System administrator", "ask for roles", ("administrator", "nation", "")),
    _person("admin2", "Basit Mojpash", "System administrator", "approve what the first one asked for",
            ("administrator", "nation", "")),
)  # fmt: skip

# E-mail address, role and what to try, for `sipar up`, the sign-in page and the README.
ROLES_TABLE: tuple[tuple[str, str, str], ...] = tuple((person.email, person.title, person.trial) for person in PEOPLE)


def ids_by_email() -> dict[str, int]:
    """The account numbers of everybody in the demonstration by e-mail address."""
    from sipar.people.models import Account

    return dict(Account.objects.filter(is_demonstration=True).values_list("email", "pk"))


def background_email(number: int) -> str:
    return f"signer{number:02d}@{DOMAIN}"


def open_accounts(names: list[str], *, now: datetime) -> None:
    """Make the accounts; `names` are those of the people in the background. Runs inside `acting` as Sipar itself."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth.hashers import make_password

    from sipar.people.models import Account

    # One slow hash for all: they share the password anyway.
    password = make_password(PASSWORD)
    shared = {"is_demonstration": True, "created_at": now - timedelta(days=500), "language": "en"}
    accounts = [Account(email=person.email, name=person.name, password=password, **shared) for person in PEOPLE]
    accounts += [
        Account(email=background_email(number), name=name, password="!", is_active=False, **shared)  # noqa: S106
        for number, name in enumerate(names)
    ]
    Account.objects.bulk_create(accounts)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=account, email=account.email, verified=True, primary=True)
        for account in accounts[: len(PEOPLE)]
    )


def give_roles(places: dict[str, dict[str, int]], *, now: datetime) -> None:
    """Give everyone their roles; `places` maps kind of place -> where -> id. Inside `acting` as Sipar itself."""
    from sipar.people.models import Account, Grant

    accounts = {account.email: account for account in Account.objects.filter(is_demonstration=True)}
    Grant.objects.bulk_create(
        Grant(
            account=accounts[person.email],
            role=role,
            valid_from=now - timedelta(days=400),
            **{f"{kind}_id": places[kind][where] for _ in [0] if kind != "nation"},
        )
        for person in PEOPLE
        for role, kind, where in person.grants
    )
