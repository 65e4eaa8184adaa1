"""Imports of scenarios as their reader may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.risks.exchange_models import ScenarioImport
from sipar.risks.models import AssumptionSet


def scenario_imports(actor: Actor) -> QuerySet[ScenarioImport]:
    """The imports, the newest first, without what they would change."""
    return ScenarioImport.objects.select_related("draft").defer("outcome", "draft__document").order_by("-uploaded_at")


def access_scenario_import(actor: Actor, number: int) -> ScenarioImport:
    """One import; raises NotFound where the actor may not see it."""
    found = ScenarioImport.objects.select_related("base", "draft").defer("draft__document").filter(pk=number).first()
    if found is None:
        raise not_open("import")
    return found


def bases(actor: Actor) -> list[AssumptionSet]:
    """The versions that a file can be laid over: the one in use first, then drafts, the newest first."""
    found = AssumptionSet.objects.filter(state__in=("in_use", "draft")).defer("document").order_by("-number")
    return sorted(found, key=lambda each: each.state != "in_use")
