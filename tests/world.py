"""Every kind of record for two organisations that must not see each other, to knock on every door with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta

from sipar.assessments.models import (
    AnswerNote,
    Assessment,
    Campaign,
    Evidence,
    Review,
    RoadmapItem,
    SectionDelegation,
    Submission,
)
from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun, Event, StoredFile
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Asset, Contact, Designation, RegisterImport
from sipar.people.models import ApiToken, GrantRequest
from sipar.teams.models import ConstituencyDispute, DutyShift
from tests.cast import NOW, Cast

TABLES = (Contact, Asset, Designation, Assessment, AnswerNote, Evidence, Submission, Review, RoadmapItem)


@dataclass
class World:
    """The cast with one of everything for Alpha and Beta."""

    cast: Cast
    records: dict[str, dict[str, object]] = field(default_factory=dict)

    def examples(self, subject: str) -> dict[str, object]:
        """A value for every parameter that an address can have, all belonging to this organisation."""
        return self.records[subject]

    def marks(self, key: str) -> tuple[str, ...]:
        """What would give this organisation away on a page."""
        organisation = self.cast.organisations[key]
        return (organisation.identifier, organisation.name.split(" (")[0], f"secret of {key}")

    def fingerprint(self, key: str) -> dict[str, str]:
        """A digest of every record of the organisation, as Sipar itself sees them."""
        organisation = self.cast.organisations[key].pk
        with acting(system(), reason="take a fingerprint"):
            return {
                model.__name__: hashlib.sha256(
                    repr(sorted(model.objects.filter(organisation=organisation).values_list())).encode()
                ).hexdigest()
                for model in TABLES
            }


def build_world(cast: Cast) -> World:
    world = World(cast)
    sipar = system()
    with acting(sipar, reason="furnish the world"):
        campaign = Campaign.objects.get()
        framework = Framework.objects.get(pk=campaign.framework_id)
        for key, person in (("alpha", "bilal"), ("beta", "bushra")):
            world.records[key] = _furnish(cast, key, person, campaign, framework)
        ledger.seal(now=NOW)
    return world


def _furnish(cast: Cast, key: str, person: str, campaign: Campaign, framework: Framework) -> dict[str, object]:
    organisation, account = cast.organisations[key], cast.accounts[person]
    secret = f"secret of {key}"
    catalogue = loaded(framework.pk).catalogue
    levels = bytes(position % 5 for position in range(framework.requirement_count))
    assessment = Assessment.objects.get(campaign=campaign, organisation=organisation)
    Assessment.objects.filter(pk=assessment.pk).update(
        levels=levels, standing=levels, mean=2.0, floor=1.0, gaps=40, meets_target=False, submissions=1,
        answered=len(levels), submitted_at=NOW,
    )  # fmt: skip
    Assessment.objects.filter(pk=assessment.pk).update(state="submitted")
    content = secret.encode()
    stored = StoredFile.objects.create(
        organisation_id=organisation.pk, account_id=account.pk, sha256=hashlib.sha256(content).hexdigest(),
        size=len(content), media_type="text/plain", name=f"{secret}.txt", stored_at=NOW,
    )  # fmt: skip
    contact = Contact.objects.create(organisation=organisation, kind="ciso", name=secret)
    asset = Asset.objects.create(organisation=organisation, kind="domain", value=f"{key}.example", note=secret)
    designation = Designation.objects.create(
        organisation=organisation, asset_name=secret, function=secret, listed_by_id=account.pk, listed_at=NOW
    )
    AnswerNote.objects.create(assessment=assessment, organisation=organisation, position=0, comment=secret)
    evidence = Evidence.objects.create(
        assessment=assessment, organisation=organisation, position=0, title=secret, file=stored,
        added_by_id=account.pk, added_at=NOW,
    )  # fmt: skip
    submission = Submission.objects.create(
        assessment=assessment, organisation=organisation, number=1, levels=levels, digest="0" * 64,
        signed_by=account, signed_at=NOW, signed_as="ciso", snapshot={"note": secret},
    )  # fmt: skip
    delegation = SectionDelegation.objects.create(
        assessment=assessment, organisation=organisation, group=catalogue.requirements[0].group, account=account,
        asked_by_id=account.pk, asked_at=NOW,
    )  # fmt: skip
    item = RoadmapItem.objects.create(
        organisation=organisation, campaign=campaign, requirement=catalogue.requirements[0].id, target_level=3,
        title=secret, due_on=date(2026, 10, 1), created_at=NOW,
    )  # fmt: skip
    run = BackgroundRun.objects.create(account_id=account.pk, kind="report", started_at=NOW)
    register_import = RegisterImport.objects.create(
        account_id=account.pk, file_name=secret, file_id=stored.pk, rows=1, uploaded_at=NOW
    )
    shift = DutyShift.objects.create(
        team=cast.teams["national"], account=cast.accounts["nadia"], starts_at=NOW, ends_at=NOW + timedelta(hours=8)
    )
    token = ApiToken.objects.create(
        account=account, name=secret, prefix=hashlib.sha256(key.encode()).hexdigest()[:12], digest="0" * 64,
        scopes=["read"], created_at=NOW, expires_at=NOW + timedelta(days=1),
    )  # fmt: skip
    request = GrantRequest.objects.create(
        account=account, role="reporter", organisation=organisation, asked_by=cast.accounts["adil"], asked_at=NOW,
        reason="a colleague joins",
    )  # fmt: skip
    dispute = ConstituencyDispute.objects.create(organisation=organisation, kind="several_leads", raised_at=NOW)
    event = Event.objects.filter(organisation_id=organisation.pk).order_by("-pk").values_list("pk", flat=True)[0]
    return {
        "identifier": organisation.identifier, "organisation": organisation.identifier,
        "assessment": assessment.pk, "assessment_id": assessment.pk, "campaign": campaign.code, "code": campaign.code,
        "contact": contact.pk, "contact_id": contact.pk, "asset": asset.pk, "asset_id": asset.pk,
        "designation": designation.pk, "designation_id": designation.pk, "evidence": evidence.pk,
        "evidence_id": evidence.pk, "submission": submission.pk, "number": 1, "delegation": delegation.pk,
        "item": item.pk, "item_id": item.pk, "run": run.pk, "run_id": run.pk, "import": register_import.pk,
        "shift": shift.pk, "token": token.pk, "request": request.pk, "dispute": dispute.pk, "event": event,
        "event_id": event, "group": catalogue.requirements[0].group, "section": catalogue.requirements[0].group,
        "requirement": catalogue.requirements[0].id, "position": 0, "framework": framework.pk,
        "file": stored.pk, "file_id": stored.pk,
    }  # fmt: skip
