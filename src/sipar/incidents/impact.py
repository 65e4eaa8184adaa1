"""The impact of an incident out of its facts, in groups: what was hit, who, for how long, which data, what it cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.incidents.report_words import value_in_words
from sipar.law.facts import shipped_facts

GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (
        _("Services"),
        (
            "ongoing", "affected_systems", "critical_service_affected", "cii_system_affected",
            "interconnected_system_affected", "operational_technology_impact", "severe_disruption",
            "business_disruption", "unavailable_minutes", "limited_availability_hours", "slow_response_hours",
            "critical_downtime_hours", "duration_hours", "recovery_status",
        ),
    ),
    (
        _("People"),
        (
            "death_caused", "health_damage", "damage_to_others", "users_affected", "users_affected_percent",
            "clients_affected", "clients_affected_percent", "counterparts_affected_percent",
            "relevant_client_affected", "reputational_impact", "cross_border_impact", "member_states_affected",
        ),
    ),
    (
        _("Data"),
        (
            "personal_data_breach", "data_subjects_affected", "data_categories", "data_compromised_maliciously",
            "data_compromised_users", "data_compromised_users_percent", "possible_data_loss", "data_loss_impact",
            "trade_secret_taken", "breach_high_risk",
        ),
    ),
    (
        _("Money"),
        (
            "severe_financial_loss", "financial_loss_eur", "ransomware", "ransom_paid", "ransom_amount_usd",
            "transactions_affected_percent", "transaction_value_affected_percent",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Impact:
    """One fact of the impact in words; `estimate`: a guess so far."""

    title: Mapping[str, str]
    value: str
    estimate: bool


def impact_of(facts: Mapping[str, Any], estimates: Collection[str]) -> list[tuple[str | Promise, list[Impact]]]:
    """The known facts of the impact by group; groups of which nothing is known are left out."""
    known = shipped_facts()
    groups = []
    for title, names in GROUPS:
        found = [
            Impact(known[name].title.model_dump(), value_in_words(name, facts[name]), name in estimates)
            for name in names
            if name in known and facts.get(name) is not None
        ]
        if found:
            groups.append((title, found))
    return groups
