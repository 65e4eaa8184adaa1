from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.documents import load_document, load_json, load_yaml
from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem
from sipar.formats.tests.builders import outcome

SMALL = Limits(max_bytes=10_000, max_depth=8, max_nodes=500, max_aliases=50, max_scalar=1_000)
LETTERS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(LETTERS, max_size=30)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(LETTERS, max_size=10), inner, max_size=4),
    max_leaves=15,
)


def billion_laughs(*, levels: int) -> bytes:
    lines = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (billion_laughs(levels=4), "yaml.nodes", "line 3, column 30"),
        (b"[" * 9 + b"]" * 9, "yaml.depth", "line 1, column 9"),
        (b"[" * 9_000, "yaml.depth", "line 1, column 9"),
        (b"a:\n  b: &x [1, *x]", "yaml.alias", "line 2, column 13"),
        (b"a: *nothing", "yaml.alias", "line 1, column 4"),
        (b"a: &x 1\nb: [" + b", ".join([b"*x"] * 51) + b"]", "yaml.aliases", "line 2, column 205"),
        (b"a: 1\nb: 2\na: 3", "yaml.duplicate", "line 3, column 1"),
        (b"a: 1\n? [1]\n: 2", "yaml.key", "line 2, column 3"),
        (b"a: &k x\n*k : 2", "yaml.key", "line 2, column 1"),
        (b"a: &k {x: 1}\nb: {<<: *k}", "yaml.merge", "line 2, column 5"),
        (b"a: !!python/object/apply:os.system ['true']", "yaml.tag", "line 1, column 4"),
        (b"a: !!str 1", "yaml.tag", "line 1, column 4"),
        (b"a: " + b"x" * 1_001, "yaml.scalar", "line 1, column 4"),
        (b"a: 1\n---\nb: 2", "yaml.documents", "line 2, column 1"),
        (b"a: [1, 2", "yaml.syntax", "line 2, column 1"),
        (b"a: \x07", "yaml.syntax", ""),
        (b'a: "\\0"', "file.control", "line 1, column 4"),
        (b"a: 123456789012345678901234567890", "yaml.number", "line 1, column 4"),
        (b"a: .inf", "yaml.number", "line 1, column 4"),
        (b"a: 1e999", "yaml.number", "line 1, column 4"),
        (b"[" + b"1," * 500 + b"1]", "yaml.nodes", "line 1, column 1000"),
        (b"# only a comment", "file.empty", ""),
        (b" \n ", "file.empty", ""),
        (b"a: 1\nb: \xe9", "file.encoding", "line 2"),
        ("a: 1".encode("utf-16"), "file.encoding", "byte 0"),
        (b"a: 1\nb: \x00", "file.control", "line 2"),
        (b"a" * 10_001, "file.size", ""),
        (gzip.compress(b"a" * 10_001, mtime=0), "file.size", ""),
        (gzip.compress(b"a: 1", mtime=0)[:-9], "file.gzip", ""),
        (b"\x1f\x8bnot gzip", "file.gzip", ""),
    ],
)
def test_a_hostile_yaml_file_is_refused_by_code_and_place(data: bytes, code: str, where: str) -> None:
    with pytest.raises(FormatProblem) as refusal:
        load_yaml(data, SMALL)
    assert (refusal.value.code, refusal.value.where) == (code, where)


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', "json.duplicate", "a"),
        (b'[{"x": [{"k": 1, "k": 1}]}]', "json.duplicate", "0/x/0"),
        (b"[\n" + b"[" * 8 + b"]" * 9, "json.depth", "line 2"),
        (b"[" * 400, "json.depth", "line 1"),
        (b'["' + b"[" * 900 + b'", NaN]', "json.number", "NaN"),
        (b"[Infinity]", "json.number", "Infinity"),
        (b"[1e999]", "json.number", "1e999"),
        (b"[" + b"9" * 9_000 + b"]", "json.number", "9" * 40),
        (b"[" + b"1," * 500 + b"1]", "json.nodes", ""),
        (b'[1,\n"' + b"x" * 1_001 + b'"]', "json.scalar", "line 2"),
        (b'{"a": 1,}', "json.syntax", "line 1, column 8"),
        (b'{"a": "', "json.syntax", "line 1, column 7"),
        (b'{"a": ["\\ud800"]}', "file.control", "a/0"),
        (b'{"a": {"\\u0000": 1}}', "file.control", "a"),
        (b'{"a": "\xff"}', "file.encoding", "line 1"),
        (b"", "file.empty", ""),
    ],
)
def test_a_hostile_json_file_is_refused_by_code_and_place(data: bytes, code: str, where: str) -> None:
    with pytest.raises(FormatProblem) as refusal:
        load_json(data, SMALL)
    assert (refusal.value.code, refusal.value.where) == (code, where)


