"""What concerns the whole nation: one attack with three victims, a report that nobody has verified yet, a late one."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

from sipar.demonstration.register import MARK
from sipar.demonstration.telling import Teller, choices
from sipar.incidents.campaign_actions import join_campaign, open_campaign
from sipar.incidents.content_actions import add_note, send_message
from sipar.incidents.custody_actions import accept
from sipar.incidents.emergency_actions import Caller, receive_unverified
from sipar.incidents.indicator_actions import add_indicators
from sipar.incidents.mail_actions import receive_mail
from sipar.incidents.models import Campaign
from sipar.incidents.sharing_actions import share_with_team
from sipar.incidents.triage_actions import classify, score_severity

BANK, HOSPITAL, WATER, MOBILE = 1, 2, 3, 4
SHARED_INDICATORS = "remote-help.example\n198.51.100.23\n"


def tell_national(teller: Teller) -> None:
    """Tell the stories of several sectors."""
    for key, team in (("telecom-cert", "pk-telecom"), ("finance-cert", "pk-finance")):
        teller.hire(key, "analyst", team=team)
    teller.hire("hospital", "ciso", place=HOSPITAL)
    cases = (
        ("telecom-cert", _mobile(teller), {"cross_sector_dependency": "communications", "potential_impact": "high"}),
        ("finance-cert", _bank(teller), {"cross_sector_dependency": "banking_finance", "potential_impact": "moderate"}),
        ("province-analyst", _hospital(teller), {"cross_sector_dependency": "healthcare", "potential_impact": "high"}),
    )
    for worker, number, answers in cases:
        with teller.as_person(worker) as actor:
            case = teller.case(number)
            classify(
                actor, case, rsit_type="intrusions/unprivileged-account-compromise", tlp="amber", pap="amber",
                now=teller.ago(15),
            )  # fmt: skip
            score_severity(actor, case, choices=choices(**answers), outlook="stable", now=teller.ago(15))
    with teller.as_person("analyst") as actor:
        summary = (
            "A remote help tool of one supplier was replaced by a false update. Whoever installed it let a stranger in."
            " Victims are told to remove the tool, to renew passwords and to look for the two addresses."
        )
        title = "False update of a remote help tool"
        campaign = open_campaign(actor, title=title, summary=summary, tlp="amber", now=teller.ago(14))
    for worker, number, _ in cases:
        with teller.as_person(worker) as actor:
            reason = "The same tool, the same address, the same week."
            found = Campaign.objects.get(pk=campaign.pk)
            join_campaign(actor, teller.case(number), found, reason=reason, now=teller.ago(13))
    _shared(teller, cases[2][1])
    _unverified(teller)
    _mail(teller)


def _mobile(teller: Teller) -> str:
    number = teller.report(
        "telecom-ciso",
        MOBILE,
        {
            "report_subject": "incident",
            "summary": "Stranger in the network of shop terminals\nA false update of the remote help tool gave somebody"
            " access to terminals in our shops. The core network is kept apart and shows nothing.",
            "incident_class": "intrusions",
            "severity": "high",
            "suspected_malicious": True,
            "malicious_access": True,
            "ongoing": True,
            "personal_data_breach": False,
            "affected_systems": "Terminals in about sixty shops",
            "aware_at": teller.ago(30).isoformat(),
            "contact": "Security team of Shahrang Mobile, +92 000 9100005",
        },
        hours=26,
    )
    with teller.as_person("telecom-cert") as actor:
        accept(actor, teller.case(number), now=teller.ago(25.4))
        words = "Received. Which version of the tool do you run, and since when?"
        send_message(actor, teller.case(number), body=words, now=teller.ago(25))
    return number


def _bank(teller: Teller) -> str:
    """A notification that was not sent within 72 hours, and has not been sent yet."""
    number = teller.report(
        "bank-ciso",
        BANK,
        {
            "report_subject": "incident",
            "summary": "Remote help tool of a branch office misused\nA clerk's screen was seen moving by itself."
            " The tool was removed the same hour; two customer records were opened.",
            "incident_class": "intrusions",
            "severity": "medium",
            "suspected_malicious": True,
            "malicious_access": True,
            "possible_data_loss": True,
            "ongoing": False,
            "affected_systems": "Workstations of one branch",
            "aware_at": teller.ago(101).isoformat(),
            "contact": "Security team of Sindhara Bank, +92 000 9100006",
        },
        hours=92,
    )
    with teller.as_person("finance-cert") as actor:
        accept(actor, teller.case(number), now=teller.ago(91.5))
        send_message(actor, teller.case(number), body="Received; we look for the same elsewhere.", now=teller.ago(91))
        words = "The report with first findings was due. Please send what you know, and say why it is late."
        send_message(actor, teller.case(number), body=words, now=teller.ago(20))
    return number


def _hospital(teller: Teller) -> str:
    number = teller.report(
        "hospital",
        HOSPITAL,
        {
            "report_subject": "incident",
            "summary": "Imaging computers controlled from outside\nTwo computers beside the scanners were used by a"
            " stranger through the supplier's remote help tool. Examinations go on with films and paper.",
            "incident_class": "intrusions",
            "severity": "high",
            "suspected_malicious": True,
            "malicious_access": True,
            "ongoing": True,
            "health_damage": False,
            "affected_systems": "Two computers of the imaging department",
            "aware_at": teller.ago(44).isoformat(),
            "contact": "Duty physician of radiology, +92 000 9100007",
        },
        hours=40,
    )
    with teller.as_person("province-analyst") as actor:
        accept(actor, teller.case(number), now=teller.ago(39))
        words = "We have your case. Does the supplier know, and who else uses the tool at your hospital?"
        send_message(actor, teller.case(number), body=words, now=teller.ago(38.5))
    teller.follow_up(
        "hospital",
        number,
        "notification",
        {
            "impact_description": "Examinations take twice as long. No patient was harmed and no appointment was lost.",
            "containment_actions": "The two computers are off the network; the tool was removed everywhere.",
            "indicators": "remote-help.example",
            "ongoing": False,
        },
        hours=16,
    )
    return number


def _shared(teller: Teller, number: str) -> None:
    with teller.as_person("province-analyst") as actor:
        add_indicators(actor, teller.case(number), lines=SHARED_INDICATORS, tlp="green", now=teller.ago(12))
        reason = "Other hospitals use the same tool; please ask yours."
        share_with_team(
            actor, teller.case(number), team=teller.team("demo-health"), projection="full", reason=reason,
            now=teller.ago(11),
        )  # fmt: skip
    with teller.as_person("health-head") as actor:
        note = "We asked eleven hospitals. Two run the tool, none has seen the addresses."
        add_note(actor, teller.case(number), body=note, audience="teams", now=teller.ago(4))


def _unverified(teller: Teller) -> None:
    name = teller.ground.recipe.featured[WATER].name + MARK
    caller = Caller(organisation=name, name="Gul Sabzwan", role="Pump operator", phone="+92 000 9100008")
    facts = {
        "summary": "Pumps switch off by themselves\nThe screen shows values that cannot be true. We run the pumps by"
        " hand now. The office is closed and I have no account.",
        "aware_at": (teller.now - timedelta(minutes=50)).isoformat(),
        "contact": "Gul Sabzwan, +92 000 9100008",
        "ongoing": True,
        "help_needed": True,
    }
    with teller.as_sipar() as actor:
        receive_unverified(actor, caller, facts, door="emergency", now=teller.now - timedelta(minutes=35))


def _mail(teller: Teller) -> None:
    """Somebody writes to the CERT as people do, in words that no program reads."""
    name = teller.ground.recipe.featured[BANK].name + MARK
    mail = EmailMessage()
    mail["From"], mail["To"] = "Branch office <branch@bank.example>", "cert@cert.example"
    mail["Subject"], mail["Message-ID"] = "please call us, strange transfers", "<branch-1@bank.example>"
    mail.set_content(
        f"Salam,\n\nI write from a branch of {name}. Since this morning we see transfers that nobody here has made."
        " Our head office does not answer the telephone. What should we do?\n\nGulmina, deputy manager\n"
    )
    with teller.as_sipar() as actor:
        receive_mail(actor, mail.as_bytes(), now=teller.now - timedelta(minutes=20))
