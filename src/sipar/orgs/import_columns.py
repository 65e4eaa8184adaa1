"""The columns of the register as a file, the same for import and export, and what each one may hold."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OWNERSHIP = ("public", "private")
SIZES = ("micro", "small", "medium", "large")
TIERS = ("1", "2", "3", "4")
YES_NO = ("yes", "no")
LIST_NOTE = _("Several in one cell, separated by semicolons. An empty cell ends those that the register has.")


@dataclass(frozen=True)
class RegisterColumn:
    """`longest` in characters; `choices` empty: free. `asset`: the kind of asset that the cell lists."""

    name: str
    note: str | Promise
    required: bool = False
    longest: int = 0
    choices: tuple[str, ...] = ()
    asset: str = ""


COLUMNS = (
    RegisterColumn(
        "identifier",
        _("The nation's own number, with at least one digit. An import finds the organisation by it."),
        required=True,
        longest=40,
    ),
    RegisterColumn("name", _("Name in English."), required=True, longest=250),
    RegisterColumn("name_ur", _("Name in Urdu."), longest=250),
    RegisterColumn("ownership", _("public or private."), required=True, choices=OWNERSHIP),
    RegisterColumn("sector", _("Code of the sector."), required=True),
    RegisterColumn("subsector", _("Code of a subsector of that sector.")),
    RegisterColumn("province", _("Code of the province."), required=True),
    RegisterColumn("ministry", _("Code of the ministry or regulator that answers for it.")),
    RegisterColumn("tier", _("Criticality, 1 (highest) to 4."), required=True, choices=TIERS),
    RegisterColumn("size", _("micro, small, medium or large."), required=True, choices=SIZES),
    RegisterColumn("registration_number", _("Number in the companies' or public register."), longest=60),
    RegisterColumn("website", _("Address that begins with https:// or http://."), longest=300),
    RegisterColumn("contact_name", _("Point of contact, day and night."), longest=200),
    RegisterColumn("contact_email", _("E-mail of the point of contact."), longest=254),
    RegisterColumn("contact_phone", _("Telephone of the point of contact."), longest=40),
    RegisterColumn("domains", LIST_NOTE, asset="domain"),
    RegisterColumn("prefixes", LIST_NOTE, asset="prefix"),
    RegisterColumn("asns", LIST_NOTE, asset="asn"),
    RegisterColumn("products", LIST_NOTE, asset="product"),
    RegisterColumn("technologies", LIST_NOTE, asset="technology"),
    RegisterColumn("cryptography", LIST_NOTE, asset="cryptography"),
    RegisterColumn(
        "marks",
        _(
            "Prefixes, AS numbers and domains whose reports accuse no single tenant, as 203.0.113.0/24=nat:"
            " nat, shared, cloud or dynamic."
        ),
    ),
    RegisterColumn("fictional", _("yes where the organisation is invented."), choices=YES_NO),
    RegisterColumn("active", _("no where it ceased to exist."), choices=YES_NO),
)
BY_NAME = {column.name: column for column in COLUMNS}
NAMES = tuple(BY_NAME)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)
ASSET_COLUMNS = {column.name: column.asset for column in COLUMNS if column.asset}
CONTACT_COLUMNS = ("contact_name", "contact_email", "contact_phone")

SENTENCES: dict[str, str | Promise] = {
    "required": _("This cell must not be empty."),
    "length": _("This text is too long."),
    "control": _("An invisible control character stands in the cell."),
    "identifier": _("An identifier has letters, digits and . _ : - with at least one digit."),
    "repeated": _("This identifier stands on an earlier line already."),
    "choice": _("This is not one of the allowed values."),
    "unknown": _("The register knows no such code."),
    "subsector": _("This subsector does not belong to the sector of the line."),
    "website": _("This is no web address."),
    "email": _("This is no e-mail address."),
    "phone": _("This is no telephone number."),
    "contact_name": _("A contact needs a name."),
    "too_many": _("More than 500 values stand in one cell."),
    "asset": _("This value cannot be taken."),
    "mark": _("A mark is a value of this line, an equals sign and one of the allowed words."),
    "marked": _("The line has no such prefix, AS number or domain."),
}