def test_half_a_million_escaped_quotes_without_an_end_are_refused_in_one_pass() -> None:
    with pytest.raises(FormatProblem) as refusal:
        load_json(b'["' + b'\\"' * 500_000 + b"\\", Limits(max_scalar=10_000_000))
    assert refusal.value.code == "json.syntax"


def test_a_key_that_stands_twice_among_very_many_is_found_in_one_pass() -> None:
    keys = ",".join(f'"k{number}": 1' for number in [*range(200_000), 199_999])
    with pytest.raises(FormatProblem, match='the key "k199999" stands twice'):
        load_json(f"{{{keys}}}".encode())


def test_words_that_only_yaml_one_one_reads_as_values_stay_text() -> None:
    text = b"[no, yes, on, off, 2026-01-31, 1_000, 0x1f, 12:30:00, =, 1.2.3]"
    assert load_yaml(text) == ["no", "yes", "on", "off", "2026-01-31", "1_000", "0x1f", "12:30:00", "=", "1.2.3"]


def test_plain_words_become_values_and_quoted_words_stay_text() -> None:
    text = b"[~, null, true, False, 7, -7, +7, 0.5, 1e3, '7', \"true\", |\n 7\n]"
    assert load_yaml(text.replace(b", |\n 7\n", b"")) == [None, None, True, False, 7, -7, 7, 0.5, 1000.0, "7", "true"]


def test_an_alias_within_bounds_gives_the_value_it_points_to() -> None:
    assert load_yaml(b"a: &x {n: 1}\nb: [*x, *x]") == {"a": {"n": 1}, "b": [{"n": 1}, {"n": 1}]}


def test_a_byte_order_mark_and_gzip_are_taken_off() -> None:
    assert load_yaml(gzip.compress(b"\xef\xbb\xbfa: 1", mtime=0)) == {"a": 1}
    assert load_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_two_gzip_members_are_one_file() -> None:
    assert load_yaml(gzip.compress(b"a: 1\n", mtime=0) + gzip.compress(b"b: 2\n", mtime=0)) == {"a": 1, "b": 2}


def test_the_name_or_else_the_first_character_tells_json_from_yaml() -> None:
    assert load_document(b"[no]", "list.yaml") == ["no"]
    assert load_document(b'  {"a": 1}', "upload") == {"a": 1}
    assert load_document(b"a: 1", "upload") == {"a": 1}
    with pytest.raises(FormatProblem, match="not JSON"):
        load_document(b"a: 1", "catalogue.json.gz")


@given(VALUES)
def test_json_that_python_writes_is_read_back_the_same(value: Any) -> None:
    assert load_json(json.dumps(value).encode()) == value


@given(VALUES)
def test_yaml_that_the_safe_dumper_writes_is_read_back_the_same(value: Any) -> None:
    class NoAliases(yaml.CSafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    assert load_yaml(yaml.dump(value, Dumper=NoAliases, allow_unicode=True).encode()) == value


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused_and_nothing_else_happens(data: bytes) -> None:
    for load in (load_yaml, load_json):
        found = outcome(lambda load=load: load(data, SMALL))  # type: ignore[misc]
        assert isinstance(found, dict | list | str | int | float | FormatProblem | None)
