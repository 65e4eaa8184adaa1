"""A nation profile: who is there, under which law, with which source. Loaded from a folder of YAML files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sipar.formats.catalogue import LanguageTag, Shape, Text
from sipar.formats.problems import FormatProblem
from sipar.nations.constituency import Clause, Code, ConstituencyRule
from sipar.nations.documents import build, read_yaml

SHIPPED = Path(__file__).parent
FILES = ("nation.yaml", "sectors.yaml", "bodies.yaml", "teams.yaml", "council.yaml")


def _with_english(text: Text) -> Text:
    if "en" not in text:
        raise ValueError("the English text (en) is missing")
    return text


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name} is not a time zone of the IANA database") from error
    return name


Words = Annotated[Text, AfterValidator(_with_english)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Confidence = Literal["primary", "secondary", "recollection"]
NotificationStatus = Literal["notified", "recommended", "acting", "planned", "named", "unknown"]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


class Province(Shape):
    """A province, territory or region. `code` is its ISO 3166-2 code; `label` is (longitude, latitude)."""

    code: Code
    name: Words
    capital: Words
    label: tuple[Longitude, Latitude]


class Subsector(Shape):
    code: Code
    name: Words


class Sector(Shape):
    """`priority`: named as a priority sector by the nation's own assessment programme."""

    code: Code
    name: Words
    priority: bool = False
    subsectors: Annotated[tuple[Subsector, ...], Field(min_length=1)]


class Body(Shape):
    """A ministry, regulator or provincial department that answers for organisations. Sources: see `source`."""

    code: Code
    name: Words
    kind: Literal["ministry", "regulator", "provincial_department"]
    sectors: tuple[Code, ...] = ()
    province: Code | None = None
    source: Note
    confidence: Confidence
    note: Note | None = None


class CriticalityTier(Shape):
    tier: Annotated[int, Field(ge=1, le=4)]
    name: Words
    meaning: Words


class Criticality(Shape):
    """`status` preset: Sipar's own scale, to be replaced by the criteria that the national CERT publishes."""

    status: Literal["preset", "published"]
    source: Note
    tiers: Annotated[tuple[CriticalityTier, ...], Field(min_length=1)]


class CertTier(Shape):
    code: Code
    name: Words
    description: Words
    reference: Note
    source: Note
    confidence: Confidence


class Notification(Shape):
    """The act that made a team official. What is not known stays empty; `note` says what sources report."""

    status: NotificationStatus
    reference: Note | None = None
    date: dt.date | None = None
    note: Note | None = None


class Team(Shape):
    """A CERT in the tree. `constituency_status` assumed: the rule is our reading and the operator may replace it."""

    code: Code
    name: Words
    short_name: Note
    tier: Code
    parent: Code | None = None
    host: Code | None = None
    legal_basis: Note
    notification: Notification
    source: Note
    confidence: Confidence
    constituency_status: Literal["stated", "assumed"]
    constituency: ConstituencyRule


class Seat(Shape):
    """A seat, never a person. `status` notified: named in the notification; reported: named by the press only."""

    code: Code
    title: Words
    body: Words
    role: Literal["chair", "secretary", "member"]
    term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    status: Literal["notified", "reported"]
    source: Note


class Council(Shape):
    name: Words
    legal_basis: Note
    note: Note
    source: Note
    seats: Annotated[tuple[Seat, ...], Field(min_length=1)]


