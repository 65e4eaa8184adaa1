"""The rules of telling between drafts and use: written, dry-run, put to use, replaced."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.jobs import start_run
from sipar.core.problems import Conflict, Invalid, Place
from sipar.exposure.rules import RulesProblem, parse, plain
from sipar.notices.models import DryRun, RuleSet
from sipar.notices.policy import require_may_write_rules
from sipar.teams.models import Team

LONGEST_DRY_RUN = timedelta(days=400)
STEPS = 4


@action("rules.draft")
def draft_rules(actor: Actor, team: Team, text: str, *, now: datetime, rule_set: RuleSet | None = None) -> RuleSet:
    """Keep a draft of the rules of a CERT: the next version, or this draft anew. Raises Invalid with every place."""
    require_may_write_rules(actor, team.pk)
    try:
        document, rules = plain(text), parse(text)
    except RulesProblem as problem:
        places = [Place(wrong.where or "document", wrong.sentence) for wrong in problem.wrong]
        raise Invalid(_("The rules are not right yet."), code="rules.document", places=places) from problem
    written = {"document": document, "text": text, "digest": rules.digest, "made_by_id": actor.account, "made_at": now}
    if rule_set is not None:
        if not RuleSet.objects.filter(pk=rule_set.pk, state="draft").update(**written):
            raise Conflict(_("This version is no draft any more."), code="rules.state")
        return RuleSet.objects.get(pk=rule_set.pk)
    with connection.cursor() as cursor:
        # Two drafts at once get two numbers.
        cursor.execute("select pg_advisory_xact_lock(hashtext('notices.rules'), %s)", [team.pk])
    latest = RuleSet.objects.filter(team=team).aggregate(number=Max("version"))["number"] or 0
    return RuleSet.objects.create(team=team, version=latest + 1, **written)


@action("rules.activate")
def activate_rules(actor: Actor, rule_set: RuleSet, *, now: datetime) -> RuleSet:
    """Put a draft to use; what was in use until now is kept as replaced."""
    require_may_write_rules(actor, rule_set.team_id)
    locked = RuleSet.objects.select_for_update().filter(team=rule_set.team_id, state__in=("active", "draft"))
    states = {row.pk: row.state for row in locked.order_by("pk")}
    if states.get(rule_set.pk) != "draft":
        raise Conflict(_("Only a draft can be put to use."), code="rules.state")
    parse(rule_set.document)
    RuleSet.objects.filter(team=rule_set.team_id, state="active").update(state="retired")
    RuleSet.objects.filter(pk=rule_set.pk).update(state="active", activated_by_id=actor.account, activated_at=now)
    return RuleSet.objects.get(pk=rule_set.pk)


@action("rules.discard")
def discard_rules(actor: Actor, rule_set: RuleSet) -> None:
    """Put a draft away."""
    require_may_write_rules(actor, rule_set.team_id)
    if not RuleSet.objects.filter(pk=rule_set.pk, state="draft").update(state="discarded"):
        raise Conflict(_("Only a draft can be discarded."), code="rules.state")


@action("rules.ask_dry_run")
def ask_dry_run(actor: Actor, rule_set: RuleSet, *, first_day: date, last_day: date, now: datetime) -> DryRun:
    """Ask what these rules would have sent in these days; the caller defers the job on commit."""
    require_may_write_rules(actor, rule_set.team_id)
    if not first_day <= last_day <= now.date() or last_day - first_day > LONGEST_DRY_RUN:
        sentence = _("Choose days of the past, at most 400 of them.")
        raise Invalid(sentence, code="rules.days", places=[Place("first_day", sentence)])
    run = start_run(actor, kind="dry_run", subject=str(rule_set.pk), total=STEPS, now=now)
    return DryRun.objects.create(
        rule_set=rule_set,
        team_id=rule_set.team_id,
        first_day=first_day,
        last_day=last_day,
        run_id=run.pk,
        asked_by_id=actor.account,
        asked_at=now,
    )
