"""Requests that write something of Alpha, each with a body that is in order: who may send it sees it done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.test import Client

from sipar.assessments.models import Evidence, RoadmapItem, SectionDelegation, SiteSample
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import Event, StoredFile
from sipar.orgs.models import Asset, Contact, Designation, Organisation
from tests.world import TABLES, World

Fields = dict[str, Any]
EVERYTHING: tuple[type[Model], ...] = (*TABLES, SectionDelegation, SiteSample, StoredFile)


@dataclass(frozen=True)
class Write:
    """`person` may do it. `address` and `body` are made from the examples of one organisation."""

    name: str
    person: str
    address: Callable[[Fields], str]
    body: Callable[[Fields], Fields]
    method: str = "post"

    @property
    def is_json(self) -> bool:
        return self.method in ("put", "patch") or self.name.startswith("json")

    def send(self, client: Client, examples: Fields, extra: Fields | None = None) -> HttpResponse:
        """The response to this write, with `extra` fields beside those that belong there."""
        client.raise_request_exception = False
        body = self.body(examples) | (extra or {})
        if self.is_json:
            return client.generic(  # type: ignore[return-value]
                self.method.upper(), self.address(examples), json.dumps(body, default=str), "application/json"
            )
        return client.post(self.address(examples), body)  # type: ignore[return-value]


def _assessment(rest: str) -> Callable[[Fields], str]:
    return lambda of: f"/assessments/{of['assessment']}/{rest.format(**of)}"


def _organisation(rest: str) -> Callable[[Fields], str]:
    return lambda of: f"/organisations/{of['identifier']}/{rest.format(**of)}"


def _roadmap(rest: str) -> Callable[[Fields], str]:
    return lambda of: f"/roadmap/{of['item']}/{rest}"


WRITES: tuple[Write, ...] = (
    Write("answer", "ayesha", _assessment("save/"), lambda of: {"version": 0, "level-3": "4", "comment-3": "Done."}),
    Write("section", "ayesha", _assessment("sections/{group}/"), lambda of: {"version": 0, "level-2": "4"}),
    Write("json answer", "ayesha", _assessment("save/"),
          lambda of: {"version": 0, "changes": [{"position": 3, "level": 4}]}),
    Write("api answer", "ayesha", lambda of: f"/api/assessments/{of['assessment']}/answers",
          lambda of: {"version": 0, "answers": [{"requirement": of["requirement"], "level": 4}]}, "put"),
    Write("api evidence", "ayesha", lambda of: f"/api/assessments/{of['assessment']}/evidence",
          lambda of: {"requirement": of["requirement"], "title": "Policy", "link": "https://alpha.example/p"}),
    Write("evidence", "ayesha", _assessment("sections/{group}/"),
          lambda of: {"version": 0, "evidence": "add-0", "title-0": "Policy", "link-0": "https://alpha.example/p"}),
    Write("remove evidence", "ayesha", _assessment("sections/{group}/"),
          lambda of: {"version": 0, "evidence": f"remove-{of['evidence']}"}),
    Write("delegate", "ayesha", _assessment("sections/{group}/delegate/"),
          lambda of: {"account": of["colleague"], "note": "Please."}),
    Write("withdraw", "ayesha", _assessment("sections/{group}/withdraw/"), lambda of: {}),
    Write("plan gap", "ayesha", lambda of: f"/roadmap/add/{of['assessment']}/",
          lambda of: {"requirements": ["GV.OC-02"], "due_on": "2026-12-01"}),
    Write("change item", "ayesha", _roadmap(""),
          lambda of: {"title": "Write it down", "target_level": 3, "due_on": "2026-12-01"}),
    Write("move item", "ayesha", _roadmap("dates/"), lambda of: {"due_on": "2026-12-01"}),
    Write("start item", "ayesha", _roadmap("state/"), lambda of: {"state": "doing"}),
    Write("add contact", "bilal", _organisation("contacts/add/"),
          lambda of: {"kind": "technical", "name": "Duty desk", "email": "duty@alpha.example"}),
    Write("change contact", "bilal", _organisation("contacts/{contact}/"),
          lambda of: {"kind": "ciso", "name": "Somebody else", "email": "duty@alpha.example"}),
    Write("remove contact", "bilal", _organisation("contacts/{contact}/remove/"), lambda of: {}),
    Write("add asset", "bilal", _organisation("assets/add/"), lambda of: {"kind": "asn", "value": "AS64500"}),
    Write("change asset", "bilal", _organisation("assets/{asset}/"),
          lambda of: {"kind": "domain", "value": "other.example"}),
    Write("end asset", "bilal", _organisation("assets/{asset}/end/"), lambda of: {}),
    Write("json api asset", "bilal", lambda of: f"/api/organisations/{of['identifier']}/assets",
          lambda of: {"kind": "asn", "value": "AS64500"}),
    Write("candidate", "bilal", _organisation("candidates/add/"),
          lambda of: {"asset_name": "Dispatch centre", "function": "Keeps the grid in balance."}),
)  # fmt: skip
BY_NAME = {write.name: write for write in WRITES}


def examples(world: World, key: str) -> Fields:
    """The numbers of what the world made for one organisation, and of somebody who works there."""
    organisation, colleague = world.cast.organisations[key], {"alpha": "bilal", "beta": "bushra"}[key]
    with acting(system(), reason="look"):
        item = RoadmapItem.objects.get(organisation=organisation)
        section = SectionDelegation.objects.get(organisation=organisation)
        return {
            "identifier": organisation.identifier, "assessment": section.assessment_id, "group": section.group,
            "requirement": item.requirement, "campaign": item.campaign.code, "item": item.pk,
            "contact": Contact.objects.get(organisation=organisation).pk,
            "asset": Asset.objects.get(organisation=organisation, kind="domain").pk,
            "evidence": Evidence.objects.get(organisation=organisation).pk,
            "file": StoredFile.objects.get(organisation_id=organisation.pk).pk,
            "designation": Designation.objects.get(organisation=organisation).pk,
            "event": Event.objects.filter(organisation_id=organisation.pk).order_by("-pk")[0].pk,
            "colleague": world.cast.accounts[colleague].pk,
        }  # fmt: skip


def state_of(world: World, key: str) -> str:
    """A digest of every record of the organisation and of its entry, as Sipar itself sees them."""
    pk = world.cast.organisations[key].pk
    with acting(system(), reason="take a fingerprint"):
        rows = [
            sorted(map(repr, model._default_manager.filter(organisation_id=pk).values_list())) for model in EVERYTHING
        ]
        entry = list(Organisation.objects.filter(pk=pk).values_list())
    return hashlib.sha256(repr((rows, entry)).encode()).hexdigest()


def rows_of(model: type[Model], world: World, key: str) -> dict[int, Fields]:
    """The rows of one organisation by number."""
    with acting(system(), reason="look"):
        rows = model._default_manager.filter(organisation_id=world.cast.organisations[key].pk).values()
        return {row["id"]: dict(row) for row in rows}
