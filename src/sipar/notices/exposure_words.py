"""Findings in words: what was seen, how bad it is, why it comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from sipar.orgs.models import Province, Sector

type Names = Mapping[int | None, tuple[str, str]]

SEVERITIES: tuple[str | Promise, ...] = (
    gettext_lazy("For information"),
    gettext_lazy("Low"),
    gettext_lazy("Medium"),
    gettext_lazy("High"),
    gettext_lazy("Critical"),
)
CRITICAL = 4
_NAMED: dict[str, str | Promise] = {
    "blacklisted-ip": gettext_lazy("Address on a block list"),
    "compromised-account": gettext_lazy("Account in the hands of others"),
    "compromised-iot": gettext_lazy("Device in the hands of others"),
    "compromised-website": gettext_lazy("Website in the hands of others"),
    "infection": gettext_lazy("Infected machine"),
    "ddos-participant": gettext_lazy("Machine that takes part in floods"),
    "ransomware-victim": gettext_lazy("Named as a victim of ransomware"),
    "c2-beacon": gettext_lazy("Server that commands infected machines"),
    "malware-url": gettext_lazy("Address that spreads malware"),
    "spam-url": gettext_lazy("Address advertised by spam"),
    "ip-spoofer": gettext_lazy("Network that lets forged senders out"),
    "sinkholedns": gettext_lazy("Machine that asks for names of malware"),
    "dns-open-resolver": gettext_lazy("Name server that answers everybody"),
    "badsecret": gettext_lazy("Web application with a known secret"),
    "ntp-monitor": gettext_lazy("Time server that amplifies floods"),
    "ntp-version": gettext_lazy("Time server that tells about itself"),
    "ssl-freak": gettext_lazy("TLS open to FREAK"),
    "ssl-poodle": gettext_lazy("TLS open to POODLE"),
    "special": gettext_lazy("Special report"),
}
# What does not read well in capitals as it stands in an identifier.
_SERVICES = {
    "mysql": "MySQL", "postgres": "PostgreSQL", "mongodb": "MongoDB", "redis": "Redis", "docker": "Docker",
    "kubernetes": "Kubernetes", "elasticsearch": "Elasticsearch", "telnet": "Telnet", "memcached": "Memcached",
    "hadoop": "Hadoop", "couchdb": "CouchDB", "activemq": "ActiveMQ", "rsync": "rsync", "http-proxy": "HTTP proxy",
    "mqtt-anon": "MQTT", "cisco-smart-install": "Cisco Smart Install", "portmapper": "Portmapper",
    "modbus": "Modbus", "confluence": "Confluence", "exchange": "Exchange", "vpn": "VPN", "fortinet": "Fortinet",
    "citrix": "Citrix", "ics": "ICS",
}  # fmt: skip
# The codes of `exposure.priority.REASONS`.
_REASONS: dict[str, str | Promise] = {
    "kev": gettext_lazy("known to be exploited"),
    "ransomware": gettext_lazy("used by ransomware"),
    "poc": gettext_lazy("a way to exploit it is published"),
    "epss": gettext_lazy("likely to be exploited soon"),
    "likelihood": gettext_lazy("likely to be exploited, as Sipar estimates"),
    "severity": gettext_lazy("severe by its kind"),
    "tier": gettext_lazy("the organisation is critical"),
    "takes_over": gettext_lazy("gives the whole system away"),
    "reopened": gettext_lazy("came back after it was closed"),
}


def language() -> str:
    return (get_language() or "en").split("-")[0]


def words(text: Mapping[str, str]) -> str:
    """The text in the active language, else in English."""
    return text.get(language()) or text["en"]


def kind_word(kind: str) -> str:
    """What a kind of finding is called: `open-rdp` is "RDP open to the internet"."""
    named = _NAMED.get(kind)
    if named is not None:
        return str(named)
    way, _dash, service = kind.partition("-")
    if service and way == "accessible":
        return _("%(service)s within reach of the internet") % {"service": _service(service)}
    if service and way in ("open", "exposed"):
        return _("%(service)s open to the internet") % {"service": _service(service)}
    if service and way == "vulnerable":
        return _("Vulnerable %(service)s") % {"service": _service(service)}
    return kind.replace("-", " ").capitalize()


def severity_word(severity: int) -> str:
    return str(SEVERITIES[min(max(severity, 0), CRITICAL)])


def reasons_in_words(reasons: Sequence[Any], *, severity: int) -> list[str]:
    """Why a finding stands where it stands; its severity where nothing better is known.

    A reason is a code, or an object with `code` and `value`; one that Sipar has no words for is said as it is.
    """
    found = []
    for reason in reasons[:6]:
        code, value = (reason.get("code", ""), reason.get("value")) if isinstance(reason, dict) else (str(reason), None)
        said = str(_REASONS.get(code, code.replace("_", " ")))
        found.append(f"{said} ({value})" if value not in (None, "", True) else said)
    return found or [severity_word(severity)]


def days_in_words(days: float | None) -> str:
    """A median of days: "4 days", "less than a day", or that there is none yet."""
    if days is None:
        return _("not known yet")
    if days < 1:
        return _("less than a day")
    number = round(days)
    return ngettext("%(number)s day", "%(number)s days", number) % {"number": f"{number:,}"}


def sector_names() -> Names:
    """(code, name) of every sector by key, in the nation's order, and last of what has none."""
    rows = Sector.objects.filter(parent=None).values_list("id", "code", "name")
    return {key: (code, words(name)) for key, code, name in rows} | {None: ("", _("Nobody claims it"))}


def province_names() -> Names:
    """(code, name) of every province by key, in the nation's order, and last of what has none."""
    rows = Province.objects.values_list("id", "code", "name")
    return {key: (code, words(name)) for key, code, name in rows} | {None: ("", _("Nobody claims it"))}


def _service(identifier: str) -> str:
    return _SERVICES.get(identifier) or (
        identifier.upper() if len(identifier) <= 6 else identifier.replace("-", " ").capitalize()
    )
