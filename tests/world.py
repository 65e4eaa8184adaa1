"""Every kind of record for two organisations that must not see each other, to knock on every door with."""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.db.models import Model

from sipar.assessments.models import (
    AnswerNote,
    Assessment,
    Campaign,
    Engagement,
    Evidence,
    Review,
    RoadmapItem,
    SectionDelegation,
    Submission,
)
from sipar.claims.models import ClaimImport, Conflict, NationalRange
from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun, Event, StoredFile
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import loaded
from sipar.notices.exposure_counting import count_exposure
from sipar.notices.models import (
    Decision,
    Delivery,
    DryRun,
    Finding,
    Inhibition,
    Notice,
    NoticeFinding,
    OwnershipQuestion,
    Reply,
    RuleSet,
)
from sipar.orgs.models import Asset, Contact, Designation, Organisation, RegisterImport
from sipar.people.actions import grant_role, open_account
from sipar.people.models import ApiToken, Grant, GrantRequest
from sipar.people.selectors import actor_of
from sipar.teams.models import ConstituencyDispute, ConstituencyDraft, DutyShift, Team
from tests.cast import NOW, PASSWORD, Cast, open_campaign, own_cast, shipped_framework
from tests.database import TEMPLATE, make_database, using_database, worker_of
from tests.world_cases import CASE_TABLES, furnish_case, furnish_nation, leave_traces
from tests.world_feeds import furnish_feed
from tests.world_risks import RISK_TABLES, furnish_nation_risk, furnish_organisation_risk
from tests.world_vulnerabilities import VULNERABILITY_TABLES, furnish_vulnerabilities

TABLES: tuple[type[Model], ...] = (
    Contact,
    Asset,
    Designation,
    Assessment,
    AnswerNote,
    Evidence,
    Submission,
    Review,
    RoadmapItem,
    Finding,
    Decision,
    Notice,
    OwnershipQuestion,
    Reply,
    *CASE_TABLES,
    *VULNERABILITY_TABLES,
    *RISK_TABLES,
)
# Whose cases stand where: the person who reports them, and the analyst of the CERT that has them.
CASES = {"alpha": ("bilal", "parveen"), "beta": ("bushra", "farah"), "delta": ("dara", "danish")}


@dataclass
class World:
    """The cast with one of everything for Alpha and Beta, and a case of Delta that nobody of the cast may see."""

    cast: Cast
    records: dict[str, dict[str, object]] = field(default_factory=dict)

    def examples(self, subject: str) -> dict[str, object]:
        """A value for every parameter that an address can have, all belonging to this organisation."""
        return self.records[subject]

    def case_of(self, key: str) -> dict[str, object]:
        """The values for a case of this organisation, beside those of Alpha for everything else."""
        return self.records["alpha"] | self.records[key]

    def marks(self, key: str) -> tuple[str, ...]:
        """What would give this organisation away on a page."""
        organisation = self.cast.organisations[key]
        return (organisation.identifier, organisation.name.split(" (")[0], f"secret of {key}")

    def fingerprint(self, key: str) -> dict[str, str]:
        """A digest of every record of the organisation, as Sipar itself sees them."""
        organisation = self.cast.organisations[key].pk
        with acting(system(), reason="take a fingerprint"):
            return {
                model._meta.label: hashlib.sha256(
                    repr(sorted(model._default_manager.filter(organisation_id=organisation).values_list())).encode()
                ).hexdigest()
                for model in TABLES
            }


def build_world(cast: Cast, *, says: str = "case secret of KEY") -> World:
    """The furnished world. `says` stands in every text of a case, with the key of its organisation for KEY."""
    world = World(cast)
    sipar = system()
    with acting(sipar, reason="furnish the world"):
        campaign = Campaign.objects.get()
        framework = Framework.objects.get(pk=campaign.framework_id)
        for key, person in (("alpha", "bilal"), ("beta", "bushra")):
            world.records[key] = _furnish(cast, key, person, campaign, framework) | furnish_feed(cast, key)
        _furnish_cases(world, framework, says)
        _furnish_claims(world)
    _furnish_risks(world)
    with acting(sipar, reason="seal the ledger"):
        ledger.seal(now=NOW)
    for key in ("alpha", "beta"):
        leave_traces(cast, world.records[key]["number"], CASES[key][1], says.replace("KEY", key))
    return world


