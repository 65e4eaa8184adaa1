"""What a run is made from besides its assumptions: register, levels, dependencies and exposure, read once and kept.

Kept as one ZIP of Parquet tables, so that a run can be repeated to the same bits after the register has moved on.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from sipar.assessments.models import Assessment, Campaign
from sipar.core.files import keep_bytes, read_bytes
from sipar.formats.problems import FormatProblem
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED
from sipar.posture.levels import matrix as level_matrix
from sipar.posture.targets import NOTHING_ASKED

if TYPE_CHECKING:
    import polars as pl

    from sipar.risk.analysis import Levels

LARGEST = 512 * 1024 * 1024
PARTS = ("register", "dependencies", "exposure", "levels", "targets")
# The start of DOS time: a ZIP of the same tables has the same bytes whenever it is made.
EPOCH = (1980, 1, 1, 0, 0, 0)
# A finding's severity runs from 0 (information) to 4 (critical).
SEVERITIES = {"critical": 4, "high": 3, "medium": 2, "low": 1}

_REGISTER = """
    select o.id, s.code, p.code, o.tier, o.size, o.ownership
    from orgs_organisation o join orgs_sector s on s.id = o.sector_id join orgs_province p on p.id = o.province_id
    where o.is_active order by o.id
"""
_DEPENDENCIES = """
    select d.organisation_id, d.provider from risks_dependency d
    join orgs_organisation o on o.id = d.organisation_id where o.is_active order by 1, 2
"""
_EXPOSURE = """
    select organisation_id, count(*) filter (where severity = 4), count(*) filter (where severity = 3),
        count(*) filter (where severity = 2), count(*) filter (where severity = 1)
    from notices_finding where organisation_id is not null and state in ('open', 'reopened')
    group by organisation_id order by organisation_id
"""
_STANDING = """
    select distinct on (a.organisation_id) a.organisation_id, a.profile, a.standing from assessments_assessment a
    join orgs_organisation o on o.id = a.organisation_id
    where a.campaign_id = any(%s::bigint[]) and a.standing is not null and o.is_active
    order by a.organisation_id, array_position(%s::bigint[], a.campaign_id)
"""


@dataclass(frozen=True, eq=False)
class Inputs:
    """One table each; `levels` and `targets` have a line an organisation and a column a requirement, 0 to 1.

    They hold every requirement of the framework, so that a draft with more effects can run on the same inputs.
    """

    register: pl.DataFrame
    dependencies: pl.DataFrame
    exposure: pl.DataFrame
    levels: pl.DataFrame
    targets: pl.DataFrame

    def levels_for(self, document: Mapping[str, Any]) -> Levels:
        """The levels of the requirements that the effects of a document name, as the analysis takes them."""
        from sipar.risk.analysis import Levels

        wanted = _requirements(document)
        requirements = tuple(name for name in self.levels.columns[1:] if name in wanted)
        shape = (self.levels.height, len(requirements))

        def values(table: pl.DataFrame) -> NDArray[np.float64]:
            return table.select(requirements).to_numpy().astype(np.float64) if requirements else np.zeros(shape)

        return Levels(
            requirements=requirements,
            organisations=self.levels["organisation"].to_numpy(),
            levels=values(self.levels),
            targets=values(self.targets),
        )


def campaign_for(document: Mapping[str, Any]) -> Campaign | None:
    """The newest campaign with answers to requirements that the effects name; None where there is none."""
    wanted = _requirements(document)
    campaigns = Campaign.objects.filter(state__in=("open", "closed")).select_related("framework")
    for campaign in campaigns.defer("framework__document", "framework__urns")[:20]:
        known = loaded(campaign.framework_id).positions
        if wanted & known.keys() and Assessment.objects.filter(campaign=campaign, standing__isnull=False).exists():
            return campaign
    return None


def gather(campaign: Campaign | None) -> Inputs:
    """Read everything as it stands now; call inside `acting` as who may see the whole nation.

    Raises FormatProblem where the register is empty.
    """
    import polars as pl

    from sipar.risk.expanding import REGISTER

    register = pl.DataFrame(_rows(_REGISTER), schema=REGISTER, orient="row")
    if not register.height:
        raise FormatProblem("register_empty", "There is no organisation in the register yet.", "register")
    counts = {"organisation": pl.Int64, **dict.fromkeys(SEVERITIES, pl.Int64)}
    levels, targets = _answers(campaign)
    return Inputs(
        register=register,
        dependencies=pl.DataFrame(
            _rows(_DEPENDENCIES), schema={"organisation": pl.Int64, "provider": pl.String}, orient="row"
        ),
        exposure=pl.DataFrame(_rows(_EXPOSURE), schema=counts, orient="row"),
        levels=levels,
        targets=targets,
    )


def keep(inputs: Inputs) -> str:
    """Keep the inputs as a file and return its digest."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for part in PARTS:
            table = io.BytesIO()
            getattr(inputs, part).write_parquet(table)
            archive.writestr(zipfile.ZipInfo(f"{part}.parquet", EPOCH), table.getvalue())
    return keep_bytes(buffer.getvalue(), largest=LARGEST).sha256


