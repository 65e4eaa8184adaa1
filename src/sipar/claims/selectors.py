"""Reading claims: whose is this address, and why; conflicts; imports; national ranges."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet

from sipar.claims.lookups import stored_lookup
from sipar.claims.models import ClaimImport, Conflict, Lookup, NationalRange
from sipar.core.acting import Actor
from sipar.core.problems import Invalid, Place, not_open
from sipar.formats.asset_values import normalise_domain_name
from sipar.formats.problems import FormatProblem
from sipar.orgs.models import Asset, Organisation
from sipar.teams.models import Membership, Team

if TYPE_CHECKING:
    from sipar.routing.explain import Reason

CLAIM_KINDS = ("prefix", "asn", "domain")
LONGEST_QUESTION = 300


@dataclass(frozen=True)
class Question:
    """What somebody looks up: exactly one of an address, a name, an AS number or a country."""

    ip: str | None = None
    hostname: str | None = None
    asn: int | None = None
    country: str | None = None


@dataclass(frozen=True)
class Answer:
    """One claim that matched, with the names that the reader may know. `organisation` is None for a national range, and
    for an organisation outside the reader's part of the nation, which `hidden` says."""

    reason: Reason
    organisation: Organisation | None
    hidden: bool
    team: Team | None

    @property
    def won(self) -> bool:
        return self.reason.code == "won"


@dataclass(frozen=True)
class Found:
    """Everything that is known about a question on a day, the winner first; `lookup` answered it."""

    question: Question
    answers: tuple[Answer, ...]
    lookup: Lookup | None


def question_of(text: str) -> Question:
    """What a text asks about. Raises Invalid for a text that is no address, name, AS number or country."""
    clean = text.strip()[:LONGEST_QUESTION].removesuffix(".")
    try:
        return Question(ip=str(ipaddress.ip_address(clean)))
    except ValueError:
        pass
    bare = clean.upper().removeprefix("AS")
    if bare.isascii() and bare.isdecimal() and int(bare) <= 4_294_967_295:
        return Question(asn=int(bare))
    if len(clean) == 2 and clean.isascii() and clean.isalpha():
        return Question(country=clean.upper())
    name = clean.partition("://")[2].split("/")[0] if "://" in clean else clean
    try:
        if "/" not in name and "." in name:
            return Question(hostname=normalise_domain_name(name))
    except FormatProblem:
        pass
    sentence = "Give an IP address, a name such as www.alpha.example, an AS number or a country."
    raise Invalid(sentence, code="claims.question", places=[Place("q", sentence)])


def whose(question: Question, *, day: date) -> Found:
    """Who answers for this on that day, and every other claim that matched, by the latest compiled lookup."""
    stored = stored_lookup()
    if stored is None:
        return Found(question, (), None)
    from sipar.routing.explain import explain

    row, lookup = stored
    reasons = explain(
        lookup, ip=question.ip, hostname=question.hostname, asn=question.asn, country=question.country, day=day
    )
    return Found(question, tuple(_answers(reasons)), row)


def _answers(reasons: Iterable[Reason]) -> list[Answer]:
    every = list(reasons)
    numbers = {reason.organisation for reason in every if reason.organisation is not None}
    organisations = Organisation.objects.in_bulk(numbers)
    leads = {
        row.organisation_id: row.team
        for row in Membership.objects.filter(organisation__in=organisations, lead=True).select_related("team")
    }
    teams = Team.objects.in_bulk({reason.team for reason in every if reason.team is not None})
    return [
        Answer(
            reason=reason,
            organisation=organisations.get(reason.organisation or 0),
            hidden=reason.organisation is not None and reason.organisation not in organisations,
            team=teams.get(reason.team or 0) or leads.get(reason.organisation or 0),
        )
        for reason in every
    ]


def conflict_on(found: Found) -> Conflict | None:
    """The conflict about the claim that won, open or settled, as far as the actor sees it."""
    if not found.answers:
        return None
    won = found.answers[0].reason
    return Conflict.objects.filter(kind=won.kind, value=won.value, state__in=("open", "settled")).first()


def conflicts(*, state: str = "open") -> QuerySet[Conflict]:
    """The conflicts that the actor sees, newest first."""
    return Conflict.objects.filter(state=state).order_by("-found_at", "kind", "value")


def access_conflict(actor: Actor, conflict: int) -> Conflict:
    found = Conflict.objects.filter(pk=conflict).first()
    if found is None:
        raise not_open("conflict")
    return found


@dataclass(frozen=True)
class Claimant:
    """One claim of a conflict; `asset` and `organisation` are None outside the reader's part of the nation."""

    claim: int
    asset: Asset | None
    organisation: Organisation | None


def claimants(conflict: Conflict) -> list[Claimant]:
    """The claims of a conflict as far as the actor may know them."""
    assets = Asset.objects.filter(pk__in=conflict.claims).select_related("organisation").in_bulk()
    return [
        Claimant(number, asset, asset.organisation if asset else None)
        for number, asset in ((number, assets.get(number)) for number in conflict.claims)
    ]


def names_of(numbers: Iterable[int]) -> dict[int, Organisation]:
    """Organisations by number, as far as the actor sees them."""
    return Organisation.objects.in_bulk(set(numbers))


def imports() -> QuerySet[ClaimImport]:
    """Imports of claims, newest first, without their lists of problems."""
    return ClaimImport.objects.defer("problems", "examples").select_related("team").order_by("-uploaded_at", "-pk")


def access_import(actor: Actor, number: int) -> ClaimImport:
    found = ClaimImport.objects.select_related("team").filter(pk=number).first()
    if found is None:
        raise not_open("import")
    return found


def ranges(
    *, today: date, kind: str = "", team: str = "", text: str = "", ended: bool = False
) -> QuerySet[NationalRange]:
    """National ranges by kind and value: those in force or yet to come, or those that ended."""
    over = Q(valid_until__isnull=False, valid_until__lte=today)
    found = NationalRange.objects.filter(over if ended else ~over).select_related("team")
    if kind:
        found = found.filter(kind=kind)
    if team:
        found = found.filter(team__code=team)
    if text.strip():
        clean = text.strip()[:200]
        found = found.filter(Q(value__icontains=clean) | Q(holder__icontains=clean) | Q(source__istartswith=clean))
    return found.order_by("kind", "value", "pk")


def access_range(actor: Actor, number: int) -> NationalRange:
    found = NationalRange.objects.select_related("team").filter(pk=number).first()
    if found is None:
        raise not_open("range")
    return found


@dataclass(frozen=True)
class Overview:
    """What the register and the nation claim today, as far as the actor sees it, and what waits for a person."""

    by_kind: dict[str, int]
    ranges: int
    open_conflicts: int
    waiting_imports: int
    lookup: Lookup | None


def overview(*, today: date) -> Overview:
    over = Q(valid_until__isnull=False, valid_until__lte=today)
    claimed = Asset.objects.filter(~over, kind__in=CLAIM_KINDS).values_list("kind").annotate(rows=Count("pk"))
    return Overview(
        by_kind=dict(claimed.order_by("kind")),
        ranges=NationalRange.objects.filter(~over).count(),
        open_conflicts=Conflict.objects.filter(state="open").count(),
        waiting_imports=ClaimImport.objects.filter(state="preview").count(),
        lookup=Lookup.objects.order_by("-compiled_at", "-pk").first(),
    )