class Nation(Shape):
    """Everything that is particular to one nation. `weekend` counts ISO days, Monday 1 to Sunday 7."""

    identifier: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    name: Words
    authority: Words
    authority_note: Note
    languages: Annotated[tuple[LanguageTag, ...], Field(min_length=1)]
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    weekend: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(max_length=6)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    provinces: Annotated[tuple[Province, ...], Field(min_length=1)]
    sectors: Annotated[tuple[Sector, ...], Field(min_length=1)]
    bodies: tuple[Body, ...]
    criticality: Criticality
    cert_tiers: Annotated[tuple[CertTier, ...], Field(min_length=1)]
    teams: Annotated[tuple[Team, ...], Field(min_length=1)]
    council: Council

    @model_validator(mode="after")
    def _codes_agree(self) -> Self:
        provinces = _unique("province", (province.code for province in self.provinces))
        sectors = _unique("sector", (sector.code for sector in self.sectors))
        subsectors = _unique("subsector", (part.code for sector in self.sectors for part in sector.subsectors))
        bodies = _unique("body", (body.code for body in self.bodies))
        tiers = _unique("criticality tier", (level.tier for level in self.criticality.tiers))
        cert_tiers = _unique("CERT tier", (tier.code for tier in self.cert_tiers))
        _unique("seat", (seat.code for seat in self.council.seats))
        for body in self.bodies:
            _known(f"body {body.code}", "sector", body.sectors, sectors)
            _known(f"body {body.code}", "province", (body.province,) if body.province else (), provinces)
        for team in self.teams:
            _known(f"team {team.code}", "CERT tier", (team.tier,), cert_tiers)
            _known(f"team {team.code}", "body", (team.host,) if team.host else (), bodies)
            for clause in (*team.constituency.include, *team.constituency.exclude):
                _clause_is_known(team.code, clause, provinces, sectors, subsectors, bodies, tiers)
        _is_one_tree(self.teams)
        return self

    def rules(self) -> dict[str, ConstituencyRule]:
        """The constituency rule of each team by the team's code."""
        return {team.code: team.constituency for team in self.teams}


def _unique[Key: (str, int)](what: str, codes: Iterable[Key]) -> set[Key]:
    seen: set[Key] = set()
    for code in codes:
        if code in seen:
            raise ValueError(f"the {what} {code} appears twice")
        seen.add(code)
    return seen


def _known[Key: (str, int)](who: str, what: str, codes: Iterable[Key], known: set[Key]) -> None:
    for code in codes:
        if code not in known:
            raise ValueError(f"{who} names the {what} {code}, which the profile does not have")


def _clause_is_known(
    team: str,
    clause: Clause,
    provinces: set[str],
    sectors: set[str],
    subsectors: set[str],
    bodies: set[str],
    tiers: set[int],
) -> None:
    who = f"the constituency of {team}"
    _known(who, "province", clause.provinces or (), provinces)
    _known(who, "sector", clause.sectors or (), sectors)
    _known(who, "subsector", clause.subsectors or (), subsectors)
    _known(who, "body", clause.ministries or (), bodies)
    _known(who, "criticality tier", clause.tiers or (), tiers)


def _is_one_tree(teams: tuple[Team, ...]) -> None:
    _unique("team", (team.code for team in teams))
    parent = {team.code: team.parent for team in teams}
    roots = [code for code, above in parent.items() if above is None]
    if len(roots) != 1:
        raise ValueError(f"the CERT tree needs exactly one team without a parent, found {len(roots)}")
    for code in parent:
        path = [code]
        while (above := parent[path[-1]]) is not None:
            if above not in parent:
                raise ValueError(f"team {path[-1]} reports to {above}, which the profile does not have")
            if above in path:
                raise ValueError(f"the reporting chain of team {code} runs in a circle through {above}")
            path.append(above)


def load(folder: Path) -> Nation:
    """The profile in `folder`; raises `FormatProblem` naming the file, place and fault."""
    document: dict[str, object] = {}
    for name in FILES:
        part = read_yaml(folder / name)
        repeated = document.keys() & part.keys()
        if repeated:
            raise FormatProblem("duplicate_key", f"{sorted(repeated)[0]} is given in two files.", name)
        document |= part
    return build(Nation, document, folder.name)


@cache
def shipped(identifier: str) -> Nation:
    """A profile that comes with Sipar, such as `pk`; raises `FormatProblem` if there is none of that name."""
    folder = SHIPPED / identifier
    if not re.fullmatch(r"[a-z]{2}", identifier) or not (folder / "nation.yaml").is_file():
        raise FormatProblem("unknown_nation", "No nation profile of this name is shipped.", identifier)
    return load(folder)
