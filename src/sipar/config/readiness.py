"""Whether anything changed since the last complete start, told without loading Django: a second start is quick."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sipar.core.cluster import LocalCluster

SOURCE = Path(__file__).resolve().parents[1]
_NAME = "ready"


def is_ready(cluster: LocalCluster | None, var: Path) -> bool:
    """Whether this code has brought this very cluster up to date. A server of DATABASE_URL is always checked anew."""
    if cluster is None or not (var / "static" / "stamp.json").exists():
        return False
    stamp = cluster.folder / _NAME
    return stamp.exists() and stamp.read_text() == _fingerprint()


def remember(cluster: LocalCluster | None) -> None:
    """Note beside the cluster that this code has brought it up to date."""
    if cluster is not None:
        (cluster.folder / _NAME).write_text(_fingerprint())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*")):
        # What Python and numba keep of their work is no code: it changes while Sipar runs.
        if path.parent.name == "__pycache__" or not path.is_file():
            continue
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
