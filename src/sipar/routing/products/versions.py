"""Versions in the order of their ecosystem: as byte keys that compare like the versions do, and as ranks.

`univers` decides what an order is. For the orders that most ranges use, `key` writes a version as bytes whose plain
comparison is that order; where it cannot (None), the version is put among the others by asking `univers` itself.

`generic` is the order of products that have no ecosystem (CPE names): numbers and words in turn; dots, dashes and
underscores only divide; `1.0` is `1.0.0`; words of a pre-release (alpha, beta, rc, ...) come before the version, other
words after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

import numpy as np
import polars as pl

GENERIC = "generic"
MOST = 200
NOT_A_VERSION = -1
_DIGITS = 240

# Codes of what follows, smallest first: what belongs before a version, its end, what belongs after it.
_BEFORE, _END, _AFTER, _NUMBER = b"\x02", b"\x03", b"\x04", b"\x05"
_TOKEN = re.compile(r"[0-9]+|[a-z]+")
_GENERIC = re.compile(r"v?[0-9a-z][0-9a-z._+~:()/,-]*\Z")
_PRE_WORDS = frozenset({
    "alpha", "beta", "candidate", "dev", "ea", "milestone", "nightly", "pre", "preview", "rc", "snapshot",
})  # fmt: skip
_SEMVER = re.compile(
    r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?\Z"
)
_PEP440 = re.compile(
    r"(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?"
    r"(?:-([0-9]+)|([-_.]?(?:post|rev|r)[-_.]?)([0-9]*))?"
    r"(?:([-_.]?dev[-_.]?)([0-9]*))?"
    r"(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\Z"
)
_PRE_RELEASES = {"a": b"a", "alpha": b"a", "b": b"b", "beta": b"b", "c": b"c", "rc": b"c", "pre": b"c", "preview": b"c"}
_DEBIAN = re.compile(r"(?:([0-9]+):)?([0-9][A-Za-z0-9.+~-]*)\Z")
_DEBIAN_STRICT = re.compile(r"(?:[0-9]+:)?[0-9](?:[A-Za-z0-9.+~-]+|[A-Za-z0-9.+~]+-[A-Za-z0-9+.~]+)?\Z")
_DEBIAN_PART = re.compile(r"([^0-9]*)([0-9]*)")
_DEBIAN_ORDER = {"~": 0} | {
    letter: place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-.", start=2)
}
_RPM = re.compile(r"(?:([0-9]+):)?([!-~]*)\Z")
_RPM_PART = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_MAVEN = re.compile(
    r"([0-9]+(?:\.[0-9]+)*)(?:-(alpha|beta|milestone|rc|cr|snapshot|sp)(?:-?([0-9]+))?)?\Z", re.IGNORECASE
)
_MAVEN_PLACES = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "milestone": b"\x03",
    "rc": b"\x04",
    "cr": b"\x04",
    "snapshot": b"\x05",
}


def key(version: str, order: str) -> bytes | None:
    """Bytes that compare as the version does in this order; None where only `univers` can say, or nobody.

    Orders: generic, semver, pypi, deb, rpm, maven.
    """
    encode = _ENCODERS.get(order)
    if encode is None or not version or len(version) > MOST:
        return None
    return encode(version)


def ranks(versions: Sequence[str] | pl.Series, order: str) -> np.ndarray[Any, np.dtype[np.int32]]:
    """The place of each version in its order, equal where the order has them equal; -1 for what is no version."""
    table = pl.DataFrame({"version": pl.Series(versions, dtype=pl.String)})
    unique = table.unique("version")
    keyed = _numeric_keys(unique) if order == GENERIC else unique.with_columns(key=pl.lit(None, dtype=pl.Binary))
    rest = keyed.filter(pl.col("key").is_null())
    if rest.height:
        names = rest["version"].to_list()
        encoded = pl.DataFrame(
            {"version": names, "key": [key(name, order) for name in names]},
            schema={"version": pl.String, "key": pl.Binary},
        )
        keyed = pl.concat([keyed.filter(pl.col("key").is_not_null()), encoded])
    known = keyed.filter(pl.col("key").is_not_null())
    places = known.select("key").unique().sort("key").with_row_index("rank")
    ranked = known.join(places, on="key").select("version", pl.col("rank").cast(pl.Int64))
    strange = keyed.filter(pl.col("key").is_null())["version"].to_list()
    placed = _place_by_univers(strange, ranked, order) if strange else ranked
    found = table.join(placed, on="version", how="left", maintain_order="left")["rank"]
    return found.fill_null(NOT_A_VERSION).to_numpy().astype(np.int32)


def _place_by_univers(strange: list[str], ranked: pl.DataFrame, order: str) -> pl.DataFrame:
    """Ranks anew, with those among the versions that have keys which only `univers` can compare."""
    build = _univers(order)
    values = {name: value for name in strange if (value := _built(build, name)) is not None} if build else {}
    if not values or build is None:
        return ranked
    # One version for each rank stands for all that are equal to it.
    stand_ins = ranked.sort("rank").unique("rank", keep="first", maintain_order=True)["version"].to_list()
    built: dict[int, Any] = {}
    before: dict[int, list[str]] = {}
    same: dict[str, int] = {}
    for name, value in values.items():
        low, high = 0, len(stand_ins)
        while low < high:
            middle = (low + high) // 2
            other = built.setdefault(middle, _built(build, stand_ins[middle]))
            compared = 0 if other is None else _compare(value, other)
            if compared == 0:
                same[name] = middle
                break
            low, high = (low, middle) if compared < 0 else (middle + 1, high)
        else:
            before.setdefault(low, []).append(name)
    renamed: dict[str, int] = {}
    shifted, shift = [], 0
    for place in range(len(stand_ins) + 1):
        last: Any = None
        waiting = [(values[name], name) for name in before.get(place, [])]
        for value, name in sorted(waiting, key=cmp_to_key(_compare_first)):
            shift += last is not None and _compare(last, value) != 0
            renamed[name] = place + shift
            last = value
        shift += last is not None
        shifted.append(place + shift)
    renamed |= {name: shifted[place] for name, place in same.items()}
    moved = ranked.with_columns(rank=pl.Series(np.array(shifted, dtype=np.int64)[ranked["rank"].to_numpy()]))
    extra = pl.DataFrame({"version": list(renamed), "rank": list(renamed.values())}, schema=moved.schema)
    return pl.concat([moved, extra])


def _compare(first: Any, second: Any) -> int:
    if first < second:
        return -1
    return 1 if second < first else 0


def _compare_first(one: tuple[Any, str], two: tuple[Any, str]) -> int:
    return _compare(one[0], two[0])


def _built(build: Callable[[str], Any], name: str) -> Any:
    """The version as `univers` has it; None where it refuses. Its readers raise what their own parsers happen to."""
    if not name or len(name) > MOST:
        return None
    try:
        value = build(name)
        value < value  # noqa: B015 - some orders only fail when they compare
    except Exception:  # noqa: BLE001
        return None
    return value


def _univers(order: str) -> Callable[[str], Any] | None:
    from univers import versions

    kinds: dict[str, Callable[[str], Any]] = {
        "semver": versions.SemverVersion, "pypi": versions.PypiVersion, "deb": versions.DebianVersion,
        "rpm": versions.RpmVersion, "maven": versions.MavenVersion, "gem": versions.RubygemsVersion,
        "nuget": versions.NugetVersion, "golang": versions.GolangVersion, "composer": versions.ComposerVersion,
        "alpine": versions.AlpineLinuxVersion, "arch": versions.ArchLinuxVersion, "gentoo": versions.GentooVersion,
        "conan": versions.ConanVersion, "openssl": versions.OpensslVersion, "nginx": versions.NginxVersion,
    }  # fmt: skip
    return kinds.get(order)


def _numeric_keys(unique: pl.DataFrame) -> pl.DataFrame:
    """Keys of the versions that are numbers and dots alone, in columns; null for all others."""
    plain = pl.col("version").str.contains(r"^[0-9]{1,18}(\.[0-9]{1,18})*$")
    number = pl.element().str.strip_chars_start("0")
    # The same bytes as `_generic` writes: \x05, how many digits, the digits.
    written = pl.concat_str(
        pl.lit(_NUMBER.decode()), number.str.len_bytes().replace_strict(_LENGTHS, return_dtype=pl.String), number
    )
    trimmed = pl.col("version").str.replace(r"(\.0+)+$", "").str.replace(r"^0+$", "")
    done = unique.filter(plain).with_columns(
        key=pl.when(trimmed == "")
        .then(pl.lit(""))
        .otherwise(trimmed.str.split(".").list.eval(written).list.join(""))
        .add(pl.lit(_END.decode()))
        .cast(pl.Binary)
    )
    rest = unique.filter(~plain).with_columns(key=pl.lit(None, dtype=pl.Binary))
    return pl.concat([done, rest])


def _number(digits: str) -> bytes:
    digits = digits.lstrip("0")
    return bytes([len(digits) + 1]) + digits.encode()


_LENGTHS = {length: bytes([length + 1]).decode() for length in range(19)}


def _generic(version: str) -> bytes | None:
    lowered = version.strip().casefold()
    if not _GENERIC.match(lowered):
        return None
    tokens = _TOKEN.findall(lowered.removeprefix("v") if lowered[1:2].isdigit() else lowered)
    written: list[bytes] = []
    zeros = 0
    for token in tokens:
        if token[0].isdigit():
            if len(token) > _DIGITS:
                return None
            if not token.strip("0"):
                zeros += 1
                continue
            written += [_NUMBER + _number("0")] * zeros
            zeros = 0
            written.append(_NUMBER + _number(token))
        else:
            # Zeros in front of a word say nothing: 1.0-rc1 comes before 1.
            zeros = 0
            written.append((_BEFORE if token in _PRE_WORDS else _AFTER) + token.encode() + b"\x00")
    return b"".join(written) + _END


def _semver(version: str) -> bytes | None:
    found = _SEMVER.match(version.lstrip("vV"))
    if found is None or len(version) > _DIGITS:
        return None
    written = [_number(part or "0") for part in found.groups()[:3]]
    if found[4] is None:
        return b"".join(written) + _AFTER
    written.append(_BEFORE)
    for part in found[4].split("."):
        if part.isdigit():
            if part != "0" and part.startswith("0"):
                return None
            written.append(b"\x04" + _number(part))
        else:
            written.append(b"\x05" + part.encode() + b"\x00")
    return b"".join(written) + b"\x03"


def _pypi(version: str) -> bytes | None:
    found = _PEP440.match("".join(version.split()).lstrip("vV").lower())
    if found is None:
        return None
    epoch, release, pre, pre_number, bare_post, post, post_number, dev, dev_number, local = found.groups()
    numbers = re.sub(r"(\.0+)+$", "", release)
    numbers = "" if not numbers.strip("0") else numbers
    written = [_number(epoch or "0")]
    written += [b"\x02" + _number(part) for part in numbers.split(".") if numbers]
    written.append(b"\x01")
    is_post = bare_post is not None or post is not None
    if pre is not None:
        written.append(b"\x02" + _PRE_RELEASES[pre] + _number(pre_number or "0"))
    else:
        written.append(b"\x01" if dev is not None and not is_post else b"\x03")
    written.append(b"\x02" + _number(bare_post or post_number or "0") if is_post else b"\x01")
    written.append(b"\x01" + _number(dev_number or "0") if dev is not None else b"\x02")
    for part in re.split(r"[-_.]", local) if local else []:
        written.append(b"\x03" + _number(part) if part.isdigit() else b"\x02" + part.encode() + b"\x00")
    return b"".join(written) + b"\x01"


def _deb(version: str) -> bytes | None:
    plain = "".join(version.split()).lstrip("vV")
    found = _DEBIAN.match(plain)
    if found is None or not _DEBIAN_STRICT.match(plain):
        return None
    upstream, dash, revision = found[2].rpartition("-")
    if not dash:
        upstream, revision = found[2], "0"
    return _number(found[1] or "0") + _debian_part(upstream) + _debian_part(revision)


def _debian_part(text: str) -> bytes:
    written = []
    for letters, digits in _DEBIAN_PART.findall(text):
        if letters or digits:
            written.append(bytes(_DEBIAN_ORDER[letter] for letter in letters) + b"\x01" + _number(digits))
    return b"".join(written) + b"\x01" + _number("0")


def _rpm(version: str) -> bytes | None:
    found = _RPM.match("".join(version.split()).lstrip("vV"))
    if found is None or ":" in found[2]:
        return None
    upstream, _, release = found[2].partition("-")
    return _number(found[1] or "0") + _rpm_part(upstream) + _rpm_part(release)


def _rpm_part(text: str) -> bytes:
    written = []
    for token in _RPM_PART.findall(text):
        if token == "~":  # noqa: S105 - a separator, no secret
            written.append(b"\x01")
        elif token == "^":  # noqa: S105
            written.append(b"\x03")
        elif token[0].isdigit():
            written.append(b"\x05" + _number(token))
        else:
            written.append(b"\x04" + token.encode() + b"\x00")
    return b"".join(written) + b"\x02"


def _maven(version: str) -> bytes | None:
    found = _MAVEN.match(version.lstrip("vV"))
    if found is None:
        return None
    numbers = re.sub(r"(\.0+)+$", "", found[1])
    written = [_NUMBER + _number(part) for part in numbers.split(".")] if numbers.strip("0") else []
    qualifier = (found[2] or "").lower()
    if not qualifier:
        return b"".join(written) + _END
    place = _MAVEN_PLACES.get(qualifier)
    code = _BEFORE + place if place else _AFTER + b"\x01"
    return b"".join(written) + code + _number(found[3] or "0")


_ENCODERS: dict[str, Callable[[str], bytes | None]] = {
    GENERIC: _generic, "semver": _semver, "pypi": _pypi, "deb": _deb, "rpm": _rpm, "maven": _maven,
}  # fmt: skip
