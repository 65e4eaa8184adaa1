"""The past incidents as rows: custody, timeline, scores, submissions, duties, breaches, as actions leave them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from sipar.demonstration.ground import Ground
from sipar.demonstration.incident_words import CLOSINGS, ESCALATED, HANDED_OVER, REJECTED
from sipar.demonstration.past_draw import Past
from sipar.incidents.classification import rsit
from sipar.incidents.custody_reading import ROUTE_CODES
from sipar.incidents.recommending import eu_scale
from sipar.incidents.service_hours import CODE, Service, service_hours
from sipar.incidents.severity import score, shipped_scale
from sipar.obligations.submissions import changed_facts, digest_of, document_of
from sipar.teams.models import Team

type Row = dict[str, Any]
WORKERS = {"pk-national": "analyst", "pk-power": "sector-analyst", "pk-pb": "province-analyst"}
SIGNERS = {0: "ciso", 1: "bank-ciso", 4: "telecom-ciso"}
OUTLOOKS = ("improving", "stable")
CHOICES: dict[str, dict[str, str]] = {
    "low": {"functional_impact": "no_impact_to_services", "observed_activity": "prepare",
            "location": "business_network", "actor": "criminal", "information_impact": "no_impact",
            "recoverability": "regular", "potential_impact": "minimal"},
    "medium": {"functional_impact": "minimal_non_critical", "observed_activity": "engage",
               "location": "business_network", "actor": "criminal", "information_impact": "privacy_loss",
               "recoverability": "regular", "potential_impact": "low"},
    "high": {"functional_impact": "significant_non_critical", "observed_activity": "presence",
             "location": "business_management", "actor": "unknown", "information_impact": "proprietary_loss",
             "recoverability": "supplemented", "potential_impact": "moderate"},
    "critical": {"functional_impact": "significant_critical", "observed_activity": "effect",
                 "location": "critical_management", "actor": "apt", "information_impact": "critical_breach",
                 "recoverability": "extended", "potential_impact": "high"},
}  # fmt: skip
UNSCORED = {
    "rsit_class": "", "rsit_type": "", "severity_score": None, "severity_level": "", "eu_scale": "", "outlook": "",
}  # fmt: skip
REJECTED_SHARE, HANDED_OVER_SHARE, ESCALATED_SHARE = 0.04, 0.06, 0.4


@dataclass(frozen=True)
class Place:
    """What a case needs of its organisation: the register's row, who leads, who else sees it and why it went there."""

    organisation: int
    identifier: str
    sector: int
    province: int
    tier: int
    lead: Team
    why: str
    views: tuple[tuple[Team, str, str], ...]


