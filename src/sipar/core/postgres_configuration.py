"""The configuration files of a private cluster, as text."""

from __future__ import annotations

from pathlib import Path

SUPERUSER_ROLE = "postgres"
OWNER_ROLE = "sipar_owner"
APP_ROLE = "sipar_app"
DEFINER_ROLE = "sipar_definer"
# Owns the functions that look past row-level security; it cannot log in.
DEFINER_ROLE = "sipar_definer"
PORT = 5432

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # A statement or a row in the log would be case content outside every wall.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10min",
    "max_connections": "120",
}


def configuration_files(folder: Path, socket_folder: Path, *, account: str, throwaway: bool) -> dict[str, str]:
    """File name to text. Only the operating system's account named ``account`` may connect, as one of our roles."""
    settings = _SETTINGS | (_THROWAWAY_SETTINGS if throwaway else {})
    settings |= {
        "unix_socket_directories": _quoted(str(socket_folder)),
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
    }
    roles = (SUPERUSER_ROLE, OWNER_ROLE, APP_ROLE)
    return {
        "pg_hba.conf": "local all all peer map=sipar\n",
        "pg_ident.conf": "".join(f"sipar {_quoted(account)} {role}\n" for role in roles),
        "postgresql.conf": "".join(f"{name} = {_literal(value)}\n" for name, value in settings.items()),
    }


def locale_options(major: int | None) -> list[str]:
    """UTF-8 by code point: built into PostgreSQL from 17 on, else the C library's."""
    if major is not None and major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
