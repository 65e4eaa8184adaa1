"""The objects of a CACAO 2.0 playbook (OASIS, Committee Specification 01, 27 November 2023), as strict records.

Section numbers are those of the specification. A property that it does not define is refused: what it has no room for
belongs into an extension, whose content is kept as it is. Open vocabularies (`-ov`) take any text, as the specification
has it; closed ones (`-enum`) do not. Times stay the text that they were, so that a signature over them still holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
MAX_STEPS = 500
MAX_POINTERS = 2_000
MAX_DEFINITIONS = 500
MAX_LIST = 500

Identifier = Annotated[str, StringConstraints(pattern=rf"^[a-z][a-z0-9-]{{1,60}}--{UUID}$")]
ExtensionId = Annotated[str, StringConstraints(pattern=rf"^extension-definition--{UUID}$")]
StepId = Annotated[
    str,
    StringConstraints(
        pattern=rf"^(start|end|action|playbook-action|parallel|if-condition|while-condition|switch-condition)--{UUID}$"
    ),
]
Timestamp = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?Z$"
    ),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Prose = Annotated[str, StringConstraints(max_length=100_000)]
Term = Annotated[str, StringConstraints(min_length=1, max_length=250)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,250}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^__[a-zA-Z][a-zA-Z0-9_-]{0,245}__$")]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=1_000_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
Milliseconds = Annotated[int, Field(ge=0, le=2**53)]
Terms = Annotated[tuple[Term, ...], Field(min_length=1, max_length=MAX_LIST)]
Identifiers = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=MAX_LIST)]
Extensions = Annotated[dict[ExtensionId, dict[str, Any]], Field(min_length=1, max_length=50)]


class CacaoShape(BaseModel):
    """`strict`: a number in quotation marks is not a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ExternalReference(CacaoShape):
    """10.7."""

    name: Name
    description: Prose | None = None
    source: Prose | None = None
    url: Term | None = None
    external_id: Term | None = None
    reference_id: Term | None = None


References = Annotated[tuple[ExternalReference, ...], Field(min_length=1, max_length=MAX_LIST)]


class Variable(CacaoShape):
    """10.18. `value` is text, also for numbers; None is unknown, which is not the same as empty."""

    type: Term
    description: Prose | None = None
    value: Prose | dict[str, Any] | None = None
    constant: bool | None = None
    external: bool | None = None


Variables = Annotated[dict[VariableName, Variable], Field(max_length=MAX_LIST)]


class Command(CacaoShape):
    """5. What the types of the vocabulary need and take stands in `COMMANDS`."""

    type: Term
    description: Prose | None = None
    version: Term | None = None
    playbook_activity: Term | None = None
    external_references: References | None = None
    command: Prose | None = None
    command_b64: Base64 | None = None
    headers: Annotated[dict[Term, tuple[Prose, ...]], Field(max_length=100)] | None = None
    content: Prose | None = None
    content_b64: Base64 | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        needs, takes = COMMANDS.get(self.type, (frozenset(), frozenset({"command", "command_b64"})))
        given = self.model_fields_set & _COMMAND_PARTS
        _require(self.type, needs=needs, given=given, takes=takes)
        if takes == {"command", "command_b64"} and not given:
            raise ValueError(f"a command of the type {self.type} needs command or command_b64")
        return self


_COMMAND_PARTS = frozenset({"command", "command_b64", "headers", "content", "content_b64"})
_PLAIN = (frozenset[str](), frozenset({"command", "command_b64"}))
_CODED = (frozenset({"command_b64"}), frozenset({"command_b64"}))
COMMANDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(("manual", "bash", "caldera-cmd", "powershell", "ssh"), _PLAIN),
    **dict.fromkeys(("elastic", "jupyter", "kestrel", "sigma", "yara"), _CODED),
    "http-api": (frozenset({"command"}), frozenset({"command", "headers", "content", "content_b64"})),
    "openc2-http": (frozenset({"command", "content_b64"}), frozenset({"command", "headers", "content_b64"})),
}


class Contact(CacaoShape):
    """10.6."""

    email: Annotated[dict[Key, Term], Field(max_length=50)] | None = None
    phone: Annotated[dict[Key, Term], Field(max_length=50)] | None = None
    contact_details: Prose | None = None


class CivicLocation(CacaoShape):
    """10.4."""

    name: Name | None = None
    description: Prose | None = None
    building_details: Prose | None = None
    network_details: Prose | None = None
    region: Term | None = None
    country: Term | None = None
    administrative_area: Term | None = None
    city: Term | None = None
    street_address: Prose | None = None
    postal_code: Term | None = None
    latitude: Term | None = None
    longitude: Term | None = None
    precision: Term | None = None


class Address(CacaoShape):
    """7: addresses by kind. They may be variables, so their form is not judged."""

    dname: Terms | None = None
    ipv4: Terms | None = None
    ipv6: Terms | None = None
    l2mac: Terms | None = None
    vlan: Annotated[tuple[Term | Annotated[int, Field(ge=0, le=4095)], ...], Field(min_length=1)] | None = None
    url: Annotated[tuple[Prose, ...], Field(min_length=1, max_length=MAX_LIST)] | None = None


class AgentTarget(CacaoShape):
    """7. What the types of the vocabulary need and take stands in `AGENTS`."""

    type: Term
    name: Name
    description: Prose | None = None
    location: CivicLocation | None = None
    agent_target_extensions: Extensions | None = None
    contact: Contact | None = None
    logical: Terms | None = None
    sector: Term | None = None
    address: Address | None = None
    port: Term | None = None
    authentication_info: Identifier | None = None
    category: Terms | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        needs, takes = AGENTS.get(self.type, (frozenset(), frozenset()))
        _require(self.type, needs=needs, given=self.model_fields_set & _AGENT_PARTS, takes=takes)
        return self


