"""What a table component needs to know of its columns."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Column:
    """`optional`: the reader may hide it; the choice is kept on their device."""

    key: str
    label: str | Promise
    sortable: bool = False
    numeric: bool = False
    optional: bool = False
