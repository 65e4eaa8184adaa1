"""Help: one request that waits for acceptance, one at work, one closed with a lesson."""

from __future__ import annotations

from datetime import timedelta

from sipar.demonstration.telling import Teller
from sipar.frameworks.models import Framework
from sipar.incidents.models import Incident
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.support.actions import Asking, accept_request, ask_for_help
from sipar.support.models import SupportRequest
from sipar.support.work_actions import arrive, dispatch, finish_request, give_feedback, write_effort, write_lesson

POWER = 0
CONTACT, PHONE = "Control room", "+92 000 9100001"
PLACE = "Head office, second floor"


def tell_help(teller: Teller, ransomware: str) -> None:
    """Tell the three requests of the power distributor."""
    _closed(teller)
    _working(teller, ransomware)
    _ask(
        teller,
        Asking(
            title="Look at the sign-ins of three mailboxes with us",
            needs="We have exported the logs of thirty days and do not know what to look for.",
            urgency="days", mode="remote", contact=CONTACT, phone=PHONE, services=("6.2",),
        ),
        hours=6.2,
    )  # fmt: skip


def _working(teller: Teller, ransomware: str) -> None:
    key = _ask(
        teller,
        Asking(
            title="Two people to help restore the billing servers",
            needs="Our own team works since two nights. We need people who have restored a domain before.",
            urgency="hours", mode="on_site", contact=CONTACT, phone=PHONE, place=PLACE,
            access="Gate 2, ask for the shift engineer. Badges are ready.", services=("6.2",),
        ),
        hours=47,
        case=ransomware,
    )  # fmt: skip
    with teller.as_person("sector-duty") as actor:
        accept_request(actor, _request(key), eta=teller.ago(42), now=teller.ago(46.5))
    with teller.as_person("sector-head") as actor:
        for person, task, equipment in (
            ("sector-analyst", "Restore of the domain, order of the servers", "Forensic laptop, two write blockers"),
            ("sector-duty", "Watch the network while machines come back", "Network sensor"),
        ):
            account = Account.objects.get(pk=teller.people[f"{person}@demo.example"])
            dispatch(actor, _request(key), account, mode="on_site", task=task, equipment=equipment, now=teller.ago(45))
    with teller.as_person("sector-analyst") as actor:
        arrive(actor, _request(key), now=teller.ago(42.5))
        for hours, minutes, what in ((30, 420, "Domain controllers built anew"), (8, 300, "File server restored")):
            at = teller.ago(hours)
            write_effort(actor, _request(key), on=at.date(), minutes=minutes, what=what, now=at)


def _closed(teller: Teller) -> None:
    key = _ask(
        teller,
        Asking(
            title="Check of the remote access to substations",
            needs="Before the summer we want a second pair of eyes on who can reach the substations.",
            urgency="planned", mode="remote", contact=CONTACT, phone=PHONE, services=(),
        ),
        hours=24 * 41,
    )  # fmt: skip
    with teller.as_person("sector-analyst") as actor:
        accept_request(actor, _request(key), eta=teller.ago(24 * 38), now=teller.ago(24 * 40))
        arrive(actor, _request(key), now=teller.ago(24 * 38))
        at = teller.ago(24 * 37)
        what = "Read the rules of both gateways with the operators"
        write_effort(actor, _request(key), on=at.date(), minutes=360, what=what, now=at)
        report = (
            "Forty accounts could reach the substations; eleven belonged to people who had left. They are closed. Both"
            " gateways now ask for a second factor. What is missing: nobody reviews the list."
        )
        finish_request(actor, _request(key), report=report, now=teller.ago(24 * 35))
        framework = Framework.objects.filter(identifier="nist-csf-2.0").latest("pk")
        lesson = "Review who can reach the substations every quarter, and close accounts on the day somebody leaves."
        write_lesson(actor, _request(key), framework, "PR.AA-05", text=lesson, now=teller.ago(24 * 35))
    with teller.as_person("ciso") as actor:
        words = "Quick, friendly, and they explained what they did."
        give_feedback(actor, _request(key), rating=5, text=words, now=teller.now - timedelta(days=33))


def _ask(teller: Teller, asking: Asking, *, hours: float, case: str = "") -> int:
    with teller.as_person("ciso") as actor:
        organisation = Organisation.objects.get(pk=int(teller.organisations[POWER]))
        incident = Incident.objects.get(number=case) if case else None
        return ask_for_help(actor, organisation, asking, incident=incident, now=teller.ago(hours)).pk


def _request(key: int) -> SupportRequest:
    return SupportRequest.objects.select_related("organisation", "team").get(pk=key)
