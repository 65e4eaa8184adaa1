"""Who sees what, asked of the database itself."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from sipar.core.acting import acting
from sipar.orgs.models import Contact, Organisation
from tests.cast import Cast


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("ayesha", {"alpha"}),
        ("bushra", {"beta"}),
        ("parveen", {"alpha"}),
        ("nadia", {"alpha", "beta", "gamma", "delta"}),
        ("mina", {"alpha"}),
        ("kamran", set()),
        ("chand", set()),
        ("omar", set()),
        ("adil", set()),
    ],
)
def test_each_person_sees_their_own_part_of_the_register(cast: Cast, person: str, expected: set[str]) -> None:
    with acting(cast.actors[person], reason="look"):
        seen = set(Organisation.objects.values_list("identifier", flat=True))
    assert seen == {cast.organisations[key].identifier for key in expected}


def test_a_row_for_a_foreign_organisation_is_refused_by_the_database(cast: Cast) -> None:
    with acting(cast.bushra, reason="write abroad"):
        Contact.objects.create(organisation=cast.organisations["beta"], kind="ciso", name="Own")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Contact.objects.create(organisation=cast.organisations["alpha"], kind="ciso", name="Foreign")
