"""The steps of a CACAO 2.0 workflow (section 4) and the playbook around them (section 3)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sipar.formats.cacao_shape import (
    MAX_DEFINITIONS,
    MAX_LIST,
    MAX_STEPS,
    AgentTarget,
    AuthenticationInfo,
    CacaoShape,
    Command,
    DataMarking,
    ExtensionDefinition,
    ExtensionId,
    Extensions,
    Identifier,
    Identifiers,
    Key,
    Milliseconds,
    Name,
    Percent,
    ProcessingSummary,
    Prose,
    References,
    Signature,
    StepId,
    Terms,
    Timestamp,
    Variables,
)

Arguments = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=260)], ...],
    Field(min_length=1, max_length=MAX_LIST),
]


class _Step(CacaoShape):
    """4.1. What follows a step: `on_completion`, or else `on_success` and `on_failure`."""

    name: Name | None = None
    description: Prose | None = None
    external_references: References | None = None
    delay: Milliseconds | None = None
    timeout: Milliseconds | None = None
    step_variables: Variables | None = None
    owner: Identifier | None = None
    on_completion: StepId | None = None
    on_success: StepId | None = None
    on_failure: StepId | None = None
    step_extensions: Extensions | None = None

    @model_validator(mode="after")
    def _goes_on_in_one_way(self) -> Self:
        if self.on_completion is not None and (self.on_success is not None or self.on_failure is not None):
            raise ValueError("on_completion stands alone; it excludes on_success and on_failure")
        return self

    def ways(self) -> tuple[tuple[str, str], ...]:
        """Where this step points: (property, step), its branches first, then what follows it."""
        named = (
            ("on_completion", self.on_completion),
            ("on_success", self.on_success),
            ("on_failure", self.on_failure),
        )
        return (*self.branches(), *((name, step) for name, step in named if step is not None))

    def branches(self) -> tuple[tuple[str, str], ...]:
        """The branches that begin at this step and come back to it at their end."""
        return ()


class StartStep(_Step):
    """4.3."""

    type: Literal["start"]

    @model_validator(mode="after")
    def _only_completes(self) -> Self:
        if self.on_success is not None or self.on_failure is not None:
            raise ValueError("a start step has no on_success and no on_failure")
        return self


class EndStep(_Step):
    """4.4."""

    type: Literal["end"]

    @model_validator(mode="after")
    def _points_nowhere(self) -> Self:
        if self.ways():
            raise ValueError("an end step points to no other step")
        return self


class ActionStep(_Step):
    """4.5."""

    type: Literal["action"]
    commands: Annotated[tuple[Command, ...], Field(min_length=1, max_length=200)]
    agent: Identifier
    targets: Identifiers | None = None
    in_args: Arguments | None = None
    out_args: Arguments | None = None


class PlaybookActionStep(_Step):
    """4.6."""

    type: Literal["playbook-action"]
    playbook_id: Identifier
    playbook_version: Timestamp | None = None
    in_args: Arguments | None = None
    out_args: Arguments | None = None


class ParallelStep(_Step):
    """4.7."""

    type: Literal["parallel"]
    next_steps: Annotated[tuple[StepId, ...], Field(min_length=2, max_length=MAX_LIST)]

    def branches(self) -> tuple[tuple[str, str], ...]:
        """Every next step."""
        return tuple((f"next_steps/{place}", step) for place, step in enumerate(self.next_steps))


class IfStep(_Step):
    """4.8. The condition is a STIX pattern and is kept as text."""

    type: Literal["if-condition"]
    condition: Prose
    on_true: StepId
    on_false: StepId | None = None

    def branches(self) -> tuple[tuple[str, str], ...]:
        """The one or two branches."""
        return (("on_true", self.on_true), *((("on_false", self.on_false),) if self.on_false is not None else ()))


class WhileStep(_Step):
    """4.9."""

    type: Literal["while-condition"]
    condition: Prose
    on_true: StepId

    def branches(self) -> tuple[tuple[str, str], ...]:
        """The body of the loop."""
        return (("on_true", self.on_true),)


class SwitchStep(_Step):
    """4.10."""

    type: Literal["switch-condition"]
    switch: Prose
    cases: Annotated[dict[Key, StepId], Field(min_length=1, max_length=MAX_LIST)]

    def branches(self) -> tuple[tuple[str, str], ...]:
        """Every case."""
        return tuple((f"cases/{case}", step) for case, step in self.cases.items())


Step = Annotated[
    StartStep | EndStep | ActionStep | PlaybookActionStep | ParallelStep | IfStep | WhileStep | SwitchStep,
    Field(discriminator="type"),
]


class Playbook(CacaoShape):
    """3.1. A checked playbook; `cacao.read_playbook` also checks what its parts say about each other."""

    type: Literal["playbook"]
    spec_version: Literal["cacao-2.0"]
    id: Identifier
    name: Name
    description: Prose | None = None
    playbook_types: Terms | None = None
    playbook_activities: Terms | None = None
    playbook_processing_summary: ProcessingSummary | None = None
    created_by: Identifier
    created: Timestamp
    modified: Timestamp
    revoked: bool | None = None
    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None
    derived_from: Identifiers | None = None
    related_to: Identifiers | None = None
    priority: Percent | None = None
    severity: Percent | None = None
    impact: Percent | None = None
    industry_sectors: Terms | None = None
    labels: Terms | None = None
    external_references: References | None = None
    markings: Identifiers | None = None
    playbook_variables: Variables | None = None
    workflow_start: StepId
    workflow_exception: StepId | None = None
    workflow: Annotated[dict[StepId, Step], Field(min_length=3, max_length=MAX_STEPS)]
    playbook_extensions: Extensions | None = None
    authentication_info_definitions: (
        Annotated[dict[Identifier, AuthenticationInfo], Field(max_length=MAX_DEFINITIONS)] | None
    ) = None
    agent_definitions: Annotated[dict[Identifier, AgentTarget], Field(max_length=MAX_DEFINITIONS)] | None = None
    target_definitions: Annotated[dict[Identifier, AgentTarget], Field(max_length=MAX_DEFINITIONS)] | None = None
    extension_definitions: (
        Annotated[dict[ExtensionId, ExtensionDefinition], Field(max_length=MAX_DEFINITIONS)] | None
    ) = None
    data_marking_definitions: Annotated[dict[Identifier, DataMarking], Field(max_length=MAX_DEFINITIONS)] | None = None
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1, max_length=20)] | None = None
