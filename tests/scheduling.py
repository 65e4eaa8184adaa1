"""Which tests run one after the other in one worker, because they share what is slow to begin."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# One Sipar with its Chromium for all journeys, and one loaded nation for all tests of the demonstration.
TOGETHER = ("tests/browser/", "src/sipar/demonstration/")


class SharingScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Every test by itself to whichever worker is free, but those of a folder of TOGETHER to one worker, and first."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharingScheduling:
    return SharingScheduling(config, log)
