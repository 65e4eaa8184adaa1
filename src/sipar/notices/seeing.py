"""Who sees findings and notices, as conditions of guards, and the labels that say how far they may go."""

from __future__ import annotations

from django.db import models

# The organisation's own people and the staff of its CERTs; ministries, auditors and consultants do not see exposure.
WATCHES = (
    "((select guard.sees_all()) or organisation_id in (select guard.watched())"
    " or (organisation_id is null and team_id = any ((select guard.desks())::bigint[])))"
)
OF_TEAM = "((select guard.sees_all()) or team_id = any ((select guard.desks())::bigint[]))"
IN_WATCHED_FINDING = "exists (select 1 from notices_finding f where f.id = finding_id)"
IN_WATCHED_NOTICE = "exists (select 1 from notices_notice n where n.id = notice_id)"


class Tlp(models.TextChoices):
    """Traffic Light Protocol 2.0, from what may go everywhere to what may not leave the room."""

    CLEAR = "clear", "TLP:CLEAR"
    GREEN = "green", "TLP:GREEN"
    AMBER = "amber", "TLP:AMBER"
    AMBER_STRICT = "amber+strict", "TLP:AMBER+STRICT"
    RED = "red", "TLP:RED"
