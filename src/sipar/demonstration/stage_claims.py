"""Claims beyond the register's own: national ranges, a name inside another's, marks, and what two claim at once."""

from __future__ import annotations

from datetime import timedelta

from sipar.claims.actions import keep_range, settle_conflict
from sipar.claims.lookups import current_lookup
from sipar.claims.models import Conflict
from sipar.demonstration.people import FICTIONAL_TEAM
from sipar.demonstration.stage_register import IPV4_BLOCKS, IPV6_BLOCK
from sipar.demonstration.telling import Teller
from sipar.orgs.actions import keep_asset

POWER, BANK, HOSPITAL, WATER, MOBILE = range(5)
NAT_RANGE, CLOUD_RANGE = "203.0.113.128/27", "203.0.113.160/28"
CLAIMED_TWICE, SETTLED = "203.0.113.176/29", "203.0.113.184/29"
NOBODYS_HEALTH, NOBODYS = "203.0.113.192/27", "203.0.113.224/27"
INSIDE_OF_MOBILE = "192.0.2.38/31"
HOLDER = "Documentation range (fictional nation)"
REASON = "The letter of the operator names the water supplier since this spring; the hospital agrees."


def tell_claims(teller: Teller) -> None:
    """Tell who claims what, and compile the first lookup; one conflict is settled, one waits for an analyst."""
    since = teller.now.date() - timedelta(days=400)
    with teller.as_person("analyst") as actor:
        for value in (*IPV4_BLOCKS, str(IPV6_BLOCK)):
            team = teller.team("pk-national")
            keep_range(actor, kind="prefix", value=value, team=team, holder=HOLDER, valid_from=since)
        health = teller.team(FICTIONAL_TEAM)
        holder = "Clinics that nobody has registered (fictional)"
        keep_range(actor, kind="prefix", value=NOBODYS_HEALTH, team=health, holder=holder, valid_from=since)
        inside = f"portal.{teller.ground.register.table['domain'][MOBILE]}"
        for place, kind, value, note in (
            (WATER, "prefix", INSIDE_OF_MOBILE, "Two addresses that the mobile operator lends us"),
            (WATER, "domain", inside, "Our customers' portal, kept at the mobile operator"),
            (HOSPITAL, "prefix", CLAIMED_TWICE, "Old building"),
            (WATER, "prefix", CLAIMED_TWICE, "Pumping station, connected since spring"),
            (HOSPITAL, "prefix", SETTLED, "Old building"),
            (WATER, "prefix", SETTLED, "Pumping station"),
        ):
            keep_asset(actor, teller.organisation(place), kind=kind, value=value, note=note, valid_from=since)
    with teller.as_person("telecom-ciso") as actor:
        note = "Subscribers behind shared addresses"
        mobile = teller.organisation(MOBILE)
        keep_asset(actor, mobile, kind="prefix", value=NAT_RANGE, note=note, valid_from=since, mark="nat")
    with teller.as_person("bank-ciso") as actor:
        note = "Rented machines, addresses change hands"
        bank = teller.organisation(BANK)
        keep_asset(actor, bank, kind="prefix", value=CLOUD_RANGE, note=note, valid_from=since, mark="cloud")
    with teller.as_sipar():
        current_lookup(teller.ago(24 * 31))
    with teller.as_person("analyst") as actor:
        conflict = Conflict.objects.get(kind="prefix", value=SETTLED)
        water = teller.organisation(WATER).assets.get(kind="prefix", value=SETTLED)
        settle_conflict(actor, conflict, winner=water.pk, reason=REASON, now=teller.ago(24 * 30))
