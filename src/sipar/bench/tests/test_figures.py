from __future__ import annotations

import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from sipar.bench import client, nation
from sipar.bench.figures import Figure, Peer, document, median_run
from sipar.formats.oscal_bench import CONTROLS, seven_faults
from sipar.formats.oscal_check import check
from sipar.posture.levels import MAX_LEVEL, refuse_unknown_levels
from sipar.posture.scoring import rules_from
from sipar.posture.targets import meets_target, target_vector


@pytest.mark.parametrize(
    ("value", "direction", "ok"),
    [(0.1, "max", True), (0.2, "max", True), (0.3, "max", False), (0.3, "min", True), (None, "max", False)],
)
def test_a_figure_is_reached_on_the_right_side_of_its_limit(value: float | None, direction: str, ok: bool) -> None:
    assert Figure("figure", value, "s", 0.2, direction).ok is ok  # type: ignore[arg-type]


def test_the_median_run_is_whole_and_tells_of_all() -> None:
    runs = [{"s": 3.0, "rows": 1}, {"s": 1.0, "rows": 2}, {"s": 2.0, "rows": 3}]
    assert median_run(runs, "s") == {"s": 2.0, "rows": 3, "all": [3.0, 1.0, 2.0]}


def test_a_bench_is_reached_only_where_every_figure_is() -> None:
    good, missed = Figure("good", 1.0, "s", 2.0, peer=Peer("other", 4.0)), Figure("missed", None, "s", 2.0)
    found = json.loads(json.dumps(document("posture", [good, missed])))
    assert found["ok"] is False
    assert document("posture", [good])["ok"] is True
    assert set(found) == {"bench", "figures", "ok"}
    assert {"name", "value", "unit", "limit", "direction", "ok", "peer"} <= set(found["figures"][0])
    assert found["figures"][0]["peer"]["value"] == 4.0


def test_the_invented_framework_has_400_requirements_and_a_profile_for_each_tier() -> None:
    catalogue = nation.catalogue()
    assert len(catalogue.requirements) == nation.REQUIREMENTS
    assert [profile.id for profile in catalogue.profiles] == ["tier-1", "tier-2", "tier-3", "tier-4"]


def test_invented_answers_are_on_the_scale_the_same_for_a_seed_and_some_meet_the_target() -> None:
    rules, catalogue = rules_from(nation.catalogue()), nation.catalogue()
    levels = nation.invented_levels(np.random.default_rng(3), 500)
    again = nation.invented_levels(np.random.default_rng(3), 500)
    assert np.array_equal(levels, again)
    refuse_unknown_levels(levels, rules.top_level)
    assert rules.top_level < MAX_LEVEL
    share = meets_target(levels, target_vector(catalogue.profiles[0], catalogue)).mean()
    assert 0 < share < 1


def test_the_seven_faults_are_found() -> None:
    assert all(not check(data, catalogs=[frozenset(CONTROLS)]).ok for data in seven_faults().values())


def test_the_client_asks_for_every_page_in_turn_and_counts_refusals() -> None:
    asked: Counter[str] = Counter()

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            body = b"page"
            self.send_response(200 if self.path == "/good/" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        order = {
            "port": server.server_port, "session": "s", "pages": ["/good/", "/gone/"], "connections": 3,
            "requests": 10, "seconds": 20,
        }  # fmt: skip
        seen = client.main(order)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == {"/good/": 5, "/gone/": 5}
    assert seen["refused"] == {"404 /gone/": 5}
    assert [len(seen["pages"][page]) for page in ("/good/", "/gone/")] == [5, 5]
