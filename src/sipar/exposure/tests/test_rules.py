"""Rules of telling: what a document may hold, and where it says that something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sipar.exposure.rules import RulesProblem, Wrong, parse, span

TEXT = """
sipar-rules: 1
title: {en: Rules of the power CERT}
rules:
  - name: doors
    title: {en: Open doors}
    when:
      kind: [accessible-*, open-ldap]
      severity: {from: high}
      tier: [1, 2]
      shared: [own]
    tell: mail
    tlp: amber
    bundle: [kind]
    interval: 1h
    quiet: {from: "20:00", until: "07:00"}
    urgent: critical
    remind: {critical: [1, 3, 7], high: [7]}
    words:
      en: {subject: "{count} doors stand open", lead: "At {organisation}.", advice: Close them.}
  - name: botnets
    when: {classification: [infected-system]}
    tell: nobody
    reason: Another CERT tells of them.
"""


def wrong_places(text: object) -> dict[str, str]:
    with pytest.raises(RulesProblem) as found:
        parse(text)
    return {wrong.where: wrong.code for wrong in found.value.wrong}


def changed(**values: object) -> dict[str, object]:
    document: dict[str, Any] = yaml.safe_load(TEXT)
    document["rules"][0] |= values
    return document


def test_a_document_is_read_into_rules_in_their_order() -> None:
    rules = parse(TEXT)
    doors, botnets = rules.rules
    assert [rule.name for rule in rules.rules] == ["doors", "botnets"]
    assert (doors.when.severity, doors.when.tier, doors.urgent, doors.tlp) == ((3, 4), (1, 2), 4, 2)
    assert doors.remind == {4: (1, 3, 7), 3: (7,)}
    assert doors.quiet is not None
    assert (doors.quiet.start.hour, doors.quiet.end.hour) == (20, 7)
    assert (botnets.tell, botnets.interval, botnets.bundle) == ("nobody", "1d", ())


def test_yaml_and_json_of_the_same_rules_have_the_same_digest() -> None:
    assert parse(TEXT).digest == parse(json.dumps(yaml.safe_load(TEXT))).digest == parse(TEXT.encode()).digest
    assert parse(TEXT).digest != parse(changed(interval="2h")).digest


@pytest.mark.parametrize(
    ("values", "where", "code"),
    [
        ({"name": "Not A Slug"}, "rules/0/name", "name"),
        ({"tell": "shout"}, "rules/0/tell", "value"),
        ({"tell": "nobody"}, "rules/0/reason", "reason"),
        ({"when": {"kind": "accessible-rdp"}}, "rules/0/when/kind", "list"),
        ({"when": {"kind": ["a b"]}}, "rules/0/when/kind/0", "code"),
        ({"when": {"severity": ["awful"]}}, "rules/0/when/severity", "values"),
        ({"when": {"severity": {"from": "high", "to": "low"}}}, "rules/0/when/severity", "range"),
        ({"when": {"tier": [True]}}, "rules/0/when/tier", "values"),
        ({"when": {"color": ["red"]}}, "rules/0/when/color", "unknown"),
        ({"tlp": "pink"}, "rules/0/tlp", "value"),
        ({"bundle": ["asset"]}, "rules/0/bundle", "values"),
        ({"interval": "1s"}, "rules/0/interval", "interval"),
        ({"interval": "9w"}, "rules/0/interval", "interval"),
        ({"quiet": {"from": 1200, "until": "07:00"}}, "rules/0/quiet", "quiet"),
        ({"quiet": {"from": "07:00", "until": "07:00"}}, "rules/0/quiet", "quiet"),
        ({"urgent": "very"}, "rules/0/urgent", "value"),
        ({"remind": {"critical": [7, 3]}}, "rules/0/remind/critical", "days"),
        ({"remind": {"awful": [1]}}, "rules/0/remind/awful", "severity"),
        ({"words": {"fr": {}}}, "rules/0/words", "words"),
        ({"words": {"en": {"lead": "{organisation.secret}"}}}, "rules/0/words/en/lead", "placeholder"),
        ({"words": {"en": {"subject": "one\ntwo"}}}, "rules/0/words/en/subject", "subject"),
        ({"name": "botnets"}, "rules/1/name", "twice"),
        ({"extra": 1}, "rules/0/extra", "unknown"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(values: dict[str, object], where: str, code: str) -> None:
    assert wrong_places(changed(**values)) == {where: code}


def test_every_wrong_place_is_said_at_once() -> None:
    assert wrong_places(changed(tell="shout", interval="soon", tlp=1)) == {
        "rules/0/tell": "value", "rules/0/interval": "interval", "rules/0/tlp": "value",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "document"),
        ("[1, 2]", "document"),
        ("a: [", "yaml"),
        (b"\xff\xfe", "encoding"),
        ("a: &x [1]\nb: *x", "alias"),
        ("[" * 5_000, "yaml"),
        ("x" * 200_001, "size"),
        ("sipar-rules: !!python/object:os.system {}", "yaml"),
        (None, "document"),
        ({1: 2}, "document"),
    ],
)
def test_hostile_text_is_refused_and_nothing_of_it_runs(text: object, code: str) -> None:
    assert set(wrong_places(text).values()) == {code}


def test_a_document_without_rules_or_version_is_refused() -> None:
    assert wrong_places("rules: []") == {"sipar-rules": "version", "rules": "rules"}


def test_a_problem_says_everything_in_one_line() -> None:
    problem = RulesProblem([Wrong("a", "x", "is wrong"), Wrong("b", "y", "too")])
    assert str(problem) == "a: is wrong; b: too"


def test_the_schema_in_the_manual_takes_what_the_reader_takes() -> None:
    import jsonschema_rs

    path = Path(__file__).parents[4] / "docs/reference/notice-rules.schema.json"
    validator = jsonschema_rs.validator_for(json.loads(path.read_text()))
    assert validator.is_valid(yaml.safe_load(TEXT))
    refused: list[dict[str, object]] = [
        {"tell": "shout"}, {"interval": "1s"}, {"when": {"color": []}}, {"name": "Not"}, {"extra": 1},
    ]  # fmt: skip
    for values in refused:
        assert not validator.is_valid(changed(**values)), values


def test_an_interval_is_a_span_of_time() -> None:
    assert span("90m").total_seconds() == 5_400
    with pytest.raises(ValueError, match="not an interval"):
        span("soon")
