"""The test suite's own PostgreSQL: a throw-away cluster, one database for each worker, migrated once."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Before Django reads its settings: nothing of a test may touch the installation's own folder or database.
os.environ.setdefault("SIPAR_VAR", tempfile.mkdtemp(prefix="sipar-test-var-"))
os.environ["SIPAR_MODE"] = "demonstration"

pytest_plugins = ["sipar.core.testing", "tests.cast"]

PROJECT = Path(__file__).parent
