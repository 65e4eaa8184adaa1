"""Files of a case: any type comes in, each step stands in the chain of custody, and what is dangerous stays locked."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.incidents import artefact_actions as files
from sipar.incidents.content_selectors import access_artefact, artefacts_of, custody_of
from sipar.incidents.models import Artefact, Custody, Incident
from sipar.incidents.selectors import audience_of
from sipar.incidents.tests.cases import accepted, case_of

LOG = b"2026-11-02 relay tripped\n"
PROGRAM = b"MZ\x90\x00\x03" + bytes(200)


def chain(artefact: Artefact) -> list[tuple[str, str]]:
    return [(link.what, link.holder) for link in custody_of([artefact]).get(artefact.pk, [])]


def test_a_file_begins_its_chain_when_it_is_received(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="hand in"):
        case = case_of(cast.ayesha, number)
        kept = files.receive_artefact(cast.ayesha, case, iter([LOG[:5], LOG[5:]]), name="../../relay.log", now=NOW)
        assert (kept.name, kept.sha256, kept.quarantined) == ("relay.log", sha256(LOG).hexdigest(), False)
        assert kept.media_type == "text/plain"
        assert chain(kept) == [("received", "Ayesha")]
        assert files.hand_out_artefact(cast.ayesha, case, kept, now=NOW) == "relay.log"
        assert [what for what, _holder in chain(kept)] == ["received", "downloaded"]


@pytest.mark.parametrize(
    ("kind", "name", "content", "locked"),
    [
        ("attachment", "photo.png", b"\x89PNG\r\n\x1a\n1", False),
        ("evidence", "capture.pcap", b"\xd4\xc3\xb2\xa1" + bytes(20), False),
        ("malware", "note.txt", LOG, True),
        ("attachment", "invoice.exe", PROGRAM, True),
        ("attachment", "invoice.html", b"<script>alert(1)</script>", True),
        ("attachment", "drawing.SVG", b"<svg onload='alert(1)'/>", True),
        ("evidence", "sheet.xlsm", b"PK\x03\x04" + bytes(20), True),
    ],
)
def test_what_may_hold_a_program_goes_to_quarantine(
    cast: Cast, kind: str, name: str, content: bytes, locked: bool
) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="hand in"):
        kept = files.receive_artefact(
            cast.ayesha, case_of(cast.ayesha, number), content, name=name, kind=kind, now=NOW
        )  # fmt: skip
    assert kept.quarantined is locked


def test_quarantine_opens_to_a_cert_that_works_on_the_case_and_says_that_it_knows(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="hand in"):
        case = case_of(cast.ayesha, number)
        kept = files.receive_artefact(cast.ayesha, case, PROGRAM, name="invoice.exe", kind="malware", now=NOW)
        with pytest.raises(Forbidden):
            files.hand_out_artefact(cast.ayesha, case, kept, purpose="mine", confirmed=True, now=NOW)
    with acting(cast.nadia, reason="look"), pytest.raises(Forbidden):
        files.hand_out_artefact(
            cast.nadia, case_of(cast.nadia, number), kept, purpose="curious", confirmed=True, now=NOW
        )  # fmt: skip
    with acting(cast.parveen, reason="examine"):
        case = case_of(cast.parveen, number)
        with pytest.raises(Conflict, match="dangerous"):
            files.hand_out_artefact(cast.parveen, case, kept, purpose="sandbox", now=NOW)
        with pytest.raises(Invalid) as refused:
            files.hand_out_artefact(cast.parveen, case, kept, confirmed=True, now=NOW)
        assert refused.value.places[0].where == "purpose"
        name = files.hand_out_artefact(cast.parveen, case, kept, purpose="sandbox", confirmed=True, now=NOW)
        assert name == "invoice.exe.quarantine"
        assert chain(kept)[-1] == ("downloaded", f"Parveen ({cast.teams['power'].code})")


def test_the_chain_goes_on_by_the_certs_that_work_on_the_case_and_nothing_in_it_changes(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="work"):
        case = case_of(cast.parveen, number)
        kept = files.receive_artefact(cast.parveen, case, LOG, name="relay.log", kind="evidence", now=NOW)
        for what in ("transferred", "examined", "released"):
            files.record_custody(cast.parveen, case, kept, what=what, holder="Lab (fictional)", purpose="look", now=NOW)
        assert [what for what, _ in chain(kept)] == ["received", "transferred", "examined", "released"]
        with pytest.raises(Invalid):
            files.record_custody(cast.parveen, case, kept, what="received", holder="Me", purpose="forge", now=NOW)
        for rows in (Custody.objects.filter(artefact=kept), Artefact.objects.filter(pk=kept.pk)):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(sha256="0" * 64)
    for name in ("ayesha", "nadia"):
        with acting(cast.actors[name], reason="forge"), pytest.raises(Forbidden):
            files.record_custody(
                cast.actors[name], case_of(cast.actors[name], number), kept,
                what="released", holder="Me", purpose="mine", now=NOW,
            )  # fmt: skip


def test_changed_bytes_are_found_at_the_next_step_and_nothing_is_recorded(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="work"):
        case = case_of(cast.parveen, number)
        kept = files.receive_artefact(cast.parveen, case, b"untouched evidence", name="a.log", kind="evidence", now=NOW)
        place = Path(settings.VAR) / "files" / kept.sha256[:2] / kept.sha256
        place.write_bytes(b"touched evidence")
        for attempt in (
            lambda: files.hand_out_artefact(cast.parveen, case, kept, purpose="court", now=NOW),
            lambda: files.record_custody(
                cast.parveen, case, kept, what="examined", holder="Lab", purpose="look", now=NOW
            ),
        ):
            with pytest.raises(Conflict, match="changed on disk"):
                attempt()
        place.unlink()
        assert chain(kept) == [("received", f"Parveen ({cast.teams['power'].code})")]


def test_a_file_for_one_audience_does_not_exist_for_another(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="work"):
        case = case_of(cast.parveen, number)
        for audience in ("everyone", "teams", "team"):
            files.receive_artefact(
                cast.parveen, case, LOG, name=f"{audience}.log", kind="evidence", audience=audience, now=NOW
            )  # fmt: skip
    seen = {}
    for name in ("parveen", "nadia", "ayesha"):
        actor = cast.actors[name]
        with acting(actor, reason="look"):
            case = case_of(actor, number)
            projection = audience_of(actor, case, now=NOW)
            seen[name] = sorted(one.name for one in artefacts_of(case, projection))
            assert Custody.objects.count() == len(seen[name])
    assert seen == {
        "parveen": ["everyone.log", "team.log", "teams.log"],
        "nadia": ["everyone.log", "teams.log"],
        "ayesha": ["everyone.log"],
    }
    with acting(cast.ayesha, reason="widen"), pytest.raises(Invalid):
        files.receive_artefact(
            cast.ayesha, case_of(cast.ayesha, number), LOG, name="a.log", audience="teams", now=NOW
        )  # fmt: skip


def test_a_file_of_another_case_does_not_exist_here(cast: Cast) -> None:
    first, second = accepted(cast), accepted(cast)
    with acting(cast.ayesha, reason="mix"):
        kept = files.receive_artefact(cast.ayesha, case_of(cast.ayesha, first), LOG, name="a.log", now=NOW)
        other = case_of(cast.ayesha, second)
        projection = audience_of(cast.ayesha, other, now=NOW)
        with pytest.raises(NotFound):
            access_artefact(other, projection, kept.pk)


def test_too_large_empty_and_nameless_files_leave_no_row(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files.LARGEST, "attachment", 10)
    number = accepted(cast)
    with acting(cast.ayesha, reason="hand in"):
        case = case_of(cast.ayesha, number)
        for content, name, code in (
            (LOG, "a.log", "file.size"),
            (b"", "a.log", "file.empty"),
            (b"x", "..", "file.name"),
        ):
            with pytest.raises(Invalid) as refused:
                files.receive_artefact(cast.ayesha, case, content, name=name, now=NOW)
            assert refused.value.code == code
        with pytest.raises(Invalid):
            files.receive_artefact(cast.ayesha, case, b"x", name="a.log", kind="firmware", now=NOW)
        assert not Artefact.objects.exists()


def test_an_attachment_joins_a_draft_of_ones_own_organisation_only(cast: Cast) -> None:
    with acting(cast.ayesha, reason="draft"):
        draft = Incident.objects.create(
            number="26-DRAF-T001", organisation=cast.organisations["alpha"], door="web",
            opened_by_id=cast.ayesha.account, opened_at=NOW,
        )  # fmt: skip
        files.receive_artefact(cast.ayesha, draft, LOG, name="relay.log", now=NOW)
        with pytest.raises(Invalid):
            files.receive_artefact(cast.ayesha, draft, PROGRAM, name="a.exe", kind="malware", now=NOW)
    with acting(cast.parveen, reason="pry"):
        assert not Artefact.objects.exists()
        with pytest.raises(Forbidden):
            files.receive_artefact(cast.parveen, draft, LOG, name="relay.log", now=NOW)
