"""`sipar bench priority`: does the model find what is exploited later better than CVSS and SSVC alone do?"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sipar.bench.figures import Figure, Peer
from sipar.bench.shared import shared_data

STEPS = 3
RECORDS = "vulnrichment/vulnrichment_compact.jsonl.gz"
LISTINGS = "kev/kev_asof_2024-10-24.json"
# Learnt from what was known on the first day; asked about everything listed from then to the last day of the data.
LEARNT_ON = date(2024, 5, 1)

type Say = Callable[[str], object]


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    folder = shared_data()
    if folder is None or not (folder / RECORDS).is_file() or not (folder / LISTINGS).is_file():
        note = f"not measured: SIPAR_SHARED names no folder with data/{RECORDS} and data/{LISTINGS}"
        return [Figure("priority_auc", None, "", None, "min", note=note)]
    say("Reading 44,000 vulnerabilities and what was listed as exploited")
    cves, listed = read_records(folder / RECORDS), read_listings(folder / LISTINGS)
    say(f"Learning from what was known on {LEARNT_ON}")
    found = compare(cves, listed, on=LEARNT_ON)
    say("Comparing with CVSS and with SSVC")
    best = max(found["cvss"], found["ssvc"])
    note = (
        f"learnt on {LEARNT_ON} from {found['records']:,} records, {found['known']} of them listed by then; asked about"
        f" {found['asked']:,}, of which {found['later']} were listed later; expected {found['expected']:.0f} of them;"
        f" {found['in_first']} of {found['later']} are in the first tenth, by CVSS {found['cvss_in_first']}"
    )
    return [
        Figure("priority_auc", found["model"], "", best, "min", Peer("the better of CVSS and SSVC", best), note),
        Figure("cvss_auc", found["cvss"], "", None, "min", note="CVSS base score, 0 where there is none"),
        Figure(
            "ssvc_auc",
            found["ssvc"],
            "",
            None,
            "min",
            note="exploitation as known on that day, then automatable and technical impact",
        ),
    ]


def compare(cves: pl.DataFrame, listed: pl.DataFrame, *, on: date) -> dict[str, Any]:
    """The areas under the curve of model, CVSS and SSVC order on what was not listed yet on the day."""
    from sipar.exposure.likelihood import area_under_curve, estimate, learn

    model = learn(cves, listed, on=on)
    before = listed.filter(pl.col("added") < on)["cve"]
    # What SSVC says of exploitation is taken where it was said before the day: CISA raises it when it lists.
    asked = cves.filter(~pl.col("cve").is_in(before.implode())).with_columns(
        pl.when(pl.col("assessed") < on).then("exploitation").alias("exploitation")
    )
    later = asked["cve"].is_in(listed["cve"].implode()).to_numpy()
    likelihood = estimate(model, asked, listed, on=on)["probability"].to_numpy()
    cvss = asked["cvss"].fill_null(0).to_numpy()
    ssvc = (
        asked.select(
            (pl.col("exploitation") == "active").fill_null(value=False).cast(pl.Int64) * 8
            + (pl.col("exploitation") == "poc").fill_null(value=False).cast(pl.Int64) * 4
            + (pl.col("automatable") == "yes").fill_null(value=False).cast(pl.Int64)
            + (pl.col("technical_impact") == "total").fill_null(value=False).cast(pl.Int64)
        )
        .to_series()
        .to_numpy()
    )
    tenth = asked.height // 10
    return {
        "records": model.records, "known": model.listed, "asked": asked.height, "later": int(later.sum()),
        "expected": float(likelihood.sum()), "model": area_under_curve(likelihood, later),
        "cvss": area_under_curve(cvss, later), "ssvc": area_under_curve(ssvc, later),
        "in_first": int(later[(-likelihood).argsort(kind="stable")[:tenth]].sum()),
        "cvss_in_first": int(later[(-cvss).argsort(kind="stable")[:tenth]].sum()),
    }  # fmt: skip


def read_records(path: Path) -> pl.DataFrame:
    """The compact file of vulnrichment records as `exposure.likelihood.CVES`, with the day of the SSVC `assessed`."""
    from sipar.exposure.likelihood import CVES

    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = pl.DataFrame(list(_records(lines)), schema=[*CVES, "assessed"], orient="row", infer_schema_length=None)
    dates = [pl.col(name).str.to_date(strict=False) for name in ("published", "assessed")]
    return rows.with_columns(*dates).drop_nulls("published")


def read_listings(path: Path) -> pl.DataFrame:
    """CISA's catalogue as `exposure.likelihood.LISTED`."""
    from sipar.formats.kev import read_kev

    return read_kev(path.read_bytes()).select("cve", "added", "vendor", "product", "ransomware")


def _records(lines: Iterator[str]) -> Iterator[tuple[Any, ...]]:
    for line in lines:
        record = json.loads(line)
        if record["state"] != "PUBLISHED":
            continue
        ssvc = {name: str(value).lower() for name, value in (record.get("ssvc") or {}).items()}
        cvss = record.get("cvss_cna") or record.get("cvss_adp") or [None, None, None]
        affected = [each for each in record.get("affected") or [] if each.get("vendor") not in (None, "", "n/a")]
        first = affected[0] if affected else {}
        yield (
            record["id"], (record.get("published") or "")[:10], cvss[1], cvss[2], ssvc.get("automatable"),
            ssvc.get("technical_impact"), ssvc.get("exploitation"), first.get("vendor"), first.get("product"),
            len(affected), ssvc.get("ts", "")[:10],
        )  # fmt: skip
