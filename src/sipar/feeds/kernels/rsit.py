"""The types of the Reference Security Incident Taxonomy, and how the words of other sources map to them.

RSIT v1003 (ENISA and TF-CSIRT, CC0). IntelMQ's classification types are RSIT's and a few of its own, which stand here.
"""

from __future__ import annotations

CLASSES = {
    "abusive-content": ("spam", "harmful-speech", "violence"),
    "malicious-code": ("infected-system", "c2-server", "malware-distribution", "malware-configuration"),
    "information-gathering": ("scanner", "sniffing", "social-engineering"),
    "intrusion-attempts": ("ids-alert", "brute-force", "exploit"),
    "intrusions": (
        "privileged-account-compromise",
        "unprivileged-account-compromise",
        "application-compromise",
        "system-compromise",
        "burglary",
    ),
    "availability": ("dos", "ddos", "misconfiguration", "sabotage", "outage"),
    "information-content-security": (
        "unauthorised-information-access",
        "unauthorised-information-modification",
        "data-loss",
        "data-leak",
    ),
    "fraud": ("unauthorised-use-of-resources", "copyright", "masquerade", "phishing"),
    "vulnerable": (
        "weak-crypto",
        "ddos-amplifier",
        "potentially-unwanted-accessible",
        "information-disclosure",
        "vulnerable-system",
    ),
    "other": ("other", "undetermined"),
    "test": ("test",),
}
CLASS_OF = {kind: group for group, kinds in CLASSES.items() for kind in kinds}
TYPES = tuple(CLASS_OF)
# IntelMQ's own types and the names that RSIT had before 2021.
_OTHER_WORDS = {
    "blacklist": "other",
    "blocklist": "other",
    "dga-domain": "other",
    "malware": "infected-system",
    "proxy": "other",
    "tor": "other",
    "unknown": "undetermined",
    "c&c": "c2-server",
    "c2server": "c2-server",
    "cc": "c2-server",
    "botnet-drone": "infected-system",
    "backdoor": "system-compromise",
    "compromised": "system-compromise",
    "defacement": "unauthorised-information-modification",
    "dropzone": "malware-distribution",
    "vulnerable-service": "vulnerable-system",
    "vulnerable service": "vulnerable-system",
    "vulnerable client": "vulnerable-system",
    "leak": "data-leak",
    "ransomware": "infected-system",
}


def rsit_type(word: str) -> str:
    """The RSIT type for a type of RSIT or IntelMQ, or a machine tag of MISP; `undetermined` for any other word."""
    plain = word.strip().lower()
    if plain.startswith("rsit:"):
        plain = plain.partition("=")[2].strip('"')
    if plain in CLASS_OF:
        return plain
    return _OTHER_WORDS.get(plain, "undetermined")
