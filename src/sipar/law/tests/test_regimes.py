"""Reading regime files: what is taken, and that every fault is named with its place."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sipar.formats.problems import FormatProblem
from sipar.law.reading import Refused
from sipar.law.regimes import json_schema, parse, problems_of
from sipar.law.tests.small_regimes import data, duty, regime, words


def codes(raw: bytes) -> list[str]:
    return [problem.code for problem in problems_of(raw)]


def test_two_files_that_say_the_same_have_the_same_digest() -> None:
    spaced = json.dumps(words(), indent=4).encode()
    assert parse(spaced).digest == parse(data()).digest
    assert parse(data(version=2)).digest != parse(data()).digest


def test_a_misspelled_key_is_refused_with_its_line_and_path() -> None:
    raw = b"regime: x\nversion: 1\ntitel: {en: A}\n"
    found = {problem.where: problem.sentence for problem in problems_of(raw)}
    assert found["line 3, titel"] == '"titel" is not a key that belongs here'


def test_every_fault_is_reported_not_only_the_first() -> None:
    raw = data(version="one", status="passed", duties=[duty(due={"after": "aware_at", "hours": 2, "days": 1})])
    assert len(problems_of(raw)) == 3
    with pytest.raises(Refused) as refused:
        parse(raw)
    assert len(refused.value.problems) == 3


BOMB = b"a: &a [x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n".encode() for i in range(20)
)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (BOMB, "yaml.aliases"),
        (b"a: &a\n  b: *a\n", "yaml.aliases"),
        (b"[" * 5_000 + b"]" * 5_000, "yaml.depth"),
        (b"{a: " * 40 + b"1" + b"}" * 40, "yaml.depth"),
        (b"x: " + b"y" * 300_000, "file.size"),
        (gzip.compress(b"x" * 20_000_000, mtime=0), "file.size"),
        (b"- 1\n" * 30_000, "yaml.nodes"),
        (b"regime: !!python/object/apply:os.system [id]\n", "yaml.tag"),
        (b"regime: a\nregime: b\n", "yaml.duplicate"),
        (b"\xff\xfe\x00", "file.encoding"),
        (b"", "file.empty"),
        (b"a: [1, 2\n", "yaml.syntax"),
        (b"---\na: 1\n---\nb: 2\n", "yaml.documents"),
    ],
)
def test_a_hostile_file_is_refused_before_anything_is_built(raw: bytes, code: str) -> None:
    assert codes(raw) == [code]


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"binds": {"when": "unheard_of", "cite": "x"}}, "condition.name", "binds/when"),
        ({"binds": {"when": "read_csv('x')", "cite": "x"}}, "condition.name", "binds/when"),
        ({"duties": [duty(when="severe_disruption > 1")]}, "condition.type", "duties/0/when"),
        ({"duties": [duty(content=["unheard_of"])]}, "regime.fact", "duties/0/content/0"),
        ({"duties": [duty(due={"after": "summary", "hours": 1})]}, "regime.anchor", "duties/0/due/after"),
        ({"duties": [duty(due={"after": "submitted(final)", "hours": 1})]}, "regime.stage", "duties/0/due/after"),
        ({"duties": [duty(), duty()]}, "regime.stage", "duties/1/stage"),
        ({"duties": [duty(due={"after": "aware_at", "hours": -1})]}, "regime.greater_than_equal", "due/after/hours"),
        ({"duties": [duty(due={"after": "aware_at", "hours": True})]}, "regime.int_type", "due/after/hours"),
        ({"duties": [duty(due={"soon": True})]}, "regime.clock_form", "duties/0/due"),
        ({"duties": [duty(stage="sending")]}, "regime.value_error", "duties/0"),
        ({"duties": []}, "regime.too_short", "duties"),
        ({"roll_forward": {"stages": ["final"], "cite": "x"}}, "regime.stage", "roll_forward/stages/0"),
        ({"recurring": {"window_months": 6, "same": "ongoing", "cite": "x"}}, "regime.fact", "recurring/same"),
        (
            {"recurring": {"window_months": 6, "same": "root_cause", "together": ["summary"], "cite": "x"}},
            "regime.fact",
            "recurring/together/0",
        ),
        ({"status": "unverified_preset"}, "regime.value_error", ""),
        ({"effective": {"from": "2026-02-30"}}, "regime.date_parsing", "effective/from"),
        ({"effective": {"from": "2026-02-02", "until": "2026-01-01"}}, "regime.value_error", "effective"),
        ({"sources": [{"cite": "x", "link": "javascript:alert(1)", "confidence": "primary"}]}, "", "sources/0/link"),
    ],
)
def test_what_refers_to_nothing_or_means_nothing_is_refused_at_its_place(
    changes: dict[str, Any], code: str, place: str
) -> None:
    problems = problems_of(data(**changes))
    assert problems
    assert code in problems[0].code
    assert place.split("/")[-1] in problems[0].where


def test_a_classifier_may_not_take_the_name_of_a_fact_or_use_a_later_one() -> None:
    one = {"name": "severity", "title": {"en": "x"}, "when": "TRUE", "cite": "x"}
    two = {"name": "early", "title": {"en": "x"}, "when": "later_one", "cite": "x"}
    three = {"name": "later_one", "title": {"en": "x"}, "when": "TRUE", "cite": "x"}
    assert codes(data(classifiers=[one])) == ["regime.name"]
    assert codes(data(classifiers=[two, three])) == ["condition.name"]
    assert codes(data(classifiers=[three, {**two, "name": "fine"}])) == []


def test_classifiers_that_double_each_other_do_not_grow_without_bound() -> None:
    first = {"name": "c0", "title": {"en": "x"}, "when": "severe_disruption", "cite": "x"}
    rest = [
        {"name": f"c{n}", "title": {"en": "x"}, "when": f"c{n - 1} AND c{n - 1} AND c{n - 1}", "cite": "x"}
        for n in range(1, 100)
    ]
    found = regime(classifiers=[first, *rest], duties=[duty(when="c99")])
    assert len(found.classifiers) == 100


def test_a_regime_without_a_first_day_is_never_in_effect() -> None:
    open_ended = regime(effective={"from": "2026-01-01", "until": None})
    assert open_ended.in_effect(date(2026, 1, 1))
    assert not open_ended.in_effect(date(2025, 12, 31))
    assert not regime().in_effect(date(2026, 1, 1))


def test_the_schema_describes_clocks_that_hold_clocks() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {"After", "EarliestOf", "Case", "NoPeriod", "OnRequest"} <= schema["$defs"].keys()


def test_a_problem_of_the_file_itself_is_a_format_problem() -> None:
    with pytest.raises(FormatProblem):
        parse(b"just words")


def test_the_schema_in_the_manual_is_what_the_code_says() -> None:
    manual = Path(__file__).parents[4] / "docs" / "reference" / "regime.schema.json"
    written = json.loads(manual.read_text(encoding="utf-8"))
    assert written == json_schema(), "renew it: sipar law schema > docs/reference/regime.schema.json"
