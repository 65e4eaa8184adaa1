"""A playbook comes in only if it is whole, and goes out as it came."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.cacao import instructions, manual_playbook, read_playbook, remarks, write_playbook
from sipar.formats.cacao_shape import MAX_STEPS
from sipar.formats.problems import FormatProblem

FIXTURE = (Path(__file__).parent / "fixtures/playbook-ransomware.json").read_bytes()
DOCUMENT: dict[str, Any] = json.loads(FIXTURE)
type Edit = Callable[[dict[str, Any]], object]


def _key(kind: str, document: dict[str, Any] = DOCUMENT) -> str:
    return next(str(key) for key, step in document["workflow"].items() if step["type"] == kind)


def _step(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step for step in document["workflow"].values() if step.get("name") == name)
    return found


def _edited(edit: Edit) -> bytes:
    document = copy.deepcopy(DOCUMENT)
    edit(document)
    return json.dumps(document).encode()


def _fresh(kind: str) -> str:
    return f"{kind}--{uuid.uuid5(uuid.NAMESPACE_URL, kind)}"


def test_a_playbook_with_every_kind_of_step_goes_out_as_it_came() -> None:
    assert json.loads(write_playbook(read_playbook(FIXTURE))) == DOCUMENT


def test_writing_twice_gives_the_same_bytes() -> None:
    once = write_playbook(read_playbook(FIXTURE))
    assert write_playbook(read_playbook(once)) == once


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abc ہ", max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text("abc_", min_size=1), children, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc_", min_size=3, max_size=8), values, max_size=4))
def test_the_content_of_an_extension_is_kept_whatever_it_is(content: dict[str, Any]) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["playbook_extensions"][next(iter(document["playbook_extensions"]))] = content
    assert json.loads(write_playbook(read_playbook(json.dumps(document).encode()))) == document


def test_an_unknown_value_of_a_variable_stays_unknown_and_an_empty_one_empty() -> None:
    written = json.loads(write_playbook(read_playbook(FIXTURE)))
    assert written["playbook_variables"]["__patient_zero__"]["value"] is None
    assert _step(written, "Restore the next ward")["step_variables"]["__ward__"]["value"] == ""


REFUSED: list[tuple[str, str, str, Edit]] = [
    ("a custom property", "cacao.shape", "x_vendor", lambda d: d.update(x_vendor=1)),
    (
        "a custom property of a step",
        "cacao.shape",
        f"workflow/{_key('end')}/x_note",
        lambda d: d["workflow"][_key("end")].update(x_note=1),
    ),
    ("version 1.1", "cacao.shape", "spec_version", lambda d: d.update(spec_version="cacao-1.1")),
    ("no name", "cacao.shape", "name", lambda d: d.pop("name")),
    ("a priority in quotation marks", "cacao.shape", "priority", lambda d: d.update(priority="1")),
    ("a priority out of range", "cacao.shape", "priority", lambda d: d.update(priority=101)),
    ("an empty value", "cacao.null", "description", lambda d: d.update(description=None)),
    ("an identifier that is none", "cacao.shape", "id", lambda d: d.update(id="playbook--test-123")),
    ("the identifier of something else", "cacao.identifier", "id", lambda d: d.update(id=_fresh("campaign"))),
    (
        "an unknown kind of step",
        "cacao.shape",
        f"workflow/{_key('end')}",
        lambda d: d["workflow"][_key("end")].update(type="goto"),
    ),
    (
        "a step without its type",
        "cacao.shape",
        f"workflow/{_key('end')}",
        lambda d: d["workflow"][_key("end")].pop("type"),
    ),
    (
        "a step under the key of another kind",
        "cacao.identifier",
        f"workflow/{_fresh('start')}",
        lambda d: d["workflow"].update({_fresh("start"): {"type": "end"}}),
    ),
    (
        "an action without commands",
        "cacao.shape",
        f"workflow/{_key('action')}/commands",
        lambda d: d["workflow"][_key("action")].pop("commands"),
    ),
    (
        "a command without content",
        "cacao.shape",
        f"workflow/{_key('action')}/commands/0",
        lambda d: d["workflow"][_key("action")].update(commands=[{"type": "bash"}]),
    ),
    (
        "a command with what its type does not take",
        "cacao.shape",
        f"workflow/{_key('action')}/commands/0",
        lambda d: d["workflow"][_key("action")].update(commands=[{"type": "bash", "command": "ls", "headers": {}}]),
    ),
    (
        "a parallel step with one branch",
        "cacao.shape",
        f"workflow/{_key('parallel')}/next_steps",
        lambda d: d["workflow"][_key("parallel")]["next_steps"].pop(),
    ),
    (
        "completion beside success",
        "cacao.shape",
        f"workflow/{_key('action')}",
        lambda d: d["workflow"][_key("action")].update(on_completion=_key("end")),
    ),
    (
        "an end that goes on",
        "cacao.shape",
        f"workflow/{_key('end')}",
        lambda d: d["workflow"][_key("end")].update(on_completion=_key("action")),
    ),
    (
        "a start that may fail",
        "cacao.shape",
        f"workflow/{_key('start')}",
        lambda d: d["workflow"][_key("start")].update(on_failure=_key("end")),
    ),
    (
        "a next step that is not there",
        "cacao.reference",
        f"workflow/{_key('start')}/on_completion",
        lambda d: d["workflow"][_key("start")].update(on_completion=_fresh("end")),
    ),
    (
        "a branch that is not there",
        "cacao.reference",
        f"workflow/{_key('switch-condition')}/cases/police",
        lambda d: d["workflow"][_key("switch-condition")]["cases"].update(police=_fresh("action")),
    ),
    (
        "a start that is not there",
        "cacao.workflow",
        "workflow_start",
        lambda d: d.update(workflow_start=_fresh("start")),
    ),
    (
        "a start that is an action",
        "cacao.workflow",
        "workflow_start",
        lambda d: d.update(workflow_start=_key("action")),
    ),
    (
        "an exception that is not there",
        "cacao.reference",
        "workflow_exception",
        lambda d: d.update(workflow_exception=_fresh("action")),
    ),
    (
        "a step that nothing leads to",
        "cacao.workflow",
        f"workflow/{_fresh('end')}",
        lambda d: d["workflow"].update({_fresh("end"): {"type": "end"}}),
    ),
    (
        "a step that leads nowhere",
        "cacao.workflow",
        f"workflow/{_key('playbook-action')}",
        lambda d: d["workflow"].pop(d["workflow"][_key("playbook-action")].pop("on_completion")),
    ),
    (
        "an agent that is not defined",
        "cacao.reference",
        f"workflow/{_key('action')}/agent",
        lambda d: d["workflow"][_key("action")].update(agent=_fresh("group")),
    ),
    (
        "an argument that is not declared",
        "cacao.reference",
        f"workflow/{_key('action')}/in_args",
        lambda d: d["workflow"][_key("action")].update(in_args=["__nobody__"]),
    ),
    (
        "a marking that is not defined",
        "cacao.reference",
        "markings",
        lambda d: d.update(markings=[_fresh("marking-tlp")]),
    ),
    (
        "an extension that is not defined",
        "cacao.reference",
        "playbook_extensions",
        lambda d: d.pop("extension_definitions") and d["workflow"][_key("start")],
    ),
    (
        "a TLP label of version 1",
        "cacao.shape",
        "tlpv2_level",
        lambda d: next(m for m in d["data_marking_definitions"].values() if m["type"] == "marking-tlp").update(
            tlpv2_level="TLP:WHITE"
        ),
    ),
    ("a change before the creation", "cacao.time", "modified", lambda d: d.update(modified="2026-11-22T05:59:59.999Z")),
    (
        "an end of validity before its beginning",
        "cacao.time",
        "valid_until",
        lambda d: d.update(valid_until="2026-11-22T06:00:00Z"),
    ),
    ("a day that does not exist", "cacao.time", "created", lambda d: d.update(created="2026-02-30T06:00:00Z")),
    ("a time with an offset", "cacao.shape", "created", lambda d: d.update(created="2026-11-22T06:00:00+05:00")),
    (
        "a variable without its underscores",
        "cacao.shape",
        "playbook_variables",
        lambda d: d["playbook_variables"].update(host={"type": "string"}),
    ),
    (
        "key material without a store",
        "cacao.shape",
        "authentication_info_definitions",
        lambda d: next(iter(d["authentication_info_definitions"].values())).pop("kms"),
    ),
]


@pytest.mark.parametrize(("code", "where", "edit"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_a_playbook_is_refused_where_it_is_wrong(code: str, where: str, edit: Edit) -> None:
    with pytest.raises(FormatProblem) as caught:
        read_playbook(_edited(edit))
    assert caught.value.code == code
    assert where in caught.value.where


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"playbook"',
        b"{",
        b'{"type": "playbook", "type": "playbook"}',
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"[" * 100_000,
        b'{"name": "' + b"a" * (1024 * 1024 + 1) + b'"}',
        b" " * (2 * 1024 * 1024 + 1),
    ],
)
def test_hostile_bytes_are_refused_before_anything_is_built(data: bytes) -> None:
    with pytest.raises(FormatProblem):
        read_playbook(data)


def test_too_many_steps_are_refused() -> None:
    def chain(document: dict[str, Any]) -> None:
        for place in range(MAX_STEPS):
            document["workflow"][f"end--{uuid.UUID(int=place, version=4)}"] = {"type": "end"}

    with pytest.raises(FormatProblem) as caught:
        read_playbook(_edited(chain))
    assert caught.value.where == "workflow"


def test_too_many_pointers_are_refused() -> None:
    def tangle(document: dict[str, Any]) -> None:
        document["workflow"][_key("switch-condition")]["cases"].update({f"c{n}": _key("end") for n in range(400)})
        for place in range(5):
            key = f"switch-condition--{uuid.UUID(int=place, version=4)}"
            document["workflow"][key] = copy.deepcopy(document["workflow"][_key("switch-condition")])

    with pytest.raises(FormatProblem) as caught:
        read_playbook(_edited(tangle))
    assert caught.value.code == "cacao.workflow"


def test_a_step_that_is_tried_again_after_failure_is_taken() -> None:
    def retry(document: dict[str, Any]) -> None:
        step = _step(document, "Tell the police")
        step["on_success"] = step.pop("on_completion")
        step["on_failure"] = next(key for key, found in document["workflow"].items() if found is step)

    assert len(read_playbook(_edited(retry)).workflow) == len(DOCUMENT["workflow"])


def test_people_read_the_steps_in_the_order_in_which_they_come() -> None:
    steps = instructions(read_playbook(FIXTURE))
    titles = [step.title for step in steps]
    assert titles[0] == "Confirm that files are being encrypted"
    assert titles.index("Cut the network off") < titles.index("Restore the next ward") < titles.index("Tell the police")
    assert len(titles) == sum(step["type"] not in ("start", "end") for step in DOCUMENT["workflow"].values())


def test_a_decision_shows_its_condition_and_a_coded_command_its_text() -> None:
    steps = {step.title: step for step in instructions(read_playbook(FIXTURE))}
    assert steps["Is the family known?"].description == "[x-family:name IN ('alpha', 'beta')]"
    assert steps["Cut the network off"].commands[1] == "انمولوة"
    assert steps["Cut the network off"].after == (_key("parallel"),)


def test_a_sound_playbook_draws_no_remark() -> None:
    assert remarks(read_playbook(FIXTURE)) == ()


def test_a_password_in_clear_text_and_a_shared_end_draw_remarks() -> None:
    def careless(document: dict[str, Any]) -> None:
        key = next(iter(document["authentication_info_definitions"]))
        document["authentication_info_definitions"][key] = {"type": "http-basic", "password": "open sesame"}
        branches = [_step(document, "Tell the police"), _step(document, "Tell the authority")]
        document["workflow"].pop(branches[1]["on_completion"])
        branches[1]["on_completion"] = branches[0]["on_completion"]

    found = {remark.code for remark in remarks(read_playbook(_edited(careless)))}
    assert found == {"cacao.secret", "cacao.shared_end"}


def _manual(tasks: list[tuple[str, str]], tlp: str = "TLP:GREEN") -> Any:
    return manual_playbook(
        identifier=uuid.UUID("5b5f3c6e-7a44-4c0e-9a51-2f5a0c1d8e11"),
        author=uuid.UUID("0e4b1f9a-55d2-4b47-8f63-2a9f1b7c3d22"),
        name="Our way",
        description="",
        created="2026-11-22T06:00:00.000Z",
        modified="2026-11-22T06:00:00.000Z",
        tasks=tasks,
        tlp=tlp,
    )


def test_our_own_tasks_go_out_as_a_playbook_and_come_back_as_the_same_tasks() -> None:
    tasks = [("Call the ministry", "Ring the duty number."), ("ریکارڈ محفوظ کریں", ""), ("Close", "Write the report.")]
    playbook = read_playbook(write_playbook(_manual(tasks)))
    assert [(step.title, step.commands[0]) for step in instructions(playbook)] == [
        (title, text or title) for title, text in tasks
    ]
    assert write_playbook(playbook) == write_playbook(_manual(tasks))
    assert remarks(playbook) == ()


def test_a_playbook_without_a_task_or_with_an_unknown_label_is_not_made() -> None:
    with pytest.raises(FormatProblem):
        _manual([])
    with pytest.raises(FormatProblem):
        _manual([("Do it", "")], tlp="TLP:ULTRA")
