"""A run's result with names in the reader's language, ready for pages, reports and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Province, Sector
from sipar.risks import selectors
from sipar.risks.models import Run
from sipar.risks.money import money

DIMENSIONS = ("sector", "province", "tier", "scenario", "provider", "requirement")


def language() -> str:
    return (get_language() or "en").split("-")[0]


def words(text: Mapping[str, str] | str | None) -> str:
    """The text in the reader's language, else in English."""
    if not text:
        return ""
    return text if isinstance(text, str) else text.get(language()) or text.get("en", "")


@dataclass(frozen=True)
class Line:
    """One line of a contribution; None: hidden, because few organisations stand behind it.

    `bad_year` is what the part by itself stays within in 95 of 100 years; None where that is not said.
    """

    key: str
    name: str
    mean: float | None
    shortfall: float | None
    organisations: int | None
    share: float | None
    bad_year: float | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """What a run says, as its reader may see it. `exact` false: small cells are hidden and numbers rounded."""

    run: Run
    result: Mapping[str, Any]
    exact: bool

    @property
    def currency(self) -> str:
        return str(self.result["currency"])

    @property
    def mean(self) -> float | None:
        return amount(self.result["mean"])

    @property
    def shortfall(self) -> float | None:
        return amount(self.result["shortfall"])

    @property
    def zero_years(self) -> float:
        return float(self.result.get("zero_years") or 0.0)

    def quantile(self, level: float) -> float | None:
        """The loss that a year stays within with this probability; None where the run does not say."""
        rows = self.result["quantiles"]
        return next((amount(row) for row in rows if abs(row["level"] - level) < 1e-9), None)

    def money(self, value: float | None) -> str:
        return money(value, self.currency)

    @cached_property
    def document(self) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self.run.assumptions.document
        return document

    @cached_property
    def names(self) -> Mapping[str, Mapping[str, str]]:
        """What every key of a dimension is called."""
        return names_of(self.document, framework=self.run.campaign.framework_id if self.run.campaign else None)

    def name(self, dimension: str, key: str) -> str:
        if key:
            return self.names.get(dimension, {}).get(key, key)
        rest = {"provider": _("No shared provider"), "requirement": _("Stays when every gap is closed")}
        return rest.get(dimension) or _("Unknown")

    def lines(self, dimension: str) -> list[Line]:
        """The contributions of a dimension, the largest first, hidden ones last."""
        total = self.mean or 0.0
        found = []
        for row in self.result["contributions"].get(dimension, ()):
            mean = amount(row["mean"])
            found.append(
                Line(
                    key=str(row["key"]),
                    name=self.name(dimension, str(row["key"])),
                    mean=mean,
                    shortfall=amount(row["shortfall"]),
                    organisations=row.get("organisations"),
                    share=mean / total if mean is not None and total > 0 else None,
                    bad_year=row.get("bad_year"),
                )
            )
        return sorted(found, key=lambda line: (line.mean is None, -(line.mean or 0.0), line.name))

    def largest(self, dimension: str) -> Line | None:
        lines = [line for line in self.lines(dimension) if line.mean and line.key]
        return lines[0] if lines else None


def picture_of(actor: Actor, run: Run) -> Picture | None:
    """What a run says to this reader; None where it said nothing."""
    result, exact = selectors.result_of(actor, run)
    return Picture(run, result, exact) if result is not None else None


def amount(value: Any) -> float | None:
    """A number, or the number of an estimate with its band; None where it is hidden."""
    if isinstance(value, Mapping):
        value = value.get("value")
    return None if value is None else float(value)


def band(value: Any) -> tuple[float, float] | None:
    """The band of an estimate; None where it has none."""
    if not isinstance(value, Mapping) or value.get("low") is None or value.get("high") is None:
        return None
    return float(value["low"]), float(value["high"])


def names_of(document: Mapping[str, Any], *, framework: int | None) -> dict[str, dict[str, str]]:
    """Keys to words, by dimension, in the reader's language."""
    found = {
        "sector": {code: words(name) for code, name in Sector.objects.values_list("code", "name")},
        "province": {code: words(name) for code, name in Province.objects.values_list("code", "name")},
        "tier": {str(tier): _("Tier %(tier)s") % {"tier": tier} for tier in (1, 2, 3, 4)},
        "scenario": titled(document.get("scenarios", ())),
        "provider": titled(document.get("providers", ())),
        "requirement": {},
    }
    if framework is not None:
        found["requirement"] = {each.id: f"{each.id} {words(each.title)}" for each in loaded(framework).requirements}
    return found


def top_sectors() -> list[str]:
    """The codes of the sectors that organisations belong to, in the nation's order."""
    return list(Sector.objects.filter(parent=None).values_list("code", flat=True))


def titled(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(entry["key"]): words(entry["title"]) for entry in entries}
