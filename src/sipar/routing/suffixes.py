"""Public suffixes: names under which many organisations register, which no single organisation may claim.

The list is the snapshot inside `tldextract`, with its private part: `github.io` is a public suffix here, because a
claim on it would take in every tenant. Nothing is fetched, nothing is kept on disk; a new list comes with a new version
of the package.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sipar.routing.domains import ascii_name

if TYPE_CHECKING:
    import tldextract


def is_public_suffix(domain: str) -> bool:
    """Whether the whole name is a public suffix. A name of one label always is, on the list or not."""
    name = ascii_name(domain.strip())
    return "." not in name or _extract(name).suffix == name


def registrable(domain: str) -> str | None:
    """The part of a name that somebody registered: its public suffix and one label; None where there is none."""
    name = ascii_name(domain.strip())
    return _extract(name).top_domain_under_public_suffix or None


def _extract(name: str) -> tldextract.ExtractResult:
    return _extractor()(name)


@cache
def _extractor() -> tldextract.TLDExtract:
    # Brings an HTTP client along, which few processes need.
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
