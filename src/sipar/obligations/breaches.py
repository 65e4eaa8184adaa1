"""Recording that a duty was missed, before anything else can happen to it. Permanent: see `Breach`."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Q

from sipar.incidents.models import Incident
from sipar.obligations.models import Duty
from sipar.support.models import SupportRequest


def record_breaches(
    *, now: datetime, incident: Incident | None = None, support_request: SupportRequest | None = None
) -> None:
    """Record what has fallen due in a case or a request for help, so that no later correction can move it away.

    The database does it by its own clock where that of the caller runs ahead. Called by everything that moves or ends
    a duty; what nobody touches, the scan finds.
    """
    keys = [incident.pk if incident else None, support_request.pk if support_request else None]
    # Locked before anything is written, in the order in which the scan does, so that the two cannot wait on each other.
    of_matter = Q(incident=incident) if incident else Q(support_request=support_request)
    list(Duty.objects.select_for_update().filter(of_matter).order_by("pk").values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute("select guard.record_breaches(%s, %s, %s)", [*keys, now])
        late = [duty for (duty,) in cursor.fetchall()]
    Duty.objects.filter(pk__in=late, state="running").update(state="breached")
