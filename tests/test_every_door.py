"""Each endpoint x each role x own and foreign objects. A new endpoint without a gate fails here, unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client

from sipar.core.gates import PUBLIC
from sipar.people.roles import TEAM_ROLES
from tests.doors import Door, doors_open_to, every_door, read_whole
from tests.world import CASES, World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PEOPLE = (
    "ayesha", "bilal", "bushra", "parveen", "nadia", "hamid", "kamran", "mina", "chand", "omar", "adil",
)  # fmt: skip
# What each person may never read anywhere: names and numbers of organisations outside their part of the nation.
SEES = {
    "ayesha": {"alpha"}, "bilal": {"alpha"}, "bushra": {"beta"}, "parveen": {"alpha"}, "mina": {"alpha"},
    "chand": {"alpha"}, "nadia": {"alpha", "beta", "gamma", "delta"}, "hamid": {"alpha", "beta", "gamma", "delta"},
    "kamran": set(), "omar": set(), "adil": set(),
}  # fmt: skip
# Whose cases each person may read: seeing an organisation in the register is not seeing its cases.
SEES_CASES = {
    "ayesha": {"alpha"}, "bilal": {"alpha"}, "bushra": {"beta"}, "parveen": {"alpha"}, "nadia": {"alpha", "beta"},
    "hamid": {"alpha", "beta"},
}  # fmt: skip
# What belongs to no organisation: a draft act is its ministry's, a roll-up is read by those who sent and received it.
SECRETS = {
    "secret of the ministry": {"mina", "hamid"},
    "secret of the roll-up": {"nadia", "hamid"},
    "word of a caller": {"nadia", "hamid"},
}
# Told on purpose: a conflict of responsibility is put to the Council by name, roles are managed where they hold, and
# the ombudsman reads in the ledger who did what where (never the values).
GLASS = "cases/glass/"
DOWNLOAD = {
    "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}  # fmt: skip
STRANGE = "?page=-1&q=%00%27%22%3Cscript%3E&sort=;drop&sector=x&province=999999999999999999999"
EXCEPTIONS: dict[str, str | tuple[str, ...]] = {
    "kamran": "teams/conflicts/", "adil": "me/accounts/", "omar": ("ledger/", GLASS),
}  # fmt: skip


def test_every_endpoint_declares_a_gate() -> None:
    assert [door.route for door in every_door() if door.gate is None] == []


def test_every_parameter_of_every_endpoint_has_an_example(world: World) -> None:
    examples = world.examples("alpha")
    assert {(door.route, name) for door in every_door() for name in door.missing(examples)} == set()


def test_a_visitor_gets_nothing_but_public_pages(world: World) -> None:
    client = Client()
    open_doors = [
        door.route
        for door, address in addresses(world, "alpha")
        if door.gate is not PUBLIC and knock(client, door, "get", address).status_code == 200
    ]
    assert open_doors == []


@pytest.mark.parametrize("person", PEOPLE)
def test_a_role_that_a_gate_does_not_admit_is_refused(world: World, person: str) -> None:
    client, actor = world.cast.client(person), world.cast.actors[person]
    wrongly_open = []
    for door, address in addresses(world, "alpha"):
        if door.admits(actor):
            continue
        for method in door.methods:
            status = knock(client, door, method, address).status_code
            if status not in (403, 404, 405):
                wrongly_open.append((method, door.route, status))
    assert wrongly_open == []


@pytest.mark.parametrize("person", PEOPLE)
def test_nobody_reads_an_organisation_outside_their_part_or_a_case_that_was_not_given_to_them(
    world: World, person: str
) -> None:
    """Also the case of Delta, whom the National CERT has in its register and whose case another CERT has. What is given
    out to be saved stays in no cache on the way, where others might find it, and runs in no browser."""
    client = world.cast.client(person)
    organisations = [mark for key in world.cast.organisations if key not in SEES[person] for mark in world.marks(key)]
    cases = secrets_of_cases(world, person)
    leaks, broken, loose = [], [], []
    for door, address in every_address(world):
        answer = knock(client, door, "get", address)
        if answer.status_code >= 500:
            broken.append((address, answer.status_code))
        if answer.has_header("Content-Disposition") and not DOWNLOAD.items() <= answer.headers.items():
            loose.append(address)
        # A page may repeat the address that was asked for: whoever asked knew it.
        body = content_of(answer).replace(address, "")
        if not door.route.startswith(EXCEPTIONS.get(person, "-")):
            leaks += [(address, mark) for mark in organisations if mark in body]
        # The ombudsman verifies who broke the glass, and why: the reason is written for them.
        if not (person == "omar" and door.route.startswith(GLASS)):
            leaks += [(address, mark) for mark in cases if mark in body]
    assert leaks == []
    assert broken == []
    assert loose == []


def secrets_of_cases(world: World, person: str) -> list[str]:
    """What stands in cases, drafts and roll-ups that this person may not read."""
    hidden = [f"case secret of {key}" for key in CASES if key not in SEES_CASES.get(person, set())]
    organisation = SEES_CASES.get(person) and not world.cast.actors[person].holds(*TEAM_ROLES)
    hidden += ["among teams case secret", "team case secret"] if organisation else ["draft case secret"]
    return hidden + [mark for mark, readers in SECRETS.items() if person not in readers]


def every_address(world: World) -> list[tuple[Door, str]]:
    """Every door with the examples of two organisations and of all cases; each address once."""
    examples = [world.examples("alpha"), world.examples("beta"), *(world.case_of(key) for key in CASES)]
    return [
        (door, address) for door in every_door() for address in sorted({door.address(values) for values in examples})
    ]


@pytest.mark.parametrize("person", PEOPLE)
def test_no_endpoint_breaks_on_an_empty_or_strange_request(world: World, person: str) -> None:
    client, examples = world.cast.client(person), world.examples("alpha")
    broken = []
    for door in doors_open_to(world.cast.actors[person]):
        address = door.address(examples)
        for method in door.methods:
            # The walk above asks every address as it stands.
            for query in (STRANGE,) if method == "get" else ("", STRANGE):
                response = knock(client, door, method, address + query)
                if response.status_code >= 500:
                    broken.append((method, door.route, query, response.status_code))
    assert broken == []


@pytest.mark.parametrize("person", ["ayesha", "bilal", "parveen", "chand", "mina"])
def test_nobody_writes_to_an_organisation_outside_their_part(world: World, person: str) -> None:
    client = world.cast.client(person)
    before = world.fingerprint("beta")
    for door, address in addresses(world, "beta"):
        for method in door.methods:
            if method != "get":
                knock(client, door, method, address)
    assert world.fingerprint("beta") == before


def addresses(world: World, subject: str) -> Iterator[tuple[Door, str]]:
    examples = world.examples(subject)
    for door in every_door():
        yield door, door.address(examples)


def knock(client: Client, door: Door, method: str, address: str) -> HttpResponse:
    """What the door answers, read to its end."""
    client.raise_request_exception = False
    if address.startswith("/api/") and method != "get":
        return read_whole(client.generic(method.upper(), address, "{}", content_type="application/json"))
    return read_whole(client.get(address) if method == "get" else client.post(address))


def content_of(response: HttpResponse) -> str:
    return response.content.decode(errors="replace")