def kept(digest: str) -> Inputs:
    """The inputs behind a digest, checked against it. Raises Conflict `file.damaged`."""
    import polars as pl

    with zipfile.ZipFile(io.BytesIO(read_bytes(digest))) as archive:
        return Inputs(**{part: pl.read_parquet(io.BytesIO(archive.read(f"{part}.parquet"))) for part in PARTS})


def _answers(campaign: Campaign | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Levels and targets of every organisation that ever answered, in the framework's order of requirements."""
    import polars as pl

    organisations: NDArray[np.int64] = np.zeros(0, np.int64)
    names: list[str] = []
    levels = targets = np.zeros((0, 0))
    if campaign is not None:
        framework = loaded(campaign.framework_id)
        names = list(framework.positions)
        asked_in = _back_from(campaign)
        rows = _rows(_STANDING, asked_in, asked_in)
        if rows:
            organisations = np.array([row[0] for row in rows], np.int64)
            standing = level_matrix(b"".join(bytes(row[2]) for row in rows), len(names))
            asked = _targets([row[1] for row in rows], framework)
            levels, targets = _shares(standing, asked, framework.rules.top_level)
    levels, targets = (table.reshape(len(organisations), len(names)) for table in (levels, targets))
    start = pl.DataFrame({"organisation": organisations})
    return (
        start.hstack([pl.Series(name, levels[:, place], pl.Float64) for place, name in enumerate(names)]),
        start.hstack([pl.Series(name, targets[:, place], pl.Float64) for place, name in enumerate(names)]),
    )


def _back_from(campaign: Campaign) -> list[int]:
    """The campaign and those before it of the same framework: whoever has not answered yet counts as it stood last."""
    found = [campaign.pk]
    before = campaign.previous
    while before is not None and before.framework_id == campaign.framework_id and before.pk not in found:
        found.append(before.pk)
        before = before.previous
    return found


def _shares(
    standing: NDArray[np.uint8], asked: NDArray[np.uint8], top: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels and targets from 0 to 1; what is not answered, or does not apply, is not known and nothing is asked."""
    unknown = (standing == UNANSWERED) | (standing == NOT_APPLICABLE)
    free = (asked == NOTHING_ASKED) | (standing == NOT_APPLICABLE)
    levels = np.where(unknown, np.nan, standing.astype(np.float64) / top)
    targets = np.where(free, 0.0, asked.astype(np.float64) / top)
    return levels, targets


def _targets(profiles: list[str], framework: LoadedFramework) -> NDArray[np.uint8]:
    names, place = np.unique(np.array(profiles, dtype=str), return_inverse=True)
    rows: NDArray[np.uint8] = np.stack([framework.target(str(name)) for name in names])
    return rows[place]


def _requirements(document: Mapping[str, Any]) -> set[str]:
    return {str(effect["requirement"]) for effect in document.get("effects", ())}


def _rows(query: str, *parameters: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        return list(cursor.fetchall())
