"""A ministry writes a draft, version by version; nobody else's draft is open, and no draft becomes law."""

from __future__ import annotations

import time

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.law.regimes import FOLDER
from sipar.obligations.law_actions import MAX_TEXT, draft_text, problems_of_draft, save_draft
from sipar.obligations.law_selectors import access_regime, difference_of, regimes_listed
from sipar.obligations.models import Regime
from sipar.obligations.regimes import binding_regimes, load_regimes
from sipar.obligations.tests.law import DRAFT, SHORTER, hire

pytestmark = pytest.mark.django_db


def written(cast: Cast, name: str = "mina", text: str = DRAFT) -> Regime:
    with acting(cast.actors[name], reason="write"):
        return save_draft(cast.actors[name], text, now=NOW)


def test_a_ministry_saves_a_draft_and_its_next_version_beside_it(cast: Cast) -> None:
    first = written(cast)
    with acting(cast.mina, reason="write on"):
        second = save_draft(cast.mina, SHORTER, code=first.code, base=1, now=NOW)
        assert (second.version, second.is_draft, second.status, second.enabled) == (2, True, "draft", False)
        assert Regime.objects.get(pk=first.pk).text == DRAFT
    assert second.ministry_id == first.ministry_id is not None


def test_saving_the_same_text_again_makes_no_version(cast: Cast) -> None:
    first = written(cast)
    with acting(cast.mina, reason="again"):
        assert save_draft(cast.mina, DRAFT, code=first.code, base=1, now=NOW).pk == first.pk


def test_what_somebody_saved_meanwhile_is_not_written_over(cast: Cast) -> None:
    first = written(cast)
    with acting(cast.mina, reason="write on"):
        save_draft(cast.mina, SHORTER, code=first.code, base=1, now=NOW)
        with pytest.raises(Conflict):
            save_draft(cast.mina, DRAFT, code=first.code, base=1, now=NOW)


def test_a_draft_of_another_ministry_is_not_there(cast: Cast) -> None:
    first = written(cast)
    other = hire(cast, "tariq", "ministry_officer", ministry="pta")
    with acting(other, reason="look"):
        assert first.code not in {row.code for row in regimes_listed()}
        with pytest.raises(NotFound):
            access_regime(other, first.code)
        with pytest.raises(NotFound):
            save_draft(other, SHORTER, code=first.code, base=1, now=NOW)
    client = cast.client("tariq")
    for page in ("", "text/", "write/", "compare/"):
        assert client.get(f"/law/{first.code}/{page}").status_code == 404


def test_a_colleague_in_the_ministry_writes_on(cast: Cast) -> None:
    first = written(cast)
    colleague = hire(cast, "saima", "ministry_officer", ministry="nepra")
    with acting(colleague, reason="write on"):
        assert save_draft(colleague, SHORTER, code=first.code, base=1, now=NOW).version == 2


@pytest.mark.parametrize("name", ["nadia", "parveen", "bilal", "kamran", "omar", "adil"])
def test_others_neither_read_nor_write_drafts(cast: Cast, name: str) -> None:
    first = written(cast)
    actor = cast.actors[name]
    with acting(actor, reason="look"):
        with pytest.raises(NotFound):
            access_regime(actor, first.code)
        with pytest.raises(Forbidden):
            save_draft(actor, DRAFT, now=NOW)
    assert cast.client(name).get("/law/drafts/new/").status_code == 403
    assert cast.client(name).post("/law/drafts/check/", {"text": DRAFT}).status_code == 403


def test_the_authority_and_the_head_of_the_nation_read_a_draft_but_do_not_change_it(cast: Cast) -> None:
    first = written(cast)
    for actor in (cast.hamid, hire(cast, "zoya", "authority_policy")):
        with acting(actor, reason="look"):
            assert access_regime(actor, first.code).text == DRAFT
            with pytest.raises(Forbidden):
                save_draft(actor, SHORTER, code=first.code, base=1, now=NOW)


def test_the_database_itself_refuses_a_draft_in_the_name_of_another(cast: Cast) -> None:
    first = written(cast)
    insert = (
        "insert into obligations_regime (code, version, status, title, jurisdiction, text, digest, is_draft, enabled,"
        " written_by_id, written_at, note) values (%s, 9, 'draft', '{}', 'PK', 'x', 'x', true, false, %s, now(), '')"
    )
    with acting(cast.nadia, reason="by force"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert, [first.code, cast.mina.account])
        with connection.cursor() as cursor:
            cursor.execute("update obligations_regime set enabled = true where code = 'pk-csa-draft'")
            assert cursor.rowcount == 0


def test_no_draft_puts_a_duty_on_anybody(cast: Cast) -> None:
    first = written(cast)
    with acting(cast.mina, reason="look"):
        assert first.code not in {binding.row.code for binding in binding_regimes(NOW.date())}


def test_a_text_that_says_it_is_in_force_is_refused_at_its_line(cast: Cast) -> None:
    text = DRAFT.replace("status: draft", "status: in_force")
    with acting(cast.mina, reason="write"), pytest.raises(Invalid) as refused:
        save_draft(cast.mina, text, now=NOW)
    assert [place.where for place in refused.value.places] == ["line 6, status"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_regime_can_begin_a_draft(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    assert problems_of_draft(draft_text(Regime(text=text))) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "\udcff",
        "a: &a [*a]",
        "regime: !!python/object/apply:os.system ['true']",
        "[" * 5_000,
        "- " * 5_000,
        "a: &x [1,1,1,1,1,1,1,1,1]\nb: &y [*x,*x,*x,*x,*x,*x,*x,*x]\nc: [*y,*y,*y,*y,*y,*y]",
        DRAFT + "#" * MAX_TEXT,
        DRAFT.replace("cii_designated", "(" * 900 + "cii_designated" + ")" * 900),
        DRAFT.replace("cii_designated", "read_csv('/etc/passwd')"),
        DRAFT.replace("cii_designated", "(select 1)"),
        DRAFT.replace("cii_designated", "NOT " * 480 + "cii_designated"),
        DRAFT.replace("cii_designated", "sector LIKE '%a%a%a%a%a%a%'"),
        DRAFT.replace("hours: 72", "hours: 9" + "9" * 4_000),
    ],
    ids=range(15),
)
def test_hostile_text_is_refused_in_time_and_keeps_nothing(cast: Cast, text: str) -> None:
    begun = time.process_time()
    assert problems_of_draft(text)
    assert time.process_time() - begun < 5
    with acting(cast.mina, reason="write"):
        with pytest.raises(Invalid):
            save_draft(cast.mina, text, now=NOW)
        assert not Regime.objects.filter(is_draft=True).exists()


def test_a_comparison_of_long_texts_of_equal_lines_ends(cast: Cast) -> None:
    before, after = DRAFT + "#\n" * 30_000, DRAFT + "#x\n#\n" * 12_000
    assert any(line.kind == "added" for line in difference_of(before, after))


def test_new_versions_of_the_shipped_regimes_still_load_beside_drafts(cast: Cast) -> None:
    written(cast)
    from sipar.core.jobs import system

    actor = system()
    with acting(actor, reason="load"):
        assert load_regimes(actor, now=NOW) == 0
