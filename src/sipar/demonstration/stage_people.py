"""Opening the demonstration accounts first, and giving them their roles once the places exist."""

from __future__ import annotations

from allauth.mfa.totp.internal.auth import generate_totp_secret

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.demonstration.ground import Ground
from sipar.demonstration.people import BACKGROUND, PEOPLE, give_roles, open_accounts
from sipar.people.demonstration import seed_second_factor
from sipar.people.models import Account
from sipar.people.roles import needs_second_factor


@action("demonstration.people")
def load_people(actor: Actor, ground: Ground) -> None:
    """Open an account for each role, and those of people who only signed or reviewed."""
    firsts, lasts = ground.recipe.first_names, ground.recipe.last_names
    names = [f"{firsts[n % len(firsts)][0]} {lasts[(n * 5 + 3) % len(lasts)]}" for n in range(BACKGROUND)]
    open_accounts(names, now=ground.now)
    secret = {person.email for person in PEOPLE if needs_second_factor({role for role, _, _ in person.grants})}
    for account in Account.objects.filter(email__in=secret):
        seed_second_factor(account, generate_totp_secret())


@action("demonstration.roles")
def load_roles(actor: Actor, ground: Ground) -> None:
    """Give each account its roles."""
    organisations = {str(place): int(ground.organisations[place]) for place in range(len(ground.recipe.featured))}
    give_roles({"organisation": organisations, "team": ground.teams, "ministry": ground.ministries}, now=ground.now)