class PastRows:
    """Rows by table. `incidents` have their ids from the caller, since everything else hangs on them."""

    def __init__(self, ground: Ground, teams: dict[int, Team], national: Team) -> None:
        self.ground, self.teams, self.national = ground, teams, national
        self.random = ground.random(31)
        self.tables: dict[str, list[Row]] = defaultdict(list)

    def add(self, number: int, case: Past, place: Place) -> None:
        """Everything about one case but its duties under the law."""
        rejected = self.random.random() < REJECTED_SHARE and case.severity in ("low", "medium")
        common = {"incident_id": number, "organisation_id": place.organisation}
        accepted = self._service(common, "accept", place, place.lead, start=case.reported_at)
        self._custody(common, case, place, accepted)
        lead, ended_views = self._moves(common, case, place, accepted)
        worker = self._worker(lead)
        state, contained, closed = self._course(case, accepted, rejected=rejected)
        assessed = None
        if state != "rejected":
            self._service(common, "contact", place, place.lead, start=accepted)
            assessed = self._service(common, "assess", place, place.lead, start=accepted)
        severity = self._score(common, case, lead, worker, assessed) if assessed else UNSCORED
        ending = REJECTED if rejected else CLOSINGS[number % len(CLOSINGS)]
        self._ends(common, lead, worker, state, contained, closed, ending)
        last = case.reports[-1][0]
        reported = {**case.facts_at(last)}
        self.tables["incident"].append({
            "id": number, "number": case.number, "organisation_id": place.organisation, "state": state,
            "title": case.title, "door": "web", "facts": _json(reported), "estimates": "[]", "lead_team_id": lead.pk,
            "accepted_at": accepted, "assigned_to_id": worker,
            "viewers": _array({lead.pk, *(team.pk for team, _, _ in place.views)} | ended_views),
            "tlp": "amber", "pap": "amber", "sector_id": place.sector, "province_id": place.province,
            "tier": place.tier, "opened_by_id": self._signer(case),
            "opened_at": case.reported_at - timedelta(minutes=20),
            "reported_at": case.reported_at, "contained_at": contained, "closed_at": closed,
            "closing_summary": ending if state == "closed" else "", **severity,
        })  # fmt: skip
        self.tables["report"].append(
            common | {"facts": _json(reported), "estimates": "[]", "version": len(case.reports),
                      "saved_by_id": self._signer(case), "saved_at": case.reports[-1][1]}
        )  # fmt: skip

    def add_submissions(self, number: int, case: Past, place: Place, ids: list[int]) -> None:
        """The versions that were sent, each with what changed since the one before."""
        before: dict[str, Any] = {}
        for turn, ((stage, at), key) in enumerate(zip(case.reports, ids, strict=True), start=1):
            facts = case.facts_at(stage)
            document = document_of(
                case=case.number, organisation=place.identifier, number=turn, stage=stage, facts=facts, estimates=[],
                artefacts=[], late_reason="", door="web", submitted_at=at,
            )  # fmt: skip
            self.tables["submission"].append({
                "id": key, "incident_id": number, "organisation_id": place.organisation, "number": turn,
                "stage": stage, "facts": _json(facts), "estimates": "[]",
                "changed": _json(changed_facts(before, facts)),
                "artefacts": "[]", "late_reason": "", "door": "web", "digest": digest_of(document),
                "signed_by_id": self._signer(case) if turn > 1 else None, "signature": "totp" if turn > 1 else "",
                "idempotency_key": None, "submitted_at": at,
            })  # fmt: skip
            common = {"incident_id": number, "organisation_id": place.organisation}
            self._entry(common, f"submitted_{stage}", at, self._signer(case), {"number": turn})
            before = facts

    def add_duty(self, duty: Row, *, breached: bool) -> None:
        """A duty with the record that it appeared, and that it was missed."""
        self.tables["duty"].append(duty)
        shared = {name: duty[name] for name in ("incident_id", "organisation_id", "team_id")}
        self.tables["recomputation"].append(
            shared | {"duty_id": duty["id"], "what": "appeared", "before": None, "after": duty["due_at"],
                      "facts": "[]", "reason": "", "by_id": self.ground.background[0], "at": duty["opened_at"]}
        )  # fmt: skip
        if breached:
            # The scan looks once a minute.
            late = timedelta(seconds=int(self.random.integers(1, 60)))
            self.tables["breach"].append(
                shared | {"duty_id": duty["id"], "due_at": duty["due_at"], "recorded_at": duty["due_at"] + late}
            )

    def _custody(self, common: Row, case: Past, place: Place, accepted: datetime) -> None:
        signer, worker = self._signer(case), self._worker(place.lead)
        self._entry(common, ROUTE_CODES[place.why], case.reported_at, signer, {"team": place.lead.code})  # type: ignore[index]
        self._entry(common, "accepted", accepted, worker, {"team": place.lead.code})
        self._handover(common, "routed", None, place.lead, "", case.reported_at, accepted, signer, worker)
        for team, basis, projection in place.views:
            self._access(common, team, basis, projection, case.reported_at, signer)

    def _moves(self, common: Row, case: Past, place: Place, accepted: datetime) -> tuple[Team, set[int]]:
        """Some cases go to the National CERT, some are brought before the CERT above: who has it, who sees it too."""
        serious = case.severity in ("high", "critical")
        first, worker = place.lead, self._worker(place.lead)
        moved = accepted + timedelta(hours=float(self.random.uniform(4, 30)))
        if first.pk != self.national.pk and self.random.random() < HANDED_OVER_SHARE:
            taken = moved + timedelta(minutes=int(self.random.integers(5, 50)))
            receiver = self._worker(self.national)
            facts = {"team": first.code, "to_team": self.national.code, "reason": HANDED_OVER}
            self._entry(common, "offered", moved, worker, facts)
            self._entry(common, "accepted", taken, receiver, {"team": self.national.code})
            self._handover(
                common, "escalated", first, self.national, HANDED_OVER, moved, taken, worker, receiver
            )  # fmt: skip
            # The lead's access was the last row but those of the other viewers; it ends and a narrower one follows.
            for row in self.tables["access"]:
                if row["incident_id"] == common["incident_id"] and row["basis"] == "lead":
                    row["ended_at"] = taken
            self._access(common, self.national, "lead", "full", taken, receiver)
            if place.why == "lead":
                self._access(common, first, "constituency", "coordination", moved, worker)
            return self.national, set()
        above = self.teams.get(first.parent_id or 0)
        if serious and above is not None and self.random.random() < ESCALATED_SHARE:
            facts = {"team": first.code, "to_team": above.code, "reason": ESCALATED}
            self._entry(common, "escalated", moved, worker, facts)
            self._access(common, above, "escalated", "coordination", moved, worker, reason=ESCALATED)
            return first, {above.pk}
        return first, set()

    def _course(
        self, case: Past, accepted: datetime, *, rejected: bool
    ) -> tuple[str, datetime | None, datetime | None]:
        """State at the end, and when it was contained and closed, as far as that has happened by now."""
        now = self.ground.now
        if rejected:
            return "rejected", None, min(accepted + timedelta(hours=6), now)
        days = {"low": 1, "medium": 3, "high": 6, "critical": 10}[case.severity]
        contained = accepted + timedelta(days=days * float(self.random.uniform(0.2, 1.0)))
        resolved = max(contained, case.reports[-1][1]) + timedelta(days=days * float(self.random.uniform(0.5, 2.0)))
        closed = resolved + timedelta(days=float(self.random.uniform(1, 12)))
        if closed < now:
            return "closed", contained, closed
        if resolved < now:
            return "resolved", contained, None
        return ("contained", contained, None) if contained < now else ("open", None, None)

    def _score(self, common: Row, case: Past, lead: Team, worker: int, at: datetime) -> Row:
        result = score(shipped_scale(), CHOICES[case.severity])
        colour = eu_scale().colour_beside(result.level) or ""
        outlook = OUTLOOKS[int(self.random.integers(len(OUTLOOKS)))]
        self.tables["score"].append(
            common | {
                "scale": f"{result.scale}/{result.version}", "scale_digest": result.digest,
                "inputs": _json({name: list(options) for name, options in result.inputs.items()}),
                "score": result.score, "level": result.level, "eu_scale": colour, "outlook": outlook,
                "team_id": lead.pk, "scored_by_id": worker, "scored_at": at,
            }
        )  # fmt: skip
        found = next(each for each in rsit().classes if each.code == case.facts.get("incident_class", "other"))
        path = f"{found.code}/{found.types[int(self.random.integers(len(found.types)))].code}"
        self._entry(common, "classified", at, worker, {"rsit": path, "tlp": "amber", "pap": "amber"})
        self._entry(common, "scored", at, worker, {"level": result.level, "score": f"{result.score:.1f}"})
        return {
            "rsit_class": found.code, "rsit_type": path, "severity_score": result.score,
            "severity_level": result.level, "eu_scale": colour, "outlook": outlook,
        }  # fmt: skip

    def _ends(
        self, common: Row, lead: Team, worker: int, state: str, contained: datetime | None, closed: datetime | None,
        ending: str,
    ) -> None:  # fmt: skip
        if contained is not None:
            self._entry(common, "contained", contained, worker, {})
        if state in ("resolved", "closed"):
            self._entry(common, "resolved", closed or contained or self.ground.now, worker, {})
        if closed is not None:
            self._entry(common, state, closed, worker, {"reason": ending})

    def _service(self, common: Row, service: Service, place: Place, team: Team, *, start: datetime) -> datetime:
        """What the CERT owed, mostly given in time; returns when."""
        due = service_hours().due(service, criticality=place.tier, team_tier=team.tier, start=start)
        share = min(float(np.exp(self.random.normal(-1.2, 0.85))), 4.0)
        given = min(start + (due - start) * share, self.ground.now - timedelta(hours=1))
        late = given > due
        self.tables["service"].append(
            common | {
                "kind": "service", "team_id": team.pk, "code": CODE, "stage": service,
                "state": "met_late" if late else "met",
                "clock": "running", "anchor": "", "anchor_at": start, "due_at": due, "next_at": None, "step": 4,
                "met_at": given, "met_by_id": None, "opened_at": start, "regime_id": None, "to": "[]", "cite": "",
            }
        )  # fmt: skip
        return given

    def _access(
        self, common: Row, team: Team, basis: str, projection: str, at: datetime, by: int, *, reason: str = ""
    ) -> None:
        self.tables["access"].append(
            common | {"team_id": team.pk, "basis": basis, "projection": projection, "reason": reason,
                      "given_by_id": by, "given_at": at, "ended_at": None}
        )  # fmt: skip

    def _handover(
        self, common: Row, kind: str, source: Team | None, to: Team, reason: str, offered: datetime,
        answered: datetime, by: int, answerer: int,
    ) -> None:  # fmt: skip
        self.tables["handover"].append(
            common | {
                "kind": kind, "from_team_id": source.pk if source else None, "to_team_id": to.pk, "state": "accepted",
                "reason": reason, "offered_by_id": by, "offered_at": offered, "answered_by_id": answerer,
                "answered_at": answered, "answer": "",
            }
        )  # fmt: skip

    def _entry(self, common: Row, code: str, at: datetime, by: int, facts: Row) -> None:
        self.tables["entry"].append(
            common | {"kind": "system", "audience": "everyone", "team_id": None, "code": code, "facts": _json(facts),
                      "body": "", "happened_at": at, "written_by_id": by, "written_at": at, "read_at": None}
        )  # fmt: skip

    def _signer(self, case: Past) -> int:
        known = SIGNERS.get(case.place)
        return self.ground.person(known) if known else self.ground.background[case.place % len(self.ground.background)]

    def _worker(self, team: Team) -> int:
        known = WORKERS.get(team.code)
        return self.ground.person(known) if known else self.ground.background[team.pk % len(self.ground.background)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _array(values: set[int]) -> str:
    return "{" + ",".join(str(one) for one in sorted(values)) + "}"
