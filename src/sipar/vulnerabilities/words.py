"""Why a component is said to be affected, in words; the codes and values come from matching."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.vulnerabilities.models import Dismissal

ORDERS = {
    "generic": gettext_lazy("numbers and words in turn, as products without an ecosystem of their own have them"),
    "semver": gettext_lazy("semantic versioning"),
    "pypi": gettext_lazy("Python packages (PEP 440)"),
    "maven": gettext_lazy("Maven"),
    "deb": gettext_lazy("Debian packages"),
    "rpm": gettext_lazy("RPM packages"),
    "gem": gettext_lazy("Ruby gems"),
    "nuget": gettext_lazy("NuGet packages"),
    "golang": gettext_lazy("Go modules"),
    "composer": gettext_lazy("PHP packages"),
}


def range_in_words(why: dict[str, Any]) -> str:
    """Which versions the range holds."""
    lower, upper = why.get("lower"), why.get("upper")
    if lower is None and upper is None:
        return _("all versions")
    if lower == upper and why.get("lower_inclusive") and why.get("upper_inclusive"):
        return _("version %(version)s") % {"version": lower}
    parts = []
    if lower is not None:
        said = _("from %(version)s on") if why.get("lower_inclusive") else _("after %(version)s")
        parts.append(said % {"version": lower})
    if upper is not None:
        said = _("up to and with %(version)s") if why.get("upper_inclusive") else _("before %(version)s")
        parts.append(said % {"version": upper})
    return _(", ").join(parts)


def reasons(why: dict[str, Any], *, version: str) -> list[str]:
    """The sentences that explain a match: the name, the range, the order, the alias, what the name narrows."""
    told = [
        _("%(source)s lists %(product)s, %(range)s, as affected.")
        % {
            "source": why.get("source") or "CVE",
            "product": why.get("name") or why.get("key"),
            "range": range_in_words(why),
        }
    ]
    if version and (why.get("lower") is not None or why.get("upper") is not None):
        order = ORDERS.get(str(why.get("order")), why.get("order"))
        told.append(
            _("Version %(version)s lies in it, in the order of %(order)s.") % {"version": version, "order": order}
        )
    if why.get("by_alias"):
        told.append(
            _("The names %(own)s and %(listed)s are held to be the same product (alias).")
            % {"own": why.get("own"), "listed": why.get("key")}
        )
    else:
        told.append(_("Both are called %(key)s.") % {"key": why.get("key")})
    if why.get("note"):
        told.append(_("The list asks besides for: %(note)s. Sipar does not check that.") % {"note": why["note"]})
    return told


def verdict_in_words(verdict: str, why: dict[str, Any]) -> str:
    """What the vendor says; empty where it says nothing."""
    said_by = why.get("said_by") or _("The vendor")
    sentences = {
        "not_affected": _("%(who)s says that this version is not affected."),
        "fixed": _("%(who)s says that this version is fixed."),
        "under_investigation": _("%(who)s is still looking into it."),
    }
    if verdict not in sentences:
        return ""
    sentence = sentences[verdict] % {"who": said_by}
    reason = justification_in_words(str(why.get("said") or ""))
    return f"{sentence} {reason}".strip()


def justification_in_words(code: str) -> str:
    """A VEX justification in words; other text as it stands."""
    return str(dict(Dismissal.Justification.choices).get(code, code))
