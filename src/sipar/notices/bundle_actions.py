"""Making bundles: what the rules in use ask for now becomes notices, each once however often this runs."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.copying import stage
from sipar.core.jobs import system
from sipar.core.numbers import case_number
from sipar.notices.addresses import answer_secret, secret_digest
from sipar.notices.frames import channels_of, constituents, inhibitions_of, open_findings
from sipar.notices.models import Notice, RuleSet
from sipar.notices.policy import require_system
from sipar.obligations.register_facts import served_nation

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)
AT_ONCE = 2_000
_STAGE: Final = "create temporary table told (notice bigint, finding bigint, episode smallint) on commit drop"
_TELL: Final = """
insert into notices_noticefinding (notice_id, finding_id, episode) select notice, finding, episode from told
"""


def make_bundles(*, now: datetime) -> int:
    """Make what every rule set in use asks for; returns how many notices. Call it outside `acting`.

    The rules of one CERT that fail do not keep those of another from telling.
    """
    with acting(system(), reason="find the rules in use"):
        teams = list(RuleSet.objects.filter(state="active").order_by("team_id").values_list("team_id", flat=True))
    made = 0
    for team in teams:
        try:
            with acting(system(), reason="make the notices that the rules ask for") as sipar:
                made += make_bundles_of(sipar, team, now=now)
        except Exception:
            log.exception("the rules of team %s made no notices", team)
    return made


@action("notice.make")
def make_bundles_of(actor: Actor, team: int, *, now: datetime) -> int:
    """Make what the rules in use of one CERT ask for now; returns how many notices. Sipar itself does so."""
    from sipar.exposure.planning import plan
    from sipar.exposure.rules import parse

    require_system(actor)
    # The lock lets one worker at a time make this team's notices; the unique constraint is the last guard.
    rule_set = RuleSet.objects.select_for_update().filter(team=team, state="active").first()
    if rule_set is None:
        return 0
    rules = parse(rule_set.document)
    zone = served_nation().time_zone
    reminders = [max((len(rule.remind.get(severity, ())) for rule in rules.rules), default=0) for severity in range(5)]
    organisations = constituents(team)["organisation"].to_list()
    today = now.astimezone(ZoneInfo(zone)).date()
    findings, sent = open_findings(organisations, reminders=reminders, now=now, today=today)
    planned = plan(findings, rules, channels_of(organisations), inhibitions_of(team), sent, now=now, zone=zone)
    return _keep(rule_set, _not_made_yet(team, planned), findings.select("finding", "episode"), now=now)


def _not_made_yet(team: int, planned: pl.DataFrame) -> list[dict[str, Any]]:
    """The planned bundles of which there is no notice for this window; the others wait for the next one."""
    existing = set(
        Notice.objects.filter(
            team=team,
            organisation__in=planned["organisation"].unique().to_list(),
            aggregation__in=planned["aggregation"].unique().to_list(),
        ).values_list("organisation_id", "aggregation")
    )
    return [row for row in planned.iter_rows(named=True) if (row["organisation"], row["aggregation"]) not in existing]


def _keep(rule_set: RuleSet, bundles: list[dict[str, Any]], episodes: pl.DataFrame, *, now: datetime) -> int:
    """Make the notices of these bundles; `episodes` has the episode of every finding in them."""
    import polars as pl

    for start in range(0, len(bundles), AT_ONCE):
        part = bundles[start : start + AT_ONCE]
        notices = Notice.objects.bulk_create(_notice(rule_set, row, now=now) for row in part)
        told = pl.DataFrame(
            {"notice": [notice.pk for notice in notices], "finding": [row["findings"] for row in part]},
            schema={"notice": pl.Int64, "finding": pl.List(pl.Int64)},
        )
        stage(_STAGE, "told", told.explode("finding").join(episodes, on="finding"))
        with connection.cursor() as cursor:
            cursor.execute(_TELL)
    return len(bundles)


def _notice(rule_set: RuleSet, row: dict[str, Any], *, now: datetime) -> Notice:
    from sipar.exposure.rules import TLPS

    number = case_number(now, prefix="N")
    return Notice(
        number=number,
        organisation_id=row["organisation"],
        team_id=rule_set.team_id,
        rule_set=rule_set,
        rule=row["rule"],
        aggregation=row["aggregation"],
        channel=row["channel"],
        language=row["language"],
        tlp=TLPS[row["tlp"]],
        severity=row["severity"],
        findings_count=row["count"],
        secret_digest=secret_digest(answer_secret(number)),
        reminder=row["reminder"],
        made_at=now,
        not_before=row["not_before"],
    )