@pytest.fixture(scope="session")
def world_as_built(
    request: pytest.FixtureRequest, cast_as_built: Cast, django_db_blocker: pytest.FixtureRequest
) -> World:
    """The furnished world, made once for this worker in a database of its own."""
    name = f"world_{worker_of(request.config)}"
    make_database(name, template=TEMPLATE)
    with django_db_blocker.unblock(), using_database(name), time_machine.travel(NOW):  # type: ignore[attr-defined]
        cast = own_cast(cast_as_built)
        open_campaign(cast, shipped_framework())
        return build_world(cast)


@pytest.fixture
def world(db: None, world_as_built: World) -> World:
    """The world for one test to change: the rows are in the test's database, the objects are this test's own."""
    return World(own_cast(world_as_built.cast), copy.deepcopy(world_as_built.records))


def _furnish_cases(world: World, framework: Framework, says: str) -> None:
    """The cases of three organisations, and what all CERTs share. Dara answers for Delta."""
    cast, sipar = world.cast, system()
    cast.accounts["dara"] = open_account(sipar, email="dara@test.example", name="Dara", password=PASSWORD, now=NOW)
    grant_role(sipar, cast.accounts["dara"], "ciso", organisation=cast.organisations["delta"].pk, now=NOW)
    cast.actors["dara"] = actor_of(cast.accounts["dara"], now=NOW, verified=True)
    shared = furnish_nation(cast)
    requirement = loaded(framework.pk).catalogue.requirements[0].id
    for key, (person, analyst) in CASES.items():
        words = says.replace("KEY", key)
        made = furnish_case(cast, key, cast.accounts[person], cast.accounts[analyst], framework, requirement, words)
        world.records[key] = world.records.get(key, {}) | shared | made


def _furnish_risks(world: World) -> None:
    """A run and a plan of the nation, and the register of risks of Alpha and Beta."""
    shared = furnish_nation_risk(world.cast)
    with acting(system(), reason="furnish the world"):
        for key, person in (("alpha", "bilal"), ("beta", "bushra")):
            organisation, account = world.cast.organisations[key], world.cast.accounts[person]
            own = furnish_organisation_risk(organisation, account.pk, f"secret of {key}")
            world.records[key] |= shared | own


def _furnish_claims(world: World) -> None:
    """One prefix that Alpha and Beta both claim, an import of each that waits, and a range of the nation."""
    cast = world.cast
    keys = ("alpha", "beta")
    assets = [
        Asset.objects.create(
            organisation=cast.organisations[key], kind="prefix", value="198.51.100.0/24", note=f"secret of {key}"
        )
        for key in keys
    ]
    conflict = Conflict.objects.create(
        kind="prefix", value="198.51.100.0/24", organisations=[cast.organisations[key].pk for key in keys],
        claims=[asset.pk for asset in assets], found_at=NOW,
    )  # fmt: skip
    kept = NationalRange.objects.create(kind="domain", value="example", team=cast.teams["national"])
    for key in keys:
        waiting = ClaimImport.objects.create(
            format="csv", source=f"csv {key}", team=cast.teams["national"], file_name=f"secret of {key}",
            sha256="0" * 64, account_id=cast.accounts["nadia"].pk, uploaded_at=NOW,
            examples={"added": [{"kind": "prefix", "value": "192.0.2.0/24", "holder": f"secret of {key}",
                                 "organisation": cast.organisations[key].pk, "what": []}]},
        )  # fmt: skip
        world.records[key] |= {
            "conflict_number": conflict.pk, "import_number": waiting.pk, "range_number": kept.pk,
        }  # fmt: skip


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
    draft = ConstituencyDraft.objects.create(
        team=cast.teams["national"], rule=cast.teams["national"].rule, drafted_by_id=cast.accounts["hamid"].pk,
        drafted_at=NOW,
    )  # fmt: skip
    engagement = Engagement.objects.get(campaign=campaign)
    finding = furnish_finding(organisation, f"{key}.example", secret)
    session, _ = UserSession.objects.get_or_create(
        user=account, session_key=f"session-of-{key}", defaults={"ip": "127.0.0.1", "user_agent": secret}
    )
    grant = Grant.objects.filter(account=account)[0]
    national = cast.teams["national"].code
    return {
        "identifier": organisation.identifier, "organisation": organisation.identifier,
        "board/requirements/|identifier": catalogue.requirements[0].id,
        "assessment_id": assessment.pk, "campaign": campaign.code, "code": campaign.code,
        "teams/|code": national, "api/teams/|code": national,
        "contact": contact.pk, "asset": asset.pk, "evidence_id": evidence.pk, "item_id": item.pk, "run": run.pk,
        "organisations/import/|number": register_import.pk, "organisations/designations/|number": designation.pk,
        "assessments/|number": submission.number, "frameworks/|number": framework.pk, "ledger/|number": event,
        "api/ledger/|number": event, "campaigns/|number": engagement.pk, "shift": shift.pk, "token": token.pk,
        "role_request": request.pk, "dispute": dispute.pk, "draft": draft.pk, "group": catalogue.requirements[0].group,
        "position": 0, "framework_id": framework.pk, "account": account.pk, "grant": grant.pk, "session": session.pk,
        **furnish_vulnerabilities(organisation, account.pk, secret),
        "form": "csv", "kind": "pdf", "name": "sectors", "me/|name": "x", "delegation": delegation.pk,
        "finding": finding.pk, **furnish_notice(finding, cast.teams["national"], account.pk, secret),
    }  # fmt: skip


