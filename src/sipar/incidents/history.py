"""Generated histories of incidents, to replay laws over: seeded, marked as generated, never about anybody.

Every column is a fact of `law/facts.yaml`, or one of those that say where a row comes from: `incident`, `organisation`
(places, from 0), `generated` (always true), `pattern`, and `submitted_first_at` to `submitted_final_at` (when the
organisation reported, null: never). What it rests on stands in data/history-assumptions.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.incidents.history_assumptions import SEVERITIES, Amount, Assumptions
from sipar.incidents.history_register import CUT, Dice, Floats, Places, Register, Truths, draw_register, logit, words

MAX_INCIDENTS = 20_000_000
STAGES = ("first", "second", "third", "final")
_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
type Instants = NDArray[np.int64]
"""Microseconds since 1970 in UTC."""

_NEVER = np.iinfo(np.int64).min
# By severity, from low: how likely each of these is, where it is possible at all.
_CRITICAL_SERVICE = np.array([0.05, 0.25, 0.70, 0.95])
_HARM_TO_OTHERS = np.array([0.0, 0.02, 0.15, 0.40])
_REPUTATION = np.array([0.02, 0.10, 0.35, 0.70])
_RISK_UNLIKELY = np.array([0.60, 0.30, 0.10, 0.02])
_HIGH_RISK = np.array([0.02, 0.10, 0.40, 0.70])
_DATA_HURTS = np.array([0.05, 0.20, 0.60, 0.90])
_REACH = np.array([5.0, 3.5, 2.0, 1.0])
_FIRST_STAGES = frozenset({"early_warning", "initial"})
_STAGE_OF = {
    "early_warning": "first",
    "initial": "first",
    "notification": "second",
    "supplement": "second",
    "intermediate": "third",
    "intermediate_update": "third",
    "progress": "third",
    "final": "final",
    "incident_final": "final",
    "vulnerability_final": "final",
}


@dataclass(frozen=True, slots=True)
class _Core:
    """What everything else about the incidents follows from."""

    pattern: Places
    organisation: Places
    severity: Places
    latent: Floats
    aware: Instants


def generate(
    assumptions: Assumptions,
    *,
    incidents: int,
    seed: int,
    since: datetime,
    until: datetime,
    organisations: int | None = None,
) -> pl.DataFrame:
    """A table of so many incidents that came to notice from `since` (inclusive) to `until` (exclusive), in that order.

    The same arguments give the same table, bit for bit. `organisations`: how many invented ones it happens to; one for
    20 incidents, 20 to 20,000, if not said. ValueError for a number, a seed or a period that makes no sense.
    """
    if not 1 <= incidents <= MAX_INCIDENTS:
        raise ValueError(f"a history has 1 to {MAX_INCIDENTS} incidents")
    if since.tzinfo is None or until.tzinfo is None or until - since < timedelta(hours=1):
        raise ValueError("a history needs two instants with a time zone, the second at least an hour after the first")
    if seed < 0:
        raise ValueError("a seed is 0 or more")
    count = organisations or min(20_000, max(20, incidents // 20))
    register = draw_register(assumptions, organisations=count, seed=seed)
    core = _draw_core(assumptions, register, incidents=incidents, seed=seed, since=since, until=until)
    return pl.DataFrame(
        {
            "incident": pl.Series(np.arange(incidents)),
            "organisation": pl.Series(core.organisation),
            "generated": pl.repeat(True, incidents, eager=True),
            "pattern": words(list(assumptions.patterns), core.pattern),
            **{name: column.gather(core.organisation) for name, column in register.columns.items()},
            **_facts(assumptions, register, core, seed=seed, until=until),
            **_submissions(assumptions, core, seed=seed),
        }
    )


def submissions(table: pl.DataFrame, *, regime: str, stages: Sequence[str]) -> pl.DataFrame:
    """Observed submissions as a regime with these stages would have met them: incident, regime, stage, submitted_at.

    People report when they do, whatever the law calls it: the first report counts as the regime's first stage, and so
    on. Where a regime has no early warning, its notification is the first report. Unknown stages get none.
    """
    early = bool(_FIRST_STAGES.intersection(stages))
    pieces = []
    for stage in stages:
        observed = "first" if stage == "notification" and not early else _STAGE_OF.get(stage)
        if observed is not None:
            column = pl.col(f"submitted_{observed}_at").alias("submitted_at")
            named = (pl.lit(regime).alias("regime"), pl.lit(stage).alias("stage"))
            pieces.append(table.select("incident", *named, column).drop_nulls("submitted_at"))
    empty = {
        "incident": pl.Int64(),
        "regime": pl.String(),
        "stage": pl.String(),
        "submitted_at": pl.Datetime("us", "UTC"),
    }
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=empty)


def _draw_core(
    assumptions: Assumptions, register: Register, *, incidents: int, seed: int, since: datetime, until: datetime
) -> _Core:
    dice = Dice(seed, 2, incidents)
    organisation = np.searchsorted(np.cumsum(register.weight), dice.even()).clip(max=len(register.weight) - 1)
    mixes = np.array([list(sector.patterns.values()) for sector in assumptions.sectors.values()])
    pattern = dice.pick_by_row(mixes, register.sector[organisation])
    even = dice.even()
    edges = np.cumsum([one.severity for one in assumptions.patterns.values()], axis=1)[:, :-1]
    severity = (even[:, None] > edges[pattern]).sum(axis=1)
    return _Core(
        pattern=pattern,
        organisation=organisation,
        severity=severity,
        latent=logit(even),
        aware=_draw_instants(assumptions, dice, since=since, until=until),
    )


def _draw_instants(assumptions: Assumptions, dice: Dice, *, since: datetime, until: datetime) -> Instants:
    """Instants in order, more of them in working hours and in later years."""
    begin, end = ((moment - _EPOCH) // timedelta(microseconds=1) for moment in (since, until))
    starts = np.arange(begin, end, _HOUR, dtype=np.int64)
    local_hours = starts // _HOUR + round(assumptions.utc_offset_hours)
    hour, day = local_hours % 24, (local_hours // 24 + 3) % 7  # 1 January 1970 was a Thursday
    week = assumptions.week
    working = (hour >= week.working_from) & (hour < week.working_until)
    weights = np.where(working, week.working, week.otherwise)
    weights = np.where(np.isin(day, week.weekend), week.at_weekend, weights)
    weights = weights * (1 + assumptions.growth_per_year) ** ((starts - begin) / (_HOUR * 24 * 365.25))
    weights = weights * (np.minimum(starts + _HOUR, end) - starts)
    edges = np.cumsum(weights) / weights.sum()
    drawn = np.sort(dice.even())
    place = np.searchsorted(edges, drawn).clip(max=len(starts) - 1)
    before = np.concatenate(([0.0], edges[:-1]))[place]
    within = (drawn - before) / (edges[place] - before)
    length = np.minimum(_HOUR, end - starts[place])
    offsets = np.minimum(np.floor(within.clip(0, 1) * length), length - 1).astype(np.int64)
    # To the second, as people write times down.
    instants: Instants = np.maximum((starts[place] + offsets) // 1_000_000 * 1_000_000, begin)
    return instants


def _facts(
    assumptions: Assumptions, register: Register, core: _Core, *, seed: int, until: datetime
) -> dict[str, pl.Series]:
    patterns = list(assumptions.patterns.values())
    dice = Dice(seed, 3, len(core.aware))
    severity, organisation = core.severity, core.organisation

    def by_pattern(name: str) -> Floats:
        return np.array([getattr(one, name) for one in patterns], dtype=np.float64)[core.pattern]

    def amount_by_pattern(name: str) -> Floats:
        amounts: list[Amount] = [getattr(one, name) for one in patterns]
        medians = np.array([one.median for one in amounts])[core.pattern]
        spreads = np.array([one.spread for one in amounts])[core.pattern]
        # Half the surprise is the severity, half its own: worse incidents last longer and cost more.
        surprise = np.clip(0.7 * (core.latent + dice.surprise()), -CUT, CUT)
        result: Floats = medians * np.exp(spreads * surprise)
        return result

    malicious, access = dice.chance(by_pattern("malicious")), dice.chance(by_pattern("access"))
    access &= malicious
    data = dice.chance(by_pattern("data"))
    personal = data & dice.chance(by_pattern("personal"))
    ransomware = malicious & dice.chance(by_pattern("ransomware"))
    outage = ransomware | dice.chance(by_pattern("outage"))
    hours = np.round(np.minimum(amount_by_pattern("outage_hours"), 8_760.0), 1)
    whole = dice.chance(0.6)
    critical = dice.chance(_CRITICAL_SERVICE[severity])
    loss = amount_by_pattern("loss_eur") * (register.staff[organisation] / 50.0) ** 0.4
    loss = np.round(np.minimum(loss, 20.0 * register.turnover[organisation] + 1e6), -2)
    reach = dice.even() ** _REACH[severity]
    touched = outage | data
    customers = register.customers[organisation]
    percent = np.round(np.where(touched, 100.0 * reach, 0.0), 2)
    users = np.floor(customers * percent / 100.0)
    data_percent = np.round(np.where(data, 100.0 * reach * dice.even(), 0.0), 2)
    data_users = np.floor(customers * data_percent / 100.0)
    unlikely = personal & dice.chance(_RISK_UNLIKELY[severity])
    crossing = dice.chance(assumptions.cross_border)
    financial = register.financial[organisation]
    manufacturer = register.manufacturer[organisation]
    exploited = manufacturer & malicious & dice.chance(0.25)
    owner = register.columns["cii_designated"] | register.columns["singapore_cii_owner"]
    critical_owner = owner.to_numpy()[organisation]
    paid = ransomware & dice.chance(assumptions.ransom.paid)
    causes = [one.root_causes for one in patterns]
    first_cause = np.cumsum([0, *(len(names) for names in causes)])[core.pattern]
    how_many = np.array([len(names) for names in causes])[core.pattern]
    cause = first_cause + np.floor(dice.even() * how_many).astype(np.int64)
    lags = assumptions.lags
    detected = core.aware - _hours(dice.amount(lags.awareness_hours))
    detection = np.minimum(amount_by_pattern("detection_hours"), 5 * 8_760.0)
    handling = np.array([[one.median, one.spread] for one in lags.handling_days])[severity]
    handled = core.aware + _hours(24.0 * handling[:, 0] * np.exp(handling[:, 1] * dice.surprise()))
    recovered = np.minimum(handled, core.aware + np.where(outage, _hours(hours), (handled - core.aware) // 2))
    major = severity >= SEVERITIES.index(assumptions.major_from)
    over = int((until - _EPOCH) // timedelta(microseconds=1))

    def known(values: Floats | Truths, possible: Truths | None = None) -> pl.Series:
        """A fact of a later stage: unknown for some, and null where it makes no sense."""
        missing = dice.chance(assumptions.unknown)
        if possible is not None:
            missing |= ~possible
        return pl.Series(values).set(pl.Series(missing), None)

    def one_of(name: str) -> pl.Series:
        return words([str(getattr(one, name)) for one in patterns], core.pattern)

    return {
        "report_subject": words(["incident"], np.zeros_like(severity)),
        "incident_class": one_of("incident_class"),
        "certin_type": one_of("certin_type"),
        "severity": words(SEVERITIES, severity),
        "suspected_malicious": pl.Series(malicious),
        "ransomware": pl.Series(ransomware),
        "ongoing": pl.Series(handled > over),
        "planned_interruption": pl.Series(np.zeros(len(severity), dtype=np.bool_)),
        "cross_border_impact": pl.Series(crossing),
        "aware_at": _instants(core.aware),
        "detected_at": _instants(detected),
        "started_at": _instants(detected - _hours(detection)),
        "reasonable_belief_at": _instants(core.aware + _hours(dice.amount(lags.belief_hours))),
        "classified_at": _instants(core.aware + _hours(dice.amount(lags.classification_hours)), major),
        "activities_recovered_at": _instants(recovered, outage & (recovered <= over)),
        "handled_at": _instants(handled, handled <= over),
        "corrective_measure_at": _instants(core.aware + _hours(24.0 * dice.amount(lags.fix_days)), exploited),
        "ransom_paid": pl.Series(paid),
        "ransom_paid_at": _instants(core.aware + _hours(24.0 * dice.amount(lags.ransom_days)), paid),
        "ransom_amount_usd": known(np.round(dice.amount(assumptions.ransom.amount_usd), -2), paid),
        "severe_disruption": pl.Series(outage & (severity >= 2)),
        "severe_financial_loss": pl.Series(loss > np.minimum(500_000.0, 0.05 * register.turnover[organisation])),
        "damage_to_others": pl.Series(dice.chance(_HARM_TO_OTHERS[severity])),
        "financial_loss_eur": known(loss),
        "malicious_access": pl.Series(access),
        "possible_data_loss": pl.Series(data),
        "trade_secret_taken": known(access & data & dice.chance(0.05)),
        "death_caused": known((severity == 3) & outage & dice.chance(0.0005)),
        "health_damage": known((severity == 3) & outage & dice.chance(0.005)),
        "unavailable_minutes": known(np.round(np.where(outage & whole, 60.0 * hours, 0.0))),
        "limited_availability_hours": known(np.where(outage & ~whole, hours, 0.0)),
        "users_affected": known(users).cast(pl.Int64),
        "users_affected_percent": known(percent),
        "data_compromised_maliciously": known(data & malicious),
        "data_compromised_users": known(data_users).cast(pl.Int64),
        "data_compromised_users_percent": known(data_percent),
        "critical_service_affected": pl.Series(critical),
        "clients_affected": known(users, financial).cast(pl.Int64),
        "clients_affected_percent": known(percent, financial),
        "counterparts_affected_percent": known(np.round(100.0 * reach**3, 2), financial),
        "transactions_affected_percent": known(np.where(outage, percent, 0.0), financial),
        "transaction_value_affected_percent": known(np.where(outage, np.round(percent * 0.8, 2), 0.0), financial),
        "relevant_client_affected": known(dice.chance(_HARM_TO_OTHERS[severity]), financial),
        "reputational_impact": known(dice.chance(_REPUTATION[severity])),
        "duration_hours": known(np.round(np.where(outage, hours, (handled - core.aware) / _HOUR), 1)),
        "critical_downtime_hours": known(np.where(outage & critical, hours, 0.0)),
        "member_states_affected": known(np.where(crossing, 1.0 + np.floor(4.0 * reach), 0.0)).cast(pl.Int64),
        "data_loss_impact": known(data & dice.chance(_DATA_HURTS[severity])),
        "personal_data_breach": pl.Series(personal),
        "breach_risk_unlikely": pl.Series(unlikely),
        "breach_high_risk": known(personal & ~unlikely & dice.chance(_HIGH_RISK[severity])),
        "data_subjects_affected": known(np.where(personal, data_users, 0.0)).cast(pl.Int64),
        "vulnerability_exploited": pl.Series(exploited),
        "severe_product_incident": pl.Series(manufacturer & (severity >= 2) & dice.chance(0.3)),
        "cii_system_affected": pl.Series(critical_owner & (severity >= 1)),
        "loss_of_security": pl.Series(touched & (severity >= 2)),
        "operational_technology_impact": pl.Series(
            register.operational[organisation] & (severity >= 2) & dice.chance(0.2)
        ),
        "business_disruption": pl.Series(outage & (severity >= 1)),
        "third_party_access": pl.Series(access & dice.chance(by_pattern("supplier"))),
        "significant_impact": pl.Series(critical & (severity == 3)),
        "relevant_impact": pl.Series(severity >= 1),
        "pre_positioning": pl.Series(access & ~outage & dice.chance(0.1)),
        "root_cause": words([name for names in causes for name in names], cause),
        "root_cause_class": one_of("root_cause_class"),
    }


def _submissions(assumptions: Assumptions, core: _Core, *, seed: int) -> dict[str, pl.Series]:
    dice = Dice(seed, 4, len(core.aware))
    reporting = assumptions.reporting
    reported = dice.chance(np.array(reporting.reports)[core.severity])
    moment = core.aware + _hours(dice.amount(reporting.first_hours))
    columns = {"submitted_first_at": _instants(moment, reported)}
    later = (
        ("second", reporting.goes_on.second, reporting.second_hours),
        ("third", reporting.goes_on.third, reporting.third_hours),
        ("final", reporting.goes_on.final, reporting.final_hours),
    )
    for stage, goes_on, lag in later:
        reported = reported & dice.chance(goes_on)
        moment = moment + _hours(dice.amount(lag))
        columns[f"submitted_{stage}_at"] = _instants(moment, reported)
    return columns


def _hours(hours: Floats) -> Instants:
    """Microseconds, to the second; at most ten years, so that no instant leaves the calendar."""
    return np.floor(np.minimum(hours, 87_600.0) * 3_600.0).astype(np.int64) * 1_000_000


def _instants(values: Instants, happened: Truths | None = None) -> pl.Series:
    moments = values if happened is None else np.where(happened, values, _NEVER)
    return pl.Series(moments.view("datetime64[us]")).dt.replace_time_zone("UTC")