_AGENT_PARTS = frozenset({"contact", "logical", "sector", "address", "port", "authentication_info", "category"})
_PERSON = (frozenset[str](), frozenset({"contact"}))
_DEVICE = (frozenset({"address"}), frozenset({"address", "port", "authentication_info", "category"}))
AGENTS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(("group", "individual", "organization"), _PERSON),
    **dict.fromkeys(("http-api", "linux", "ssh"), _DEVICE),
    "location": (frozenset(), frozenset({"logical"})),
    "sector": (frozenset({"sector"}), frozenset({"sector"})),
    "net-address": (frozenset({"address"}), frozenset({"address", "authentication_info", "category"})),
    "security-category": (frozenset({"category"}), frozenset({"category"})),
}


class AuthenticationInfo(CacaoShape):
    """6. Key material should stand behind a variable or in a key store, never here."""

    type: Term
    name: Name | None = None
    description: Prose | None = None
    authentication_info_extensions: Extensions | None = None
    user_id: Term | None = None
    username: Term | None = None
    password: Prose | None = None
    oauth_header: Prose | None = None
    token: Prose | None = None
    kms: bool | None = None
    kms_key_identifier: Term | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        needs, takes = AUTHENTICATION.get(self.type, (frozenset(), frozenset()))
        given = self.model_fields_set & _SECRET_PARTS
        _require(self.type, needs=needs, given=given, takes=takes | {"kms", "kms_key_identifier"})
        if (self.kms_key_identifier is not None) != bool(self.kms):
            raise ValueError("kms and kms_key_identifier stand together")
        return self


_SECRET_PARTS = frozenset({"user_id", "username", "password", "oauth_header", "token", "kms", "kms_key_identifier"})
AUTHENTICATION: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "http-basic": (frozenset(), frozenset({"user_id", "password"})),
    "oauth2": (frozenset({"oauth_header"}), frozenset({"oauth_header", "token"})),
    "user-auth": (frozenset(), frozenset({"username", "password"})),
}


class ExtensionDefinition(CacaoShape):
    """8."""

    type: Literal["extension-definition"]
    name: Name
    description: Prose | None = None
    created_by: Identifier
    schema_: Prose = Field(alias="schema")
    version: Term
    external_references: References | None = None


class _Marking(CacaoShape):
    """9.1."""

    id: Identifier
    created_by: Identifier
    created: Timestamp
    revoked: bool | None = None
    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None
    labels: Terms | None = None
    marking_extensions: Extensions | None = None


class TlpMarking(_Marking):
    """9.3."""

    type: Literal["marking-tlp"]
    name: Name | None = None
    description: Prose | None = None
    external_references: References | None = None
    tlpv2_level: Literal["TLP:RED", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:GREEN", "TLP:CLEAR"]


class StatementMarking(_Marking):
    """9.2."""

    type: Literal["marking-statement"]
    name: Name | None = None
    description: Prose | None = None
    external_references: References | None = None
    statement: Prose


class IepMarking(_Marking):
    """9.4. The values are those of the FIRST Information Exchange Policy and are kept as they are."""

    type: Literal["marking-iep"]
    name: Name
    description: Prose
    tlp: Term
    iep_version: int
    start_date: Timestamp
    end_date: Timestamp | None
    encrypt_in_transit: Term
    permitted_actions: Term
    affected_party_notifications: Term
    attribution: Term
    unmodified_resale: Term
    external_references: Annotated[tuple[Term, ...], Field(max_length=MAX_LIST)]


DataMarking = Annotated[TlpMarking | StatementMarking | IepMarking, Field(discriminator="type")]


class Signature(CacaoShape):
    """10.15. Kept, never judged: whether it holds is for the reader that has the keys."""

    type: Literal["jss"]
    id: Identifier
    created_by: Identifier | None = None
    created: Timestamp
    modified: Timestamp
    revoked: bool | None = None
    signee: Name
    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None
    related_to: Identifier
    related_version: Timestamp
    hash_algorithm: Term
    algorithm: Term
    public_key: Prose | None = None
    public_cert_chain: Annotated[tuple[Prose, ...], Field(min_length=1, max_length=20)] | None = None
    cert_url: Prose | None = None
    thumbprint: Term | None = None
    value: Prose
    signature: Signature | None = None


class ProcessingSummary(CacaoShape):
    """10.14."""

    manual_playbook: bool | None = None
    external_playbooks: bool | None = None
    parallel_processing: bool | None = None
    if_logic: bool | None = None
    while_logic: bool | None = None
    switch_logic: bool | None = None
    temporal_logic: bool | None = None
    data_markings: bool | None = None
    digital_signatures: bool | None = None
    countersigned_signatures: bool | None = None
    extensions: bool | None = None


def _require(kind: str, *, needs: frozenset[str], given: frozenset[str] | set[str], takes: frozenset[str]) -> None:
    missing = sorted(needs - given)
    if missing:
        raise ValueError(f"the type {kind} needs {missing[0]}")
    foreign = sorted(given - takes)
    if foreign:
        raise ValueError(f"the type {kind} has no property {foreign[0]}")


IDENTIFIER = re.compile(rf"(?P<type>[a-z][a-z0-9-]{{1,60}})--(?P<uuid>{UUID})\Z")
