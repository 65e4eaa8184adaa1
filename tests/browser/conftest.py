"""A real Sipar and a real Chromium: the product started as a user starts it, with a small demonstration nation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.running import CHROMIUM, FLAGS, Installation
from tests.browser.starting import Starts, started_twice
from tests.browser.visitors import Visitor

# While working on these tests: the address and the folder of a `sipar up` that runs already (CONTRIBUTING.md).
ADDRESS = os.environ.get("SIPAR_BROWSER_ADDRESS", "")
FOLDER = os.environ.get("SIPAR_BROWSER_VAR", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed: apt install chromium"))


@pytest.fixture(scope="package")
def starts(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Starts]:
    """A Sipar that `sipar up` started in an empty folder, and once more."""
    with started_twice(tmp_path_factory.mktemp("sipar"), browser, organisations=240) as started:
        yield started


@pytest.fixture(scope="package")
def installation(request: pytest.FixtureRequest) -> Installation:
    """The Sipar that all of these tests visit."""
    if ADDRESS:
        return Installation(ADDRESS, Path(FOLDER))
    starts: Starts = request.getfixturevalue("starts")
    return starts.second


@pytest.fixture(scope="package")
def address(installation: Installation) -> str:
    return installation.address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for these tests only: while Playwright runs, Django takes its thread for an asynchronous one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["en", "ur"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong in any page of the test; nothing may."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str, faults: list[str]) -> Page:
    """A page that fails the test on any script error, refused content or request that leaves the machine."""
    return watched(context, address, faults)


@pytest.fixture
def visitor(page: Page, installation: Installation, language: str) -> Visitor:
    """A person at the browser, who reads the language of the test."""
    return Visitor(page, installation, language)


@pytest.fixture
def another(browser: Browser, installation: Installation, language: str, faults: list[str]) -> Iterator[Visitor]:
    """A second person, at another browser."""
    context = browser.new_context(base_url=installation.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield Visitor(watched(context, installation.address, faults), installation, language)
    context.close()


def watched(context: BrowserContext, address: str, faults: list[str]) -> Page:
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    page.on(
        "request",
        lambda request: (
            faults.append(f"left the machine: {request.url}")
            if not request.url.startswith((address, "data:", "blob:"))
            else None
        ),
    )
    return page
