"""A worker that is killed in the middle of a launch leaves nothing double and nothing missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connections
from tests.cast import NOW, find_cast
from tests.database import own_database

from sipar.assessments import tasks
from sipar.assessments.campaign_actions import launch_campaign
from sipar.assessments.models import Assessment, Campaign
from sipar.assessments.tests.many_organisations import fill_register
from sipar.assessments.tests.test_campaign_launch import drafted
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.frameworks.actions import load_shipped
from sipar.frameworks.models import Framework

ORGANISATIONS = 600
PATIENCE_S = 60
# What a worker does, in small steps so that there is a middle to be killed in.
WORKER = """
import sys, django
django.setup()
from django.utils import timezone
from tests.database import use_database
use_database(sys.argv[1])
from sipar.assessments.campaign_launch import launch_steps
for progress in launch_steps(int(sys.argv[2]), now=timezone.now(), rows_a_step=2):
    pass
"""


def committed(campaign: int) -> int:
    with acting(system(), reason="count"):
        return Assessment.objects.filter(campaign=campaign).count()


def test_a_killed_worker_is_followed_by_another_and_everyone_is_asked_exactly_once(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> None:
    with django_db_blocker.unblock(), own_database() as name:  # type: ignore[attr-defined]
        cast = find_cast()
        fill_register(ORGANISATIONS)
        with acting(system(), reason="load"):
            load_shipped(system(), now=NOW)
            framework = Framework.objects.get(identifier="nist-csf-2.0")
        campaign = drafted(cast, framework)
        with acting(cast.hamid, reason="launch"):
            run = launch_campaign(cast.hamid, campaign, now=NOW)
        connections.close_all()

        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "sipar.config.settings"}
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", WORKER, name, str(campaign.pk)], env=environment
        )
        deadline = time.monotonic() + PATIENCE_S
        while committed(campaign.pk) < ORGANISATIONS // 20 and worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        worker.send_signal(signal.SIGKILL)
        assert worker.wait(PATIENCE_S) == -signal.SIGKILL
        assert 0 < committed(campaign.pk) < ORGANISATIONS

        tasks.launch(campaign=campaign.pk, run=run.pk)
        with acting(cast.hamid, reason="look"):
            everyone = ORGANISATIONS + len(cast.organisations)
            assert Assessment.objects.filter(campaign=campaign).count() == everyone
            assert Assessment.objects.filter(campaign=campaign).values("organisation").distinct().count() == everyone
            assert Campaign.objects.get(pk=campaign.pk).state == "open"
            assert BackgroundRun.objects.get(pk=run.pk).state == "done"
        connections.close_all()
