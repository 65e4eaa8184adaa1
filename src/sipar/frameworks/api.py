"""REST operations of frameworks: the list, a whole document by its digest, and coverage."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import parse_etags
from ninja import Router, Schema

from sipar.core.api import PROBLEMS, Entry
from sipar.frameworks import selectors
from sipar.frameworks.mapping import coverage
from sipar.people.gates import EVERYONE

router = Router(tags=["frameworks"])


class FrameworkOut(Schema):
    """One framework version without its document."""

    id: int
    identifier: str
    version: str
    title: dict[str, str]
    publisher: str
    status: str
    origin: str
    requirement_count: int
    top_level: int
    digest: str
    loaded_at: datetime
    retired_at: datetime | None


class CoverageOut(Schema):
    """`strongest`: target requirement -> relation, or "none"; `matrix`: source groups x target groups."""

    source: int
    target: int
    covered_share: float
    counts: dict[str, int]
    strongest: dict[str, str]
    source_groups: list[str]
    target_groups: list[str]
    matrix: list[list[int]]


@router.get("/", auth=Entry(EVERYONE), response={200: list[FrameworkOut], **PROBLEMS})
def list_frameworks(request: HttpRequest) -> Any:
    """Every framework version, retired ones last."""
    return list(selectors.all_frameworks()[:1_000])


@router.get("/coverage", auth=Entry(EVERYONE), response={200: CoverageOut, **PROBLEMS})
def get_mapping_coverage(request: HttpRequest, source: int, target: int) -> Any:
    """How far answers in `source` cover `target`; both are numbers of framework versions."""
    before, after = selectors.loaded(source), selectors.loaded(target)
    pairs = selectors.relations_between(before.catalogue.identifier, after.catalogue.identifier)
    found = coverage(before.catalogue, after.catalogue, pairs)
    return {
        "source": source,
        "target": target,
        "covered_share": found.covered_share,
        "counts": found.counts,
        "strongest": found.strongest,
        "source_groups": found.source_groups,
        "target_groups": found.target_groups,
        "matrix": found.matrix.tolist(),
    }


@router.get("/{framework_id}", auth=Entry(EVERYONE), response={200: dict[str, Any], **PROBLEMS})
def get_framework(request: HttpRequest, framework_id: int) -> Any:
    """The whole catalogue with the profiles that came later. It never changes but for those: the ETag says which."""
    row = selectors.access_framework(framework_id)
    catalogue = selectors.loaded(framework_id).catalogue
    tag = f'"{row.digest}-{len(catalogue.profiles)}"'
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = JsonResponse(catalogue.model_dump(mode="json"))
    response["ETag"] = tag
    response["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response
