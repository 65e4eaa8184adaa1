"""The names and categories of n6 events, as data (CERT Polska, n6 data specification)."""

from __future__ import annotations

# Category: the RSIT type that it is.
CATEGORIES = {
    "amplifier": "ddos-amplifier",
    "backdoor": "system-compromise",
    "bots": "infected-system",
    "cnc": "c2-server",
    "deface": "unauthorised-information-modification",
    "dns-query": "other",
    "dos-attacker": "ddos",
    "dos-victim": "ddos",
    "flow": "other",
    "flow-anomaly": "other",
    "fraud": "masquerade",
    "leak": "data-leak",
    "malurl": "malware-distribution",
    "malware-action": "malware-configuration",
    "other": "other",
    "phish": "phishing",
    "proxy": "other",
    "sandbox-url": "malware-distribution",
    "scam": "masquerade",
    "scanning": "scanner",
    "server-exploit": "exploit",
    "spam": "spam",
    "spam-url": "spam",
    "tor": "other",
    "vulnerable": "vulnerable-system",
    "webinject": "malware-configuration",
}
# Categories of what listens: the address answers on `dport`. All others speak from `sport`.
LISTENING = frozenset({
    "amplifier", "cnc", "deface", "leak", "malurl", "phish", "proxy", "scam", "spam-url", "tor", "vulnerable",
})  # fmt: skip
