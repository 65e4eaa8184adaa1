"""The statements that bring staged files about vulnerabilities into the table."""

from __future__ import annotations

from typing import Final

import polars as pl

RECORD_COLUMNS: Final = pl.Schema({
    "cve": pl.String, "state": pl.String, "title": pl.String, "description": pl.String, "assigner": pl.String,
    "published": pl.Date, "updated": pl.String, "cwes": pl.String, "cvss": pl.Float64, "cvss_vector": pl.String,
    "cvss_version": pl.String, "kev_added": pl.Date, "exploitation": pl.String, "automatable": pl.String,
    "technical_impact": pl.String, "vendor": pl.String, "product": pl.String,
})  # fmt: skip

CREATE_RECORDS: Final = """
create temporary table staged_record (
    cve text primary key, state text, title text, description text, assigner text, published date,
    updated timestamptz, cwes text[], cvss float, cvss_vector text, cvss_version text, kev_added date,
    exploitation text, automatable text, technical_impact text, vendor text, product text
) on commit drop
"""
# A newer record that says nothing of a score or of SSVC takes no other source's word away. Records keep the mark of a
# catalogue after it has taken it back: only one of a later day counts then.
UPSERT_RECORDS: Final = """
insert into vulnerabilities_vulnerability as v (
    cve, state, title, description, assigner, published, updated, cwes, cvss, cvss_vector, cvss_version, kev_added,
    exploitation, automatable, technical_impact, vendor, product, ransomware, reasons, uncertainty)
select cve, state, title, description, assigner, published, updated, cwes, cvss, cvss_vector, cvss_version, kev_added,
    exploitation, automatable, technical_impact, vendor, product, false, '[]', '{}'
from staged_record
on conflict (cve) do update set
    state = excluded.state,
    title = case when excluded.title = '' then v.title else excluded.title end,
    description = excluded.description, assigner = excluded.assigner, published = excluded.published,
    updated = excluded.updated, cwes = excluded.cwes,
    cvss = coalesce(excluded.cvss, v.cvss),
    cvss_vector = case when excluded.cvss is null then v.cvss_vector else excluded.cvss_vector end,
    cvss_version = case when excluded.cvss is null then v.cvss_version else excluded.cvss_version end,
    kev_added = coalesce(v.kev_added,
        case when v.kev_gone is null or excluded.kev_added > v.kev_gone then excluded.kev_added end),
    exploitation = coalesce(nullif(excluded.exploitation, ''), v.exploitation),
    automatable = coalesce(nullif(excluded.automatable, ''), v.automatable),
    technical_impact = coalesce(nullif(excluded.technical_impact, ''), v.technical_impact),
    vendor = coalesce(nullif(excluded.vendor, ''), v.vendor),
    product = coalesce(nullif(excluded.product, ''), v.product)
where v.updated is null or excluded.updated > v.updated
returning v.cve, v.xmax = 0
"""

_EMPTY: Final = """
    title, description, assigner, cwes, cvss_vector, cvss_version, exploitation, automatable, technical_impact, vendor,
    product, ransomware, reasons, uncertainty
"""
_BLANK: Final = "'', '', '', '{}', '', '', '', '', '', '', '', false, '[]', '{}'"

CREATE_KEV: Final = """
create temporary table staged_kev (
    cve text primary key, added date, due date, ransomware boolean, name text, vendor text, product text
) on commit drop
"""
CHANGE_KEV: Final = """
update vulnerabilities_vulnerability v set kev_added = s.added, kev_due = s.due, kev_gone = null,
    ransomware = s.ransomware,
    title = case when v.title = '' then s.name else v.title end,
    vendor = case when v.vendor = '' then s.vendor else v.vendor end,
    product = case when v.product = '' then s.product else v.product end
from staged_kev s
where s.cve = v.cve and (v.kev_added, v.kev_due, v.ransomware) is distinct from (s.added, s.due, s.ransomware)
"""
ADD_KEV: Final = """
insert into vulnerabilities_vulnerability (cve, state, kev_added, kev_due, ransomware, title, vendor, product,
    description, assigner, cwes, cvss_vector, cvss_version, exploitation, automatable, technical_impact, reasons,
    uncertainty)
select cve, 'listed', added, due, ransomware, name, vendor, product, '', '', '{}', '', '', '', '', '', '[]', '{}'
from staged_kev on conflict (cve) do nothing
"""

# What the catalogue no longer lists. One that was added after its newest entry is not missing: the catalogue is older.
_GONE: Final = """
    kev_added <= (select max(added) from staged_kev) and not exists (select 1 from staged_kev s where s.cve = v.cve)
"""
COUNT_GONE: Final = f"""
select count(*) filter (where {_GONE}), count(*) from vulnerabilities_vulnerability v where kev_added is not null
"""  # noqa: S608
TAKE_OFF: Final = f"""
update vulnerabilities_vulnerability v set kev_added = null, kev_due = null, ransomware = false,
    kev_gone = (select max(added) from staged_kev)
where {_GONE}
"""  # noqa: S608

CREATE_EPSS: Final = """
create temporary table staged_epss (cve text primary key, epss float, percentile float, day date) on commit drop
"""
CHANGE_EPSS: Final = """
update vulnerabilities_vulnerability v set epss = s.epss, epss_percentile = s.percentile, epss_on = s.day
from staged_epss s
where s.cve = v.cve and (v.epss_on is null or s.day >= v.epss_on)
    and (v.epss, v.epss_percentile, v.epss_on) is distinct from (s.epss, s.percentile, s.day)
"""
ADD_EPSS: Final = f"""
insert into vulnerabilities_vulnerability (cve, state, epss, epss_percentile, epss_on, {_EMPTY})
select cve, 'listed', epss, percentile, day, {_BLANK} from staged_epss on conflict (cve) do nothing
"""  # noqa: S608

CREATE_LISTED: Final = "create temporary table staged_listed (cve text primary key) on commit drop"
ADD_LISTED: Final = f"""
insert into vulnerabilities_vulnerability (cve, state, {_EMPTY})
select cve, 'listed', {_BLANK} from staged_listed on conflict (cve) do nothing
"""  # noqa: S608
