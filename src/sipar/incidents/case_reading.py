"""The page of a case put together: header, clocks, facts, severity with its recommendation, who sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language

from sipar.core.acting import Actor
from sipar.incidents.case_forms import in_reader_language
from sipar.incidents.case_policy import is_asked, may_work
from sipar.incidents.case_selectors import (
    Custody,
    Identity,
    Traces,
    custody_of_case,
    identities_of,
    latest_score,
    names_of,
    shown_title,
    traces_of,
)
from sipar.incidents.classification import rsit
from sipar.incidents.custody_reading import team_above
from sipar.incidents.models import Incident, SeverityScore
from sipar.incidents.projections import Projection
from sipar.incidents.recommending import Fact, Recommendation, eu_scale, recommend, shipped_rules
from sipar.incidents.report_words import Told, moment_of, told, value_in_words
from sipar.incidents.selectors import has_custody
from sipar.incidents.severity import proposed_choices, shipped_scale
from sipar.law.facts import shipped_facts
from sipar.obligations.models import Duty, Submission
from sipar.obligations.selectors import duties_of
from sipar.teams.models import Team

OPEN_DUTIES = ("waiting", "running", "breached")
# Seven levels of the score on the five steps of the design.
STEP_OF_LEVEL = {
    "baseline-negligible": 1, "baseline-minor": 1, "low": 2, "medium": 3, "high": 4, "severe": 5, "emergency": 5,
}  # fmt: skip


@dataclass(frozen=True)
class SeverityShown:
    """A level of the national scale as the design shows it, with the EU colour and the outlook in words."""

    step: int
    word: str
    score: float | None
    eu: str
    outlook: str


@dataclass(frozen=True)
class ChangeShown:
    title: Mapping[str, str]
    before: str
    after: str
    before_at: datetime | None
    after_at: datetime | None


@dataclass(frozen=True)
class CaseShown:
    """Everything that the page of a case says, cut down to the reader's projection; `duties` are the open ones."""

    title: str
    organisation: Identity | None
    kind: str
    duties: tuple[Duty, ...]
    settled: tuple[Duty, ...]
    facts: tuple[Told, ...]
    changes: tuple[ChangeShown, ...]
    submission: Submission | None
    severity: SeverityShown | None
    score: SeverityScore | None
    custody: Custody
    traces: Traces
    assigned: str
    twins: tuple[str, ...]


@dataclass(frozen=True)
class CaseVerbs:
    """What the reader may do with the case now."""

    answers: bool
    works: bool
    has: bool
    above: Team | None


def read_case(incident: Incident, projection: Projection) -> CaseShown:
    """The case as this projection shows it."""
    submission = _last_submission(incident) if projection.shows("submissions") else None
    duties = duties_of(incident) if projection.shows("duties") else []
    facts = projection.of_facts(incident.facts) if projection.shows("facts") else {}
    return CaseShown(
        title=shown_title(incident, projection),
        organisation=identities_of([incident]).get(incident.pk) if projection.shows("identity") else None,
        kind=kind_in_words(incident) if projection.shows("severity") else "",
        duties=tuple(duty for duty in duties if duty.state in OPEN_DUTIES),
        settled=tuple(duty for duty in duties if duty.state in ("met", "met_late", "waived")),
        facts=tuple(told(facts, incident.estimates)),
        changes=tuple(_changes(submission, projection)),
        submission=submission,
        severity=severity_in_words(incident) if projection.shows("severity") else None,
        score=latest_score(incident, projection),
        custody=custody_of_case(incident, projection),
        traces=traces_of(incident, projection),
        assigned=_assigned(incident, projection),
        twins=_twins(incident) if projection.shows("custody") else (),
    )


def verbs_of(actor: Actor, incident: Incident) -> CaseVerbs:
    """What the actor may do with this case now."""
    works = may_work(actor, incident)
    above = team_above(incident.lead_team) if works and incident.lead_team else None
    return CaseVerbs(is_asked(actor, incident), works, has_custody(actor, incident), above)


def kind_in_words(incident: Incident) -> str:
    """The RSIT type in the reader's language; empty where nobody classified it."""
    found = rsit().types.get(incident.rsit_type)
    return in_reader_language(found.title) if found else ""


