"""Telling a story through the real actions: each step done by the person who would do it, at the time it happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.numbers import ALPHABET
from sipar.demonstration.ground import Ground
from sipar.demonstration.people import DOMAIN, background_email
from sipar.incidents.models import Incident
from sipar.incidents.report_actions import lay_pen_down, open_case, save_report
from sipar.incidents.severity import Choices
from sipar.obligations.submit_actions import submit_stage
from sipar.orgs.models import Organisation
from sipar.people.models import Account, Grant
from sipar.people.selectors import actor_of
from sipar.teams.models import Membership, Team

REASON = "demonstration"
# The background people before these hold offices at fictional CERTs.
FIRST_EXTRA = 20


class Teller:
    """Tells the stories. Names are those of demonstration accounts, or of the extras that `hire` gave a role."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.now = ground.now
        self._random = ground.random(40)
        self._actors: dict[str, Actor] = {}
        self._extras: dict[str, str] = {}
        with self.as_sipar():
            self.organisations = ground.organisations
            self.people = ground.people

    def ago(self, hours: float) -> datetime:
        return self.now - timedelta(hours=hours)

    def place(self, team: str, *subsectors: str, tier: int) -> int:
        """An organisation that this CERT alone leads, of the first subsector that has any, of this tier or near it.

        One that no demonstration account works at, where there is one.
        """
        with self.as_sipar():
            leads = Membership.objects.filter(lead=True).values_list("organisation", "team__code")
            by_organisation: dict[int, set[str]] = {}
            for organisation, code in leads:
                by_organisation.setdefault(organisation, set()).add(code)
        own = [by_organisation.get(int(key)) == {team} for key in self.organisations]
        table = self.ground.register.table.with_row_index("place").filter(pl.Series(own))
        others = table.filter(pl.col("place") >= len(self.ground.recipe.featured))
        candidates = (others.filter(subsector=one) for one in subsectors)
        found = next((one for one in candidates if one.height), table)
        return int(found.sort((pl.col("tier") - tier).abs(), maintain_order=True)["place"][0])

    def hire(self, key: str, role: str, *, place: int | None = None, team: str = "") -> str:
        """Give somebody of the background a role at an organisation or a CERT; returns the key to call them by."""
        email = background_email(FIRST_EXTRA + len(self._extras))
        with self.as_sipar():
            Grant.objects.create(
                account_id=self.people[email],
                role=role,
                organisation_id=None if place is None else int(self.organisations[place]),
                team_id=self.ground.teams[team] if team else None,
                valid_from=self.now - timedelta(days=400),
            )
        self._extras[key] = email
        return key

    @contextmanager
    def as_sipar(self) -> Iterator[Actor]:
        with acting(system(), reason=REASON) as actor:
            yield actor

    @contextmanager
    def as_person(self, key: str) -> Iterator[Actor]:
        """One step, done by a person of the demonstration."""
        if key not in self._actors:
            email = self._extras.get(key, f"{key}@{DOMAIN}")
            self._actors[key] = actor_of(Account.objects.get(email=email), now=self.now, verified=True)
        with acting(self._actors[key], reason=REASON) as actor:
            yield actor

    def draft(
        self, by: str, place: int, facts: Mapping[str, Any], *, hours: float, guesses: tuple[str, ...] = ()
    ) -> str:
        """A case whose report a person of the organisation began so many hours ago; returns its number."""
        at = self.ago(hours)
        with self.as_person(by) as actor:
            organisation = Organisation.objects.get(pk=int(self.organisations[place]))
            incident = open_case(actor, organisation=organisation, door="web", now=at, number=self.number(at))
            save_report(actor, incident, facts=facts, estimates=guesses, version=0, now=at)
            lay_pen_down(actor, incident)
        return incident.number

    def report(
        self, by: str, place: int, facts: Mapping[str, Any], *, hours: float, guesses: tuple[str, ...] = ()
    ) -> str:
        """A case that was reported so many hours ago; returns its number."""
        number = self.draft(by, place, facts, hours=hours + 0.1, guesses=guesses)
        with self.as_person(by) as actor:
            submit_stage(actor, self.case(number), stage="early_warning", signature=None, now=self.ago(hours))
        return number

    def follow_up(
        self, by: str, number: str, stage: str, facts: Mapping[str, Any], *, hours: float, late_reason: str = ""
    ) -> None:
        """A later stage of a report, signed with a second factor."""
        at = self.ago(hours)
        with self.as_person(by) as actor:
            incident = self.case(number)
            save_report(
                actor,
                incident,
                facts=facts,
                estimates=None,
                version=incident.report.version,
                now=at - timedelta(minutes=9),
            )
            submit_stage(
                actor, incident, stage=stage, signature=SecondFactor("totp", at - timedelta(minutes=1)), now=at,
                late_reason=late_reason,
            )  # fmt: skip

    def case(self, number: str) -> Incident:
        """The case as the actor of the surrounding step finds it."""
        return Incident.objects.select_related("organisation", "lead_team", "offered_team", "report").get(number=number)

    def team(self, code: str) -> Team:
        return Team.objects.get(code=code)

    def team_number(self, code: str) -> int:
        """The number of a CERT, outside any step."""
        with self.as_sipar():
            return self.team(code).pk

    def organisation(self, place: int) -> Organisation:
        """An organisation by its place in the register, as the actor of the surrounding step finds it."""
        return Organisation.objects.get(pk=int(self.organisations[place]))

    def number(self, at: datetime) -> str:
        """A case number that is the same for the same seed."""
        letters = "".join(ALPHABET[one] for one in self._random.integers(len(ALPHABET), size=8))
        return f"{at:%y}-{letters[:4]}-{letters[4:]}"


def choices(**chosen: str) -> Choices:
    """Answers on the severity scale; what is not said is as it mostly is."""
    usual = {
        "functional_impact": "minimal_non_critical", "observed_activity": "presence", "location": "business_network",
        "actor": "criminal", "information_impact": "suspected", "recoverability": "regular", "potential_impact": "low",
    }  # fmt: skip
    return usual | chosen
