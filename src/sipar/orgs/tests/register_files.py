"""Register files for the tests: a correct row, changed where a test says so."""

from __future__ import annotations

from sipar.formats.tables import Sheet, write_csv, write_xlsx

ROW: dict[str, str] = {
    "identifier": "PK-T-9001",
    "name": "Epsilon Gas (fictional)",
    "name_ur": "ایپسلون گیس",
    "ownership": "private",
    "sector": "energy",
    "subsector": "energy-gas",
    "province": "PK-SD",
    "ministry": "nepra",
    "tier": "2",
    "size": "large",
    "website": "https://epsilon.example/",
    "contact_name": "Duty desk",
    "contact_email": "duty@epsilon.example",
    "contact_phone": "+92 51 1234567",
    "domains": "epsilon.example; gas.example",
    "prefixes": "203.0.113.0/24",
    "asns": "AS64500",
    "cryptography": "RSA-2048; ECDSA P-256",
}


def rows_with(*changes: dict[str, str]) -> list[dict[str, str]]:
    """One row for each mapping of changes."""
    return [ROW | change for change in changes]


def csv_file(rows: list[dict[str, str]], *, without: tuple[str, ...] = ()) -> bytes:
    names = [name for name in rows[0] if name not in without]
    return write_csv(names, [[row[name] for name in names] for row in rows])


def xlsx_file(rows: list[dict[str, str]]) -> bytes:
    names = list(rows[0])
    return write_xlsx([Sheet(name="Register", header=names, rows=[[row[name] for name in names] for row in rows])])