def severity_in_words(incident: Incident) -> SeverityShown | None:
    """The severity of a scored case; None before that."""
    if not incident.severity_level:
        return None
    levels = {level.code: level.title for level in shipped_scale().levels}
    known = eu_scale()
    colours = {each.code: each.title for each in known.colours}
    outlooks = {each.code: each.title for each in known.outlooks}
    level = incident.severity_level
    return SeverityShown(
        step=STEP_OF_LEVEL.get(level, 3),
        word=in_reader_language(levels[level]) if level in levels else level,
        score=incident.severity_score,
        eu=in_reader_language(colours[incident.eu_scale]) if incident.eu_scale in colours else "",
        outlook=in_reader_language(outlooks[incident.outlook]) if incident.outlook in outlooks else "",
    )


def recommendation_for(incident: Incident, score: SeverityScore | None) -> Recommendation:
    """Who should lead and how urgent it is, by the rules and what is known now."""
    scale = shipped_scale()
    organisation = incident.organisation
    inputs = score.inputs if score else {}
    facts: dict[str, Fact] = {
        "severity": incident.severity_level or None,
        "criticality_tier": incident.tier,
        "public_body": None if organisation is None else organisation.ownership == "public",
        "cross_border": incident.facts.get("cross_border_impact"),
        "location": next(iter(inputs.get("location", [])), None),
        "actor": next(iter(inputs.get("actor", [])), None),
    }
    if incident.campaign_id is not None:
        victims = list(Incident.objects.filter(campaign=incident.campaign_id).values_list("sector", "province"))
        facts["organisations_affected"] = len(victims)
        facts["sectors_affected"] = len({sector for sector, _ in victims})
        facts["provinces_affected"] = len({province for _, province in victims})
    return recommend(shipped_rules(scale), scale, facts)


def recommendation_in_words(found: Recommendation) -> dict[str, object]:
    """Owner, priority and the sentences of the rules that fired, in the reader's language."""
    rules = shipped_rules(shipped_scale())
    owners = {each.code: each.title for each in rules.owners}
    priorities = {each.code: each.title for each in rules.priorities}
    sentences = {rule.reason: rule.title for rule in rules.rules}
    return {
        "owner": in_reader_language(owners[found.owner]),
        "priority": in_reader_language(priorities[found.priority]),
        "reasons": [in_reader_language(sentences[why.code]) for why in found.reasons],
        "rules": found.rules,
    }


def choices_so_far(incident: Incident, score: SeverityScore | None) -> dict[str, list[str]]:
    """The answers of the last scoring, or those that follow from the register alone."""
    if score is not None:
        return {category: list(options) for category, options in score.inputs.items()}
    organisation = incident.organisation
    if organisation is None:
        return {}
    subsector = organisation.subsector.code if organisation.subsector else ""
    proposed = proposed_choices(shipped_scale(), sector=organisation.sector.code, subsector=subsector)
    return {category: [option] for category, option in proposed.items()}


def _last_submission(incident: Incident) -> Submission | None:
    return Submission.objects.filter(incident=incident).order_by("-number").first()


def _changes(submission: Submission | None, projection: Projection) -> list[ChangeShown]:
    if submission is None:
        return []
    changed = projection.of_facts(submission.changed)
    return [
        ChangeShown(
            fact.title.model_dump(),
            value_in_words(name, changed[name][0]),
            value_in_words(name, changed[name][1]),
            moment_of(name, changed[name][0]),
            moment_of(name, changed[name][1]),
        )
        for name, fact in shipped_facts().items()
        if name in changed
    ]


def _assigned(incident: Incident, projection: Projection) -> str:
    """The person in charge, for those who see everything and for the organisation, which may want to call them."""
    if incident.assigned_to_id is None or not projection.shows("contacts"):
        return ""
    return names_of({incident.assigned_to_id}).get(incident.assigned_to_id, "")


def _twins(incident: Incident) -> tuple[str, ...]:
    """The numbers of the cases that were merged into this one, those of them that the reader sees."""
    return tuple(Incident.objects.filter(merged_into=incident).order_by("pk").values_list("number", flat=True))


def team_choices(*, without: int | None) -> list[tuple[str, str]]:
    """Every CERT but one, by name in the reader's language."""
    language = get_language() or "en"
    rows = Team.objects.exclude(pk=without) if without else Team.objects.all()
    named = [(team.code, team.name.get(language) or team.name["en"]) for team in rows]
    return sorted(named, key=lambda pair: pair[1])
