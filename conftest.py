"""The test suite's own PostgreSQL: a throw-away cluster, one database for each worker, migrated once."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

# Before Django reads its settings: nothing of a test may touch the installation's own folder or database.
if "SIPAR_TEST_VAR" not in os.environ:
    os.environ["SIPAR_TEST_VAR"] = tempfile.mkdtemp(prefix="sipar-test-var-")
    atexit.register(shutil.rmtree, os.environ["SIPAR_TEST_VAR"], ignore_errors=True)
os.environ["SIPAR_VAR"] = os.environ["SIPAR_TEST_VAR"]
os.environ["SIPAR_MODE"] = "demonstration"

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("sipar", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sipar")

pytest_plugins = ["tests.database", "tests.cast", "tests.world", "tests.scheduling"]
