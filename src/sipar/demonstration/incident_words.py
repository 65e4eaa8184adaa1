"""What invented people wrote about invented incidents: titles by pattern, systems by sector, and how it ended."""

from __future__ import annotations

TITLES: dict[str, tuple[str, ...]] = {
    "web_application": (
        "Public website shows a foreign page", "Customer portal read through its search field",
        "Login page tried with stolen passwords", "File upload misused to run a script",
    ),
    "misuse": (
        "Former employee still read the shared drive", "Records opened without a reason by a clerk",
        "Administrator account used for private work", "Contractor copied a customer list",
    ),
    "lost_or_stolen": (
        "Laptop left in a bus", "Backup disk missing after a move", "Telephone of a manager stolen",
        "Box of forms lost between two offices",
    ),
    "error": (
        "Statement sent to the wrong customers", "Storage folder open to everybody",
        "Test system published with real data", "Wrong rule on the firewall opened a service",
    ),
    "denial_of_service": (
        "Website flooded for two hours", "Name servers overloaded from abroad", "Telephone exchange blocked by calls",
        "Payment page unreachable after a flood",
    ),
    "crimeware": (
        "Files of one department locked for ransom", "Malware on a workstation of accounts",
        "Mail attachment ran a downloader", "Mining software found on two servers",
    ),
    "espionage": (
        "Long quiet access to the mail server found", "Targeted mail to the head of planning",
        "Unknown remote tool on an engineering station", "Drawings left the network by night",
    ),
    "card_skimming": (
        "Skimming device on a cash machine", "Script on the payment page read card numbers",
        "Altered card terminal at one branch", "Cards misused after a visit to one shop",
    ),
    "other": (
        "Unexplained restart of several systems", "Supplier reported a break-in on its side",
        "False invoice paid after a changed account number", "Suspicious calls in the name of our help desk",
    ),
}  # fmt: skip
SYSTEMS: dict[str, str] = {
    "finance": "Core banking, customer portal", "energy": "Control centre, billing",
    "health": "Patient records, imaging",
    "it": "Hosting platform, customer portal", "telecom": "Provisioning, mail of subscribers",
    "government": "Document register, public website", "defence": "Office network", "transport": "Ticketing, dispatch",
    "aviation": "Check-in, flight information", "water": "Pump control, billing", "education": "Student records, mail",
    "food": "Orders, cold store control", "industry": "Plant network, orders", "public-safety": "Case register, radio",
    "community": "Website, mail",
}  # fmt: skip
IMPACT = (
    "Work went on by paper for some hours; no citizen was turned away.",
    "One service was slow; the rest was not touched.",
    "The data of a limited number of people was seen by others. They are being told.",
    "No damage was found beyond the systems that are named.",
)
CONTAINMENT = (
    "Accounts locked, passwords renewed, the systems taken off the network.",
    "The faulty rule was taken back and the logs were kept.",
    "The device was wiped from afar and its certificates were withdrawn.",
    "Traffic was filtered by the operator; the page was moved behind a shield.",
)
MEASURES = (
    "Second factor for all remote access, and a review of old accounts every quarter.",
    "Backups are now kept apart from the network and a restore is tested twice a year.",
    "The change goes through a second pair of eyes; the staff was trained on the case.",
    "Logs are kept for a year and looked at every day.",
)
CLOSINGS = (
    "Mended and checked. The final report says what was learnt.",
    "Nothing else was found in the logs of ninety days. Closed with the organisation's agreement.",
    "The cause is known and removed; the measures stand on the roadmap.",
)
REJECTED = "The alert came from a planned test that nobody had told us about."
HANDED_OVER = "The traces lead to several organisations in other sectors; the National CERT goes on."
ESCALATED = "High severity and a service that others depend on."
CONTACT = "Security team on duty, +92 000 9{number:06d}"