def furnish_finding(organisation: Organisation, asset: str, secret: str) -> Finding:
    """Something that a source saw at the organisation, and what its people said about it."""
    finding = Finding.objects.create(
        key=uuid.uuid4(), organisation=organisation, kind="accessible-rdp", classification="vulnerable-system",
        severity=4, asset=asset, source="world", first_seen=NOW - timedelta(days=9), last_seen=NOW, count=9,
        state_at=NOW - timedelta(days=9), evidence={"banner": secret},
    )  # fmt: skip
    Decision.objects.create(finding=finding, organisation=organisation, kind="fixed", note=secret, decided_at=NOW)
    count_exposure(system(), now=NOW)
    return finding


def furnish_notice(finding: Finding, team: Team, account: int, secret: str) -> dict[str, object]:
    """A notice of the finding that nobody knows of whether it went, with everything around it. Its link is not told
    here: whoever has that one needs no role."""
    document = {"sipar-rules": 1, "rules": [{"name": "all"}]}
    version = RuleSet.objects.filter(team=team).count() + 1
    rule_set = RuleSet.objects.create(
        team=team, version=version, document=document, text=json.dumps(document), digest="0" * 64, made_by_id=account,
        made_at=NOW,
    )  # fmt: skip
    dry_run = DryRun.objects.create(
        rule_set=rule_set, team=team, first_day=NOW.date(), last_day=NOW.date(), asked_by_id=account, asked_at=NOW
    )
    organisation = finding.organisation
    notice = Notice.objects.create(
        number=f"N26-0000-{finding.pk:04}", organisation=organisation, team=team, rule_set=rule_set, rule="all",
        aggregation="all", state="sending", channel="mail", language="en", severity=4, findings_count=1,
        secret_digest=f"{finding.pk:064}", made_at=NOW, not_before=NOW,
    )  # fmt: skip
    Notice.objects.filter(pk=notice.pk).update(state="in_doubt")
    NoticeFinding.objects.create(notice=notice, finding=finding)
    Delivery.objects.create(
        notice=notice, attempt=1, message_id=f"<{notice.number}@x>", recipients=["a@alpha.example"], taken_at=NOW,
        ended_at=NOW, outcome="in_doubt", answer=secret,
    )  # fmt: skip
    Reply.objects.create(notice=notice, organisation=organisation, sender="x@y.example", text=secret, received_at=NOW)
    question = OwnershipQuestion.objects.create(
        finding=finding, organisation=organisation, team=team, note=secret, asked_at=NOW
    )
    inhibition = Inhibition.objects.create(
        team=team, organisation=organisation, reason=secret, until=NOW.date() + timedelta(days=90), made_by_id=account,
        made_at=NOW,
    )  # fmt: skip
    return {
        "notice_number": notice.number, "rule_set": rule_set.pk, "dry_run": dry_run.pk, "inhibition": inhibition.pk,
        "question": question.pk, "secret": "x" * 43,
    }  # fmt: skip
