"""What the intake bench does inside the database: people with tokens before, and counting what arrived after."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

TOLD = "SIPAR_BENCH_TOLD"


def people(number: int) -> dict[str, Any]:
    """So many CISOs, each of another organisation, with a token that reads and reports; and the regimes that ship."""
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.obligations.regimes import load_regimes
    from sipar.orgs.models import Organisation
    from sipar.people.models import Account, Grant
    from sipar.people.selectors import actor_of
    from sipar.people.tokens import create_token

    now = timezone.now()
    sipar = system()
    with acting(sipar, reason="open the accounts of a bench"):
        load_regimes(sipar, now=now)
        organisations = list(Organisation.objects.order_by("pk")[:number])
        accounts = Account.objects.bulk_create(
            Account(email=f"ciso{place}@bench.example", name=f"CISO {place}", password="!", created_at=now)  # noqa: S106
            for place in range(number)
        )
        Grant.objects.bulk_create(
            Grant(account=account, role="ciso", organisation=organisation, valid_from=now - timedelta(days=1))
            for account, organisation in zip(accounts, organisations, strict=True)
        )
    found = []
    for account, organisation in zip(accounts, organisations, strict=True):
        actor = actor_of(account, now=timezone.now(), verified=True)
        with acting(actor, reason="make a token for a bench"):
            _token, text = create_token(
                actor, name="bench", scopes=("read", "report"), lifetime=timedelta(days=1), now=timezone.now()
            )
        found.append({"organisation": organisation.identifier, "token": text})
    return {"people": found}


def arrived(_number: int) -> dict[str, Any]:
    """How much of what the server said it took is there, and what is there twice; the file named by SIPAR_BENCH_TOLD
    holds what the reporters were told."""
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.incidents.models import Artefact, Incident
    from sipar.obligations.models import Submission

    told = json.loads(Path(os.environ[TOLD]).read_text())
    with acting(system(), reason="count what arrived"):
        rows = list(Submission.objects.values_list("incident__number", "stage", "digest"))
        kept = Counter((number, stage) for number, stage, _digest in rows)
        digests = {(number, stage): digest for number, stage, digest in rows}
        files = set(Artefact.objects.values_list("incident__number", "sha256"))
        titles = Counter(Incident.objects.exclude(title="").values_list("title", flat=True))
    lost = [one for one in told["sent"] if digests.get((one["number"], one["stage"])) != one["digest"]]
    lost_files = [
        one for one in told["attached"] if not _is_kept(one["sha256"], known=(one["number"], one["sha256"]) in files)
    ]
    return {
        "lost": len(lost) + len(lost_files),
        "duplicated": sum(count - 1 for count in kept.values()) + sum(count - 1 for count in titles.values()),
        "submissions": len(rows),
    }


def _is_kept(digest: str, *, known: bool) -> bool:
    """Whether a file is on record, and its bytes are there unharmed."""
    from sipar.core.files import require_intact
    from sipar.core.problems import Conflict

    try:
        require_intact(digest)
    except Conflict:
        return False
    return known
