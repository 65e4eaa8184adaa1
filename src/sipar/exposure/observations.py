"""The columns of an observation: what readers give, what routing adds, and what the lake keeps.

One observation is one line of one report: something was seen at an address or a name at a time. Readers fill `READ`
(a column that a source does not have is null), the pipeline adds `ADDED`, and the lake keeps both.
"""

from __future__ import annotations

import pyarrow as pa

_WORDS = pa.dictionary(pa.int32(), pa.string())

READ = pa.schema([
    ("line", pa.int64()),  # of the raw file, from 1; a CSV head is line 1
    ("observed_at", pa.timestamp("us", tz="UTC")),
    ("kind", _WORDS),  # what was seen, by its IntelMQ classification identifier: `accessible-http`
    ("classification", _WORDS),  # RSIT type, `vulnerable-system`; its class follows from it
    ("severity", pa.int8()),  # index into severity.SEVERITIES
    ("ip", pa.string()),
    ("port", pa.int32()),
    ("protocol", _WORDS),
    ("hostname", pa.string()),  # lower case, no final dot
    ("url", pa.string()),
    ("asn", pa.uint32()),
    ("country", _WORDS),  # ISO 3166-1 alpha-2
    ("product", pa.string()),
    ("cves", pa.string()),  # upper case, sorted, divided by one space
    ("malware", pa.string()),
    ("tag", pa.string()),
    ("extra", pa.string()),  # JSON object of what the source says besides
])  # fmt: skip

ADDED = pa.schema([
    ("source", _WORDS),  # code of the feed
    ("raw", _WORDS),  # SHA-256 of the raw file
    ("row", pa.binary(16)),  # hash of the whole observation: the same line twice is one observation
    ("key", pa.binary(16)),  # hash of kind and asset: observations of one finding share it
    ("organisation", pa.int64()),  # null: nobody claims it
    ("team", pa.int64()),  # the CERT that answers for it where nobody claims it
    ("claim", pa.int64()),  # the asset, or the national range, that won
    ("rank", pa.int8()),  # index into routing's precedence: why it won
    ("others", pa.list_(pa.int64())),  # every other claim that matched
    ("shared", _WORDS),  # mark of the winning claim: nat, shared, cloud, dynamic
    ("lookup", _WORDS),  # digest of the lookup that routed it
])  # fmt: skip

SCHEMA = pa.schema([*READ, *ADDED])
