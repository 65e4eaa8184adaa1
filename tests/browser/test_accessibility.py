"""Every page that the navigation leads to, and what those lead to, holds what WCAG 2.2 AA asks, for each kind of role.

Once in English, wide and light; once in Urdu, right to left, dark and as narrow as a phone.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.running import PROJECT, Installation
from tests.browser.visitors import Visitor

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROLES = ("ciso", "team_head", "council_member", "authority_policy", "administrator")
PUBLIC = (
    "/emergency/", "/accounts/login/", "/accounts/password/reset/", "/me/demonstration-sign-in/", "/no-such-page/",
)  # fmt: skip
# Addresses that answer with a file, or that no person opens by a link alone.
NOT_PAGES = re.compile(
    r"\.(csv|xlsx|json|txt|ics)$|/(csv|evidence|workbook|logout|runs|text|document|proof|pdf-en|pdf-ur)/"
)
MOST_BYTES = 100_000

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: make setup-dev brings it with npm")


@dataclass
class Inspection:
    """Walks through the pages of one role, one page for each kind of page, and writes down what is wrong."""

    page: Page
    narrow: bool
    seen: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def walk(self, *starts: str) -> None:
        waiting = deque(starts)
        while waiting:
            address = waiting.popleft()
            kind = kind_of(address)
            if kind is None or kind in self.seen:
                continue
            self.seen[kind] = address
            response = self.page.goto(address)
            if response is None or "text/html" not in response.headers.get("content-type", ""):
                continue
            if response.status >= 400:
                self.faults.append(f"{address} answers {response.status}")
            self.look(address)
            links = self.page.eval_on_selector_all(
                "a[href]:not([download])", "all => all.map(link => link.href.baseVal ?? link.href)"
            )
            waiting.extend(urljoin(self.page.url, link) for link in links)

    def look(self, address: str) -> None:
        """Axe, and the width of the page."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "async rules => (await axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']}))"
            ".violations.map(each => ({rule: each.id, nodes: each.nodes.map(node =>"
            " node.target.join(' ') + ' | ' + node.any.concat(node.all, node.none).map(c => c.message).join('; '))}))",
            RULES,
        )
        self.faults += [f"{address}: {each['rule']}: {node}" for each in found for node in each["nodes"][:3]]
        if self.narrow:
            over = self.page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                self.faults.append(f"{address}: {over} px wider than the phone")


def kind_of(address: str) -> str | None:
    """The name of the page behind an address; None for files, other sites and addresses of nobody."""
    path = urlsplit(address).path
    if NOT_PAGES.search(path):
        return None
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match.view_name or path


@pytest.fixture
def context(browser: Browser, address: str, language: str) -> Iterator[BrowserContext]:
    narrow = language == "ur"
    context = browser.new_context(
        base_url=address,
        # The policy would refuse axe; nothing else here looks at it.
        bypass_csp=True,
        viewport={"width": 360, "height": 800} if narrow else {"width": 1280, "height": 900},
        color_scheme="dark" if narrow else "light",
    )
    context.set_default_timeout(30_000)
    context.add_init_script(path=AXE)
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext, installation: Installation, language: str) -> Visitor:
    return Visitor(context.new_page(), installation, language)


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_is_accessible(visitor: Visitor, role: str) -> None:
    visitor.sign_in_as(role)
    inspection = Inspection(visitor.page, narrow=visitor.language == "ur")
    inspection.walk("/", "/me/", "/accounts/2fa/")
    assert not inspection.faults, "\n".join(inspection.faults)
    assert len(inspection.seen) > 6


def test_every_page_before_signing_in_is_accessible(visitor: Visitor) -> None:
    inspection = Inspection(visitor.page, narrow=visitor.language == "ur")
    for address in PUBLIC:
        visitor.page.goto(address)
        inspection.look(address)
    assert not inspection.faults, "\n".join(inspection.faults)


def test_the_first_page_is_light(visitor: Visitor) -> None:
    """Measured on the wire with an empty cache, styles and scripts included.

    Urdu fonts are weighed apart: they come once, and the page is read in the device's own face until they are there.
    """
    page = visitor.page
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])})
    )
    page.goto("/accounts/login/", wait_until="networkidle")
    fonts = [size for request, size in sizes.items() if kinds.get(request) == "Font"]
    assert len(sizes) > 3
    assert sum(sizes.values()) - sum(fonts) < MOST_BYTES
    if visitor.language == "en":
        assert fonts == []
    else:
        displays = page.evaluate("[...document.fonts].map(face => face.display)")
        assert set(displays) == {"swap"}
