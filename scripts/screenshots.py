"""Renews the screenshots in docs/screenshots from a Sipar of its own, with the full demonstration nation.

`make screenshots` calls it. It takes a minute or two; nothing of the installation in var/ is read or changed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "docs" / "screenshots"
DESKTOP = (1280, 900)
PHONE = (390, 844)

sys.path.insert(0, str(PROJECT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")

from tests.browser.running import CHROMIUM, FLAGS, Installation, running_sipar  # noqa: E402
from tests.browser.visitors import CAMPAIGN, ORGANISATION, POWER_CERT, Visitor  # noqa: E402


class Studio:
    """Opens a page as somebody and keeps the picture."""

    def __init__(self, browser: Browser, installation: Installation) -> None:
        self.browser = browser
        self.installation = installation

    @contextmanager
    def visit(
        self, name: str, role: str, *, number: int = 0, size: tuple[int, int] = DESKTOP, dark: bool = False
    ) -> Iterator[Visitor]:
        """A signed-in visitor; what stands there at the end is the picture. `name` ends with the language."""
        context = self.browser.new_context(
            base_url=self.installation.address,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(30_000)
        visitor = Visitor(context.new_page(), self.installation, name.rsplit("-", 1)[1])
        visitor.sign_in_as(role, number=number)
        yield visitor
        settle(visitor.page)
        visitor.page.screenshot(path=FOLDER / f"{name}.png")
        context.close()

    def take_all(self) -> None:
        for language in ("en", "ur"):
            with self.visit(f"board-{language}", "analyst", size=(1280, 1100)) as visitor:
                visitor.page.goto("/board/")
            with self.visit(f"answer-{language}", "ciso") as visitor:
                answer(visitor)
        with self.visit("desk-en", "ciso") as visitor:
            visitor.page.goto("/")
        with self.visit("review-en", "analyst", number=POWER_CERT) as visitor:
            visitor.page.goto(f"/reviews/?state=submitted&campaign={CAMPAIGN}")
            visitor.page.locator("#review-queue tbody th a").first.click()
        with self.visit("organisation-en", "analyst", number=POWER_CERT) as visitor:
            visitor.page.goto("/organisations/")
            visitor.page.locator("main tbody th a", has_text=ORGANISATION).first.click()
        with self.visit("gaps-en", "ciso") as visitor:
            visitor.page.goto("/gaps/")
        with self.visit("phone-answer-ur", "ciso", size=PHONE) as visitor:
            answer(visitor)
            visitor.page.locator("[data-question]").first.evaluate("question => question.scrollIntoView()")
        with self.visit("board-dark-en", "analyst", size=(1280, 1100), dark=True) as visitor:
            visitor.page.goto("/board/")


def answer(visitor: Visitor) -> None:
    """The second section: nobody else was asked to answer it."""
    visitor.open_assessment()
    visitor.page.locator("tbody th a").nth(1).click()


def settle(page: Page) -> None:
    """Wait for fonts and pictures, and take the pointer and the focus out of the way."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.evaluate("document.activeElement?.blur()")
    page.mouse.move(0, 0)


def main() -> None:
    if CHROMIUM is None:
        sys.exit("Chromium is not installed: apt install chromium")
    django.setup()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="sipar-screenshots-") as folder,
        running_sipar(Path(folder), organisations=3_000) as installation,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        Studio(browser, installation).take_all()
        browser.close()


if __name__ == "__main__":
    main()
