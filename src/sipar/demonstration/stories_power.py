"""The power sector CERT's day: a draft, two cases to accept, one in full work, one brought before the National CERT."""

from __future__ import annotations

from datetime import timedelta

from sipar.demonstration.recipe import FOLDER
from sipar.demonstration.telling import Teller, choices
from sipar.frameworks.models import Framework
from sipar.incidents.artefact_actions import receive_artefact, record_custody
from sipar.incidents.content_actions import add_event, add_note, read_messages, send_message
from sipar.incidents.custody_actions import accept, escalate
from sipar.incidents.indicator_actions import add_indicators
from sipar.incidents.models import Playbook, Task
from sipar.incidents.playbook_actions import apply_playbook, import_playbook
from sipar.incidents.requirement_actions import add_requirement
from sipar.incidents.sharing_actions import give_extract
from sipar.incidents.task_actions import add_task, settle_task
from sipar.incidents.triage_actions import assign, classify, score_severity, set_state
from sipar.obligations.actions import decide_not_to_report, recompute
from sipar.orgs.models import Organisation

POWER, POLICY = 0, "demonstration-policy"
POWER_SUBSECTORS = ("energy-generation", "energy-distribution", "energy-transmission")
CONTACT = "Control room of Indus Valley Power, +92 000 9100001"
INDICATORS = """203.0.113.77
update-service.example
https://update-service.example/client/setup.bin
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""
LETTERS = """tariffs@regulator.example
regulator.example
"""
NOTE = b"""YOUR FILES ARE LOCKED. Write to the address below within three days. (Invented for the demonstration.)
"""
LOG = b"""time,account,source,result
2026-01-01T02:11:09Z,svc-billing,203.0.113.77,accepted
2026-01-01T02:14:40Z,svc-billing,203.0.113.77,accepted
"""


def tell_power(teller: Teller) -> str:
    """Tell the stories of the power sector; returns the number of the case that is in full work."""
    _playbooks(teller)
    _draft(teller)
    _not_reported(teller)
    _waiting(teller)
    _escalated(teller)
    _warned(teller)
    return _ransomware(teller)


def _playbooks(teller: Teller) -> None:
    with teller.as_person("analyst") as actor:
        for path in sorted((FOLDER / "data").glob("playbook-*.json")):
            team = teller.ground.teams["pk-national"]
            import_playbook(actor, path.read_bytes(), team=team, now=teller.ago(24 * 20))


def _draft(teller: Teller) -> None:
    facts = {
        "report_subject": "incident",
        "summary": "Odd mails from mailboxes of the planning department\nSince this morning partners get mails from"
        " three of our mailboxes that nobody here wrote. The accounts are locked; we are looking at the sign-in logs.",
        "aware_at": teller.ago(5).isoformat(),
        "affected_systems": "Mail, three mailboxes of planning",
        "contact": CONTACT,
        "ongoing": True,
    }
    teller.draft("reporter", POWER, facts, hours=0.7)


def _not_reported(teller: Teller) -> None:
    facts = {
        "report_subject": "incident",
        "summary": "Laptop of a meter reader lost\nThe disk is encrypted, the key was not on it, and the device was"
        " locked from afar within the hour.",
        "aware_at": teller.ago(22).isoformat(),
        "severity": "medium",
        "suspected_malicious": False,
        "ongoing": False,
        "contact": CONTACT,
    }
    number = teller.draft("ciso", POWER, facts, hours=20)
    with teller.as_person("ciso") as actor:
        incident = teller.case(number)
        recompute(actor, incident, reason="before the decision", now=teller.ago(19.5))
        reason = (
            "The disk was encrypted and switched off, the device was wiped, and no service was touched. The police has"
            " the loss on record. We keep the case, and report at once should the device turn up in foreign hands."
        )
        decide_not_to_report(actor, incident, code=POLICY, reason=reason, now=teller.ago(19))


def _waiting(teller: Teller) -> None:
    grid = teller.place("pk-power", "energy-transmission", *POWER_SUBSECTORS, tier=1)
    teller.hire("grid", "ciso", place=grid)
    teller.report(
        "grid",
        grid,
        {
            "report_subject": "incident",
            "summary": "Unknown sign-ins to the remote access of two substations\nAn account of a contractor who left"
            " in spring was used tonight from abroad. The account is closed. We do not know yet what was done with it.",
            "incident_class": "intrusions",
            "severity": "high",
            "suspected_malicious": True,
            "malicious_access": True,
            "ongoing": True,
            "help_needed": True,
            "operational_technology_impact": False,
            "affected_systems": "Remote access of two substations",
            "aware_at": teller.ago(2.5).isoformat(),
            "contact": "Operations on duty, +92 000 9100002",
        },
        hours=0.85,
        guesses=("severity",),
    )
    plant = teller.place("pk-power", *POWER_SUBSECTORS, tier=3)
    teller.hire("plant", "ciso", place=plant)
    teller.report(
        "plant",
        plant,
        {
            "report_subject": "incident",
            "summary": "False invoices sent in the name of our purchasing\nTwo suppliers asked about a changed account"
            " number that we never changed. No money was paid.",
            "incident_class": "fraud",
            "severity": "medium",
            "suspected_malicious": True,
            "ongoing": False,
            "affected_systems": "Mail of purchasing",
            "aware_at": teller.ago(30).isoformat(),
            "contact": "Office, +92 000 9100003",
        },
        hours=6.5,
    )


def _escalated(teller: Teller) -> None:
    plant = teller.place("pk-power", *POWER_SUBSECTORS, tier=1)
    teller.hire("generation", "ciso", place=plant)
    number = teller.report(
        "generation",
        plant,
        {
            "report_subject": "incident",
            "summary": "Foreign program on an engineering station of the turbine hall\nA station that writes settings"
            " to the turbine controllers ran a program that nobody installed. It was found during a planned check.",
            "incident_class": "malicious-code",
            "severity": "critical",
            "suspected_malicious": True,
            "ongoing": True,
            "operational_technology_impact": True,
            "critical_service_affected": True,
            "affected_systems": "One engineering station, network of the turbine hall",
            "aware_at": teller.ago(23).isoformat(),
            "contact": "Shift engineer, +92 000 9100004",
        },
        hours=20,
    )
    with teller.as_person("sector-duty") as actor:
        accept(actor, teller.case(number), now=teller.ago(19.5))
        words = "We have your case. Please keep the station running, and let nobody sign in to it."
        send_message(actor, teller.case(number), body=words, now=teller.ago(19.2))
    with teller.as_person("sector-analyst") as actor:
        at = teller.ago(18)
        classify(actor, teller.case(number), rsit_type="malicious-code/infected-system", tlp="red", pap="amber", now=at)
        answers = choices(
            functional_impact="minimal_critical", location="critical_management", actor="apt_targeted",
            information_impact="critical_breach", recoverability="supplemented", cross_sector_dependency="energy",
            potential_impact="severe",
        )  # fmt: skip
        score_severity(actor, teller.case(number), choices=answers, outlook="worsening", now=at)
        reason = (
            "The program knows the controllers of this maker. Other plants run the same; please look at it with us."
        )
        escalate(actor, teller.case(number), projection="full", reason=reason, now=teller.ago(17.5))
        note = "The maker was told by telephone. They ask for a copy of the program under TLP:RED."
        add_note(actor, teller.case(number), body=note, audience="teams", now=teller.ago(16))


def _warned(teller: Teller) -> None:
    """A case that is nearly over, of which the power distributor was given what it can search for."""
    plant = teller.place("pk-power", *POWER_SUBSECTORS, tier=2)
    teller.hire("warned", "ciso", place=plant)
    number = teller.report(
        "warned",
        plant,
        {
            "report_subject": "incident",
            "summary": "Letters of a false regulator with an attachment\nSeveral engineers got mail about new tariffs."
            " Nobody opened the attachment.",
            "incident_class": "fraud",
            "severity": "low",
            "suspected_malicious": True,
            "ongoing": False,
            "affected_systems": "Mail",
            "aware_at": teller.ago(80).isoformat(),
            "contact": "Office, +92 000 9100009",
        },
        hours=78,
    )
    with teller.as_person("sector-analyst") as actor:
        case = teller.case(number)
        accept(actor, case, now=teller.ago(77))
        send_message(actor, case, body="Thank you. Please send us one of the letters whole.", now=teller.ago(76.5))
        classify(actor, case, rsit_type="fraud/phishing", tlp="green", pap="green", now=teller.ago(76))
        add_indicators(actor, case, lines=LETTERS, tlp="green", now=teller.ago(76))
        score_severity(actor, case, choices=choices(observed_activity="prepare"), now=teller.ago(75))
        # A small nation may have no second power company to warn from.
        if plant != POWER:
            recipient = Organisation.objects.get(pk=int(teller.organisations[POWER]))
            words = "Engineers of another power company got these letters. Look for the sender and warn yours."
            give_extract(
                actor, case, recipient=recipient, projection="indicators", tlp="green", words=words, now=teller.ago(74)
            )
        set_state(actor, case, state="contained", now=teller.ago(70))


def _ransomware(teller: Teller) -> str:
    number = teller.report(
        "reporter",
        POWER,
        {
            "report_subject": "incident",
            "summary": "Files of the billing department locked for ransom\nSince last night the file server of billing"
            " shows a note that asks for money. About forty workstations are off the network. The grid is not touched.",
            "incident_class": "malicious-code",
            "severity": "high",
            "suspected_malicious": True,
            "ransomware": True,
            "ongoing": True,
            "help_needed": True,
            "ransom_paid": False,
            "critical_service_affected": False,
            "affected_systems": "File server of billing, about forty workstations",
            "aware_at": teller.ago(59).isoformat(),
            "contact": CONTACT,
        },
        hours=52,
        guesses=("affected_systems",),
    )
    with teller.as_person("sector-duty") as actor:
        accept(actor, teller.case(number), now=teller.ago(51.6))
    _worked_on(teller, number)
    _talked_about(teller, number)
    return number


def _worked_on(teller: Teller, number: str) -> None:
    with teller.as_person("sector-analyst") as actor:
        at, case = teller.ago(50), teller.case(number)
        assign(actor, case, account=actor.account, now=at)
        classify(actor, case, rsit_type="malicious-code/infected-system", tlp="amber", pap="amber", now=at)
        answers = choices(
            functional_impact="significant_non_critical", observed_activity="effect", location="business_management",
            information_impact="destruction_non_critical", recoverability="supplemented",
            cross_sector_dependency="energy", potential_impact="high",
        )  # fmt: skip
        score_severity(actor, case, choices=answers, outlook="stable", now=teller.ago(49))
        book = Playbook.objects.get(name="Ransomware on a network")
        apply_playbook(actor, case, book, now=teller.ago(48.5))
        for task, outcome in zip(
            Task.objects.filter(incident=case).order_by("position")[:3],
            ("Done by the network team at 02:40.", "Both copies are readable; the last is four days old.", ""),
            strict=True,
        ):
            settle_task(actor, case, task, state="done", outcome=outcome, now=teller.ago(40))
        add_task(
            actor, case, title="Send us the list of accounts with administrator rights", for_organisation=True,
            detail="With the day of the last change of password.", due_at=teller.now + timedelta(hours=6),
            now=teller.ago(20),
        )  # fmt: skip
        add_indicators(actor, case, lines=INDICATORS, tlp="green", now=teller.ago(30))
    with teller.as_person("ciso") as actor:
        case = teller.case(number)
        receive_artefact(
            actor, case, NOTE, name="note-on-the-server.txt", kind="evidence",
            description="The note as it stood on the file server", now=teller.ago(47),
        )  # fmt: skip
        receive_artefact(actor, case, LOG, name="sign-ins-billing.csv", kind="evidence", now=teller.ago(46))
        framework = Framework.objects.filter(identifier="nist-csf-2.0").latest("pk")
        for requirement, how, why in (
            ("PR.DS-11", "helped", "The copies were kept apart and could be read."),
            ("PR.AA-05", "failed", "A service account of billing had administrator rights everywhere."),
        ):
            add_requirement(
                actor, case, framework=framework.pk, requirement=requirement, how=how, note=why, now=teller.ago(28)
            )
    with teller.as_person("sector-analyst") as actor:
        case = teller.case(number)
        sample = receive_artefact(
            actor, case, b"MZ invented bytes, not a program", name="setup.bin", kind="malware", audience="teams",
            description="Downloaded by the first machine", now=teller.ago(33),
        )  # fmt: skip
        record_custody(
            actor, case, sample, what="examined", holder="Rabia Toresha", purpose="Strings and network addresses",
            now=teller.ago(31),
        )  # fmt: skip


def _talked_about(teller: Teller, number: str) -> None:
    with teller.as_person("sector-duty") as actor:
        words = (
            "We have your case. Please leave the machines running and unplug them from the network. Who can we call?"
        )
        send_message(actor, teller.case(number), body=words, now=teller.ago(51.5))
    with teller.as_person("ciso") as actor:
        case = teller.case(number)
        read_messages(actor, case, now=teller.ago(51))
        words = "Forty machines are unplugged. Call the control room at any time; they reach me."
        send_message(actor, case, body=words, now=teller.ago(50.9))
        happened = "First note found on the file server by the night shift."
        add_event(actor, case, body=happened, happened_at=teller.ago(59.5), now=teller.ago(50))
    with teller.as_person("sector-analyst") as actor:
        case = teller.case(number)
        read_messages(actor, case, now=teller.ago(50.5))
        note = "The same sender address appeared in a case of last spring. Check whether the account is the same."
        add_note(actor, case, body=note, audience="team", now=teller.ago(29))
        words = "We found the account that was used: svc-billing. Please lock it and tell us when the copies are back."
        send_message(actor, case, body=words, now=teller.ago(27))
