"""The fields of the OSCAL assessment models (assessment plan, assessment results, POA&M) as one compact table.

Source: the NIST OSCAL 1.1.2, 1.1.3 and 1.2.x model definitions; names, occurrence and datatypes are
facts, the notation is ours. A test compares every entry with what compliance-trestle knows.

Notation of a field: `name!` must be there, `name` may be; after the colon stands the datatype (see `SCALARS`),
a closed value set (see `VALUE_SETS`) or another entry of `OBJECTS`; a trailing `+` is an array of at least one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OSCAL_VERSIONS = frozenset({"1.1.2", "1.1.3", "1.2.0", "1.2.1", "1.2.2"})
MODELS: Mapping[str, str] = {
    "assessment-plan": "assessment-plan",
    "assessment-results": "assessment-results",
    "plan-of-action-and-milestones": "poam",
}

# `text` is markup over several lines, `line` is markup on one line, `string` is trimmed text on one line.
SCALARS = frozenset(
    {"base64", "count", "datetime", "email", "line", "number", "reference", "string", "text", "token", "uri", "uuid"}
)
VALUE_SETS: Mapping[str, frozenset[str]] = {
    "actor-types": frozenset({"tool", "assessment-platform", "party"}),
    "component-states": frozenset({"under-development", "operational", "disposition", "other"}),
    "objective-states": frozenset({"satisfied", "not-satisfied"}),
    "target-types": frozenset({"statement-id", "objective-id"}),
    "transports": frozenset({"TCP", "UDP"}),
}

_MARKS = "props:property+ links:link+"
_END = f"{_MARKS} remarks:text"
_PART = f"name!:token ns:uri class:token title:line prose:text {_MARKS}"

_METADATA = {
    "metadata": "title!:line published:datetime last-modified!:datetime version!:string oscal-version!:string "
    "revisions:revision+ document-ids:document-id+ roles:role+ locations:location+ parties:party+ "
    f"responsible-parties:responsible-party+ actions:action+ {_END}",
    "revision": f"title:line published:datetime last-modified:datetime version!:string oscal-version:string {_END}",
    "document-id": "scheme:uri identifier!:string",
    "property": "name!:token uuid:uuid ns:uri value!:string class:token group:token remarks:text",
    "link": "href!:reference rel:token media-type:string resource-fragment:string text:line",
    "role": f"id!:token title!:line short-name:string description:text {_END}",
    "location": "uuid!:uuid title:line address:address email-addresses:email+ telephone-numbers:telephone-number+ "
    f"urls:uri+ {_END}",
    "address": "type:token addr-lines:string+ city:string state:string postal-code:string country:string",
    "telephone-number": "type:string number!:string",
    "party": "uuid!:uuid type!:string name:string short-name:string external-ids:external-id+ email-addresses:email+ "
    "telephone-numbers:telephone-number+ addresses:address+ location-uuids:uuid+ "
    f"member-of-organizations:uuid+ {_END}",
    "external-id": "scheme!:uri id!:string",
    "responsible-party": f"role-id!:token party-uuids!:uuid+ {_END}",
    "responsible-role": f"role-id!:token party-uuids:uuid+ {_END}",
    "action": f"uuid!:uuid date:datetime type!:token system!:uri responsible-parties:responsible-party+ {_END}",
    "back-matter": "resources:resource+",
    "resource": "uuid!:uuid title:line description:text props:property+ document-ids:document-id+ citation:citation "
    "rlinks:rlink+ base64:attachment remarks:text",
    "citation": f"text!:line {_MARKS}",
    "rlink": "href!:reference media-type:string hashes:hash+",
    "hash": "algorithm!:string value!:string",
    "attachment": "filename:token media-type:string value!:base64",
}

_SYSTEM = {
    "component": "uuid!:uuid type!:string title!:line description!:text purpose:line status!:component-status "
    f"responsible-roles:responsible-role+ protocols:protocol+ {_END}",
    "component-status": "state!:component-states remarks:text",
    "protocol": "uuid:uuid name:string title:line port-ranges:port-range+",
    "port-range": "start:number end:number transport:transports remarks:text",
    "inventory-item": "uuid!:uuid description!:text responsible-parties:responsible-party+ "
    f"implemented-components:implemented-component+ {_END}",
    "implemented-component": f"component-uuid!:uuid responsible-parties:responsible-party+ {_END}",
    "user": "uuid!:uuid title:line short-name:string description:text role-ids:token+ "
    f"authorized-privileges:authorized-privilege+ {_END}",
    "authorized-privilege": "title!:line description:text functions-performed!:string+",
    "assessment-assets": "components:component+ assessment-platforms!:assessment-platform+",
    "assessment-platform": f"uuid!:uuid title:line uses-components:uses-component+ {_END}",
    "uses-component": f"component-uuid!:uuid responsible-parties:responsible-party+ {_END}",
}

_CONTROLS = {
    "include-all": "",
    "reviewed-controls": "description:text control-selections!:control-selection+ "
    f"control-objective-selections:objective-selection+ {_END}",
    "control-selection": "description:text include-all:include-all include-controls:select-control+ "
    f"exclude-controls:select-control+ {_END}",
    "select-control": "control-id!:token statement-ids:token+",
    "objective-selection": "description:text include-all:include-all include-objectives:select-objective+ "
    f"exclude-objectives:select-objective+ {_END}",
    "select-objective": "objective-id!:token remarks:text",
    "local-objective": f"control-id!:token description:text parts!:part+ {_END}",
    "part": f"id:token parts:part+ {_PART}",
    "assessment-part": f"uuid:uuid parts:assessment-part+ {_PART}",
}

_ASSESSMENT = {
    "activity": "uuid!:uuid title:line description!:text steps:step+ related-controls:reviewed-controls "
    f"responsible-roles:responsible-role+ {_END}",
    "step": "uuid!:uuid title:line description!:text reviewed-controls:reviewed-controls "
    f"responsible-roles:responsible-role+ {_END}",
    "assessment-subject": "type!:token description:text include-all:include-all include-subjects:select-subject+ "
    f"exclude-subjects:select-subject+ {_END}",
    "select-subject": f"subject-uuid!:uuid type!:token {_END}",
    "subject": f"subject-uuid!:uuid type!:token title:line {_END}",
    "task": "uuid!:uuid type!:token title!:line description:text timing:timing dependencies:dependency+ tasks:task+ "
    "associated-activities:associated-activity+ subjects:assessment-subject+ "
    f"responsible-roles:responsible-role+ {_END}",
    "timing": "on-date:on-date within-date-range:date-range at-frequency:frequency",
    "on-date": "date!:datetime remarks:text",
    "date-range": "start!:datetime end!:datetime remarks:text",
    "frequency": "period!:count unit!:string remarks:text",
    "dependency": "task-uuid!:uuid remarks:text",
    "associated-activity": "activity-uuid!:uuid responsible-roles:responsible-role+ subjects!:assessment-subject+ "
    f"{_END}",
    "origin": "actors!:actor+ related-tasks:related-task+",
    "actor": f"type!:actor-types actor-uuid!:uuid role-id:token {_MARKS}",
    "related-task": "task-uuid!:uuid responsible-parties:responsible-party+ subjects:assessment-subject+ "
    f"identified-subject:identified-subject {_END}",
    "identified-subject": "subject-placeholder-uuid!:uuid subjects!:assessment-subject+",
    "observation": "uuid!:uuid title:line description!:text methods!:string+ types:token+ origins:origin+ "
    f"subjects:subject+ relevant-evidence:evidence+ collected!:datetime expires:datetime {_END}",
    "evidence": f"href:reference description!:text {_END}",
    "risk": "uuid!:uuid title!:line description!:text statement!:text status!:token origins:origin+ "
    "threat-ids:threat-id+ characterizations:characterization+ mitigating-factors:mitigating-factor+ "
    f"deadline:datetime remediations:response+ risk-log:risk-log related-observations:related-observation+ {_MARKS}",
    "threat-id": "system!:uri href:reference id!:uri",
    "characterization": f"origin!:origin facets!:facet+ {_MARKS}",
    "facet": f"name!:token system!:uri value!:string {_END}",
    "mitigating-factor": f"uuid!:uuid implementation-uuid:uuid description!:text subjects:subject+ {_MARKS}",
    "response": "uuid!:uuid lifecycle!:token title!:line description!:text origins:origin+ "
    f"required-assets:required-asset+ tasks:task+ {_END}",
    "required-asset": f"uuid!:uuid subjects:subject+ title:line description!:text {_END}",
    "risk-log": "entries!:risk-entry+",
    "risk-entry": "uuid!:uuid title:line description:text start!:datetime end:datetime logged-by:logged-by+ "
    f"status-change:token related-responses:related-response+ {_END}",
    "logged-by": "party-uuid!:uuid role-id:token remarks:text",
    "related-response": f"response-uuid!:uuid related-tasks:related-task+ {_END}",
    "finding": "uuid!:uuid title!:line description!:text origins:origin+ target!:finding-target "
    "implementation-statement-uuid:uuid related-observations:related-observation+ related-risks:related-risk+ "
    f"{_END}",
    "finding-target": "type!:target-types target-id!:token title:line description:text status:objective-status "
    f"implementation-status:implementation-status {_END}",
    "objective-status": "state!:objective-states reason:token remarks:text",
    "implementation-status": "state!:token remarks:text",
    "related-observation": "observation-uuid!:uuid remarks:text",
    "related-risk": "risk-uuid!:uuid remarks:text",
    "related-finding": "finding-uuid!:uuid remarks:text",
}

_DOCUMENTS = {
    "import-ssp": "href!:reference remarks:text",
    "import-ap": "href!:reference remarks:text",
    "assessment-plan": "uuid!:uuid metadata!:metadata import-ssp!:import-ssp local-definitions:plan-definitions "
    "terms-and-conditions:terms reviewed-controls!:reviewed-controls assessment-subjects:assessment-subject+ "
    "assessment-assets:assessment-assets tasks:task+ back-matter:back-matter",
    "plan-definitions": "components:component+ inventory-items:inventory-item+ users:user+ "
    "objectives-and-methods:local-objective+ activities:activity+ remarks:text",
    "terms": "parts:assessment-part+",
    "assessment-results": "uuid!:uuid metadata!:metadata import-ap!:import-ap local-definitions:results-definitions "
    "results!:result+ back-matter:back-matter",
    "results-definitions": "objectives-and-methods:local-objective+ activities:activity+ remarks:text",
    "result": "uuid!:uuid title!:line description!:text start!:datetime end:datetime "
    "local-definitions:result-definitions reviewed-controls!:reviewed-controls attestations:attestation+ "
    f"assessment-log:assessment-log observations:observation+ risks:risk+ findings:finding+ {_END}",
    "result-definitions": "components:component+ inventory-items:inventory-item+ users:user+ "
    "assessment-assets:assessment-assets tasks:task+",
    "attestation": "responsible-parties:responsible-party+ parts!:assessment-part+",
    "assessment-log": "entries!:log-entry+",
    "log-entry": "uuid!:uuid title:line description:text start!:datetime end:datetime logged-by:logged-by+ "
    f"related-tasks:related-task+ {_END}",
    "poam": "uuid!:uuid metadata!:metadata import-ssp:import-ssp system-id:system-id "
    "local-definitions:poam-definitions observations:observation+ risks:risk+ findings:finding+ "
    "poam-items!:poam-item+ back-matter:back-matter",
    "system-id": "identifier-type:uri id!:string",
    "poam-definitions": "components:component+ inventory-items:inventory-item+ assessment-assets:assessment-assets "
    "remarks:text",
    "poam-item": "uuid:uuid title!:line description!:text origins:poam-origin+ related-findings:related-finding+ "
    f"related-observations:related-observation+ related-risks:related-risk+ {_END}",
    "poam-origin": "actors!:actor+",
}

# Of these fields an object carries at least so many and at most so many.
CHOICES: Mapping[str, tuple[tuple[str, ...], int, int]] = {
    "assessment-subject": (("include-all", "include-subjects"), 1, 1),
    "control-selection": (("include-all", "include-controls"), 1, 1),
    "objective-selection": (("include-all", "include-objectives"), 1, 1),
    "party": (("addresses", "location-uuids"), 0, 1),
    "poam": (("import-ssp", "system-id"), 1, 2),
    "timing": (("on-date", "within-date-range", "at-frequency"), 1, 1),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `kind` is a member of SCALARS, a key of VALUE_SETS or a key of OBJECTS."""

    name: str
    kind: str
    required: bool
    array: bool


def _field(word: str) -> Field:
    name, _, kind = word.partition(":")
    return Field(name.removesuffix("!"), kind.removesuffix("+"), name.endswith("!"), kind.endswith("+"))


OBJECTS: Mapping[str, Mapping[str, Field]] = {
    name: {field.name: field for field in map(_field, words.split())}
    for name, words in (_METADATA | _SYSTEM | _CONTROLS | _ASSESSMENT | _DOCUMENTS).items()
}
