"""Plain lists, one entry a line: addresses, networks, URLs and domains, with comments, also in defanged form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa

from sipar.feeds.kernels.fields import Field, url_fields
from sipar.feeds.kernels.plan import Before, Plan, observations
from sipar.feeds.kernels.rsit import TYPES
from sipar.feeds.lines import blocks, row_lines
from sipar.feeds.reading import Chunk, Report
from sipar.formats.problems import FormatProblem

# How addresses and names are written so that nobody follows them: what they stand for.
_DEFANGED = {
    "[.]": ".", "(.)": ".", "{.}": ".", "[dot]": ".", "(dot)": ".", "[:]": ":", "[://]": "://", "[/]": "/",
}  # fmt: skip
_LOOKED_AT = 200
# Lines are short: of a larger block the columns would fill the memory.
_BLOCK = 4 * 1024 * 1024
_PREFIX = r"/[0-9]{1,3}$"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}\Z")
_FIELDS = (
    Field("address", "ip", "address", needed=True),
    Field("network", "extra.network", "network", needed=True),
    Field("name", "hostname", "hostname"),
    *url_fields("url"),
)


class BlocklistReader:
    """Settings: `kind` and `classification` (RSIT) of every entry, where the list has a meaning of its own."""

    name = "blocklist"
    label = "Block list (addresses, networks, URLs, domains)"

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raises FormatProblem where the settings cannot be worked with."""
        if not _NAME.match(str(settings.get("kind", "listed"))):
            raise FormatProblem("blocklist.settings", "A kind is lower case letters, figures and hyphens.", "kind")
        if settings.get("classification", "other") not in TYPES:
            raise FormatProblem("blocklist.settings", "This is no type of RSIT.", "classification")

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """Any text that is not a page, an object or packed."""
        self.check(settings)
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
        if not start:
            raise FormatProblem("blocklist.empty", "The list is empty.", name[:80])
        if start.startswith((b"{", b"<!doctype", b"<html", b"<?xml", b"%pdf")) or start[:1] < b"\t":
            raise FormatProblem("blocklist.text", "This is not a plain list: one entry a line.", name[:80])
        lines = head.decode("utf-8", "replace").split("\n")[:_LOOKED_AT]
        entries = _entries(pl.Series("text", lines, dtype=pl.String)).drop_nulls("entry")
        known = entries.select((~pl.all_horizontal(pl.exclude("entry").is_null())).sum()).item()
        if known * 2 < entries.height or (not known and entries.height):
            sentence = "Most lines at the beginning are no address, network, URL or domain."
            raise FormatProblem("blocklist.text", sentence, name[:80])
        return Report("list")

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation an entry. A network stands under its first address and is named in `extra`."""
        plan = Plan(
            fields=_FIELDS,
            kind=str(settings.get("kind", "listed")),
            classification=str(settings.get("classification", "other")),
            timeless=True,
        )
        for block in blocks(stream, size=_BLOCK):
            lines = row_lines(block)
            texts = pl.Series("text", block.data.decode().split("\n")[:-1], dtype=pl.String)
            entries = _entries(texts)
            present = entries.get_column("entry").is_not_null()
            table = entries.filter(present).drop("entry").to_arrow(compat_level=pl.CompatLevel.oldest())
            before = Before(bad=block.bad, more_bad=block.more_bad, recoded=block.recoded)
            yield observations(plan, _as_text(table), lines[present.to_numpy()], before=before)


def _as_text(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))


def _entries(texts: pl.Series) -> pl.DataFrame:
    """Each line's entry (null for a comment), and the same as an address, a network, a name or a URL."""
    line = pl.col("text").str.strip_chars()
    bare = pl.when(~line.str.contains(r"^(?:[#;!]|//|$)")).then(line)
    # Lists for name servers and hosts files put a null address before the name.
    word = bare.str.replace(r"^(?:\|\||(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+)", "").str.extract(
        r"^[\"']?([^\s,;|\"'#]+)"
    )
    plain = word.str.replace_many(list(_DEFANGED), list(_DEFANGED.values())).str.replace(r"^(?i)h(?:xx|\*\*)p", "http")
    entry = plain.str.replace(r"^\*?\.?", "").str.strip_chars_end("^")
    frame = texts.to_frame().select(entry.alias("entry"))
    whole = pl.col("entry")
    is_url = whole.str.contains("://", literal=True) | whole.str.contains(r"^[^/:]*[A-Za-z][^/:]*(?::[0-9]+)?/")
    is_network = ~is_url & whole.str.contains(_PREFIX)
    is_address = ~is_url & ~is_network & (whole.str.contains(r"^[0-9.]+$") | whole.str.contains(":", literal=True))
    url = pl.when(whole.str.contains("://", literal=True)).then(whole).otherwise("http://" + whole)
    return frame.with_columns(
        address=pl.when(is_network).then(whole.str.replace(_PREFIX, "")).when(is_address).then(whole),
        network=pl.when(is_network).then(whole),
        # A name without a dot is a heading or a word: nobody's.
        name=pl.when(~is_url & ~is_network & ~is_address & whole.str.contains(".", literal=True)).then(whole),
        url=pl.when(is_url).then(url),
    )


READER = BlocklistReader()
