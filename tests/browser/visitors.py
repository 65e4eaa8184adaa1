"""A person at the browser: the ways to sign in, the words of the language, and what several tests do alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext, override
from playwright.sync_api import Locator, Page, expect

from sipar.demonstration.people import PASSWORD
from sipar.people.roles import ROLES
from tests.browser.running import Installation

CAMPAIGN = "nation-2026"
CAMPAIGN_NAMES = {"en": "Nationwide assessment 2026", "ur": "ملک گیر جائزہ 2026"}
# The organisation of the demonstration's CISO, and the CERT that is responsible for it.
ORGANISATION_NAMES = {"en": "Indus Valley Power Distribution", "ur": "وادیِ سندھ تقسیمِ برق"}
# Its place among the demonstration's analysts: after those of the National CERT and of Punjab.
POWER_CERT = 2
# Its place among the duty officers: after that of the National CERT.
POWER_DUTY = 1


@dataclass
class Visitor:
    page: Page
    installation: Installation
    language: str

    def __post_init__(self) -> None:
        self.page.context.add_cookies(
            [{"name": "django_language", "value": self.language, "url": self.installation.address}]
        )

    def words(self, text: str) -> str:
        """The text of the product in the visitor's language."""
        with override(self.language):
            return gettext(text)

    def button(self, text: str, *, inside: Locator | None = None) -> Locator:
        return (inside or self.page).get_by_role("button", name=self.words(text))

    def link(self, text: str, *, inside: Locator | None = None) -> Locator:
        return (inside or self.page).get_by_role("link", name=self.words(text))

    def sign_in_as(self, role: str, *, number: int = 0) -> None:
        """Through the demonstration's page: the first account of the role, or a later one."""
        self.page.goto("/me/demonstration-sign-in/")
        with override(self.language):
            title = str(ROLES[role].title)
        entry = self.page.locator("li").filter(has=self.page.locator("strong", has_text=re.compile(f"^{title}$")))
        entry.nth(number).get_by_role("button").click()
        expect(self.page.locator("#navigation")).to_be_attached()

    def sign_in_with_password(self, email: str) -> None:
        """Through the real form, with the code of the account's authenticator app."""
        self.page.goto("/accounts/login/")
        self.page.locator("[name=login]").fill(email)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.button("Sign in").first.click()
        # A code that runs out on the way is refused; like anybody, the visitor then types the next one.
        for _ in range(2):
            self.page.locator("[name=code]").fill(self.installation.command("demo", "code", email))
            with self.page.expect_navigation():
                self.button("Sign in").first.click()
            if not self.page.locator("[name=code]").count():
                break
        expect(self.page.locator("#navigation")).to_be_attached()

    def sign_out(self) -> None:
        self.page.context.clear_cookies(name="sessionid")

    def open_assessment(self) -> None:
        """This year's assessment of the visitor's own organisation."""
        self.page.goto("/assessments/")
        self.page.get_by_role("link", name=CAMPAIGN_NAMES[self.language], exact=True).click()
        # What is counted next must not be counted on the list, which stays until the page has come.
        self.page.wait_for_url(re.compile(r"/assessments/\d+/$"))

    def settle_everything(self) -> None:
        """Confirm what last year's answers left to confirm, section by section, each with one press."""
        open_badges = self.page.locator("tbody td .sp-badge-warn")
        while open_badges.count():
            self.page.locator("tbody tr", has=self.page.locator("td .sp-badge-warn")).first.get_by_role("link").click()
            self.page.locator("[popovertarget=confirm-all]").first.click()
            self.button("They are all still true").click()
            expect(self.page.locator("[popovertarget=confirm-all]")).to_have_count(0)
            self.open_assessment()

    def hand_in(self) -> None:
        """Sign this year's assessment, as the CISO whose second factor was shown a moment ago."""
        self.open_assessment()
        self.settle_everything()
        self.page.locator("a[href$='/check/']").first.click()
        self.page.locator("#statement").check()
        missing = self.page.locator("#accept_missing")
        if missing.count():
            missing.check()
        self.button("Sign and hand in").click()
        expect(self.page).to_have_url(re.compile(r"/versions/\d+/$"))

    def assessment_state(self) -> str:
        """`open` where this year's assessment of the visitor's organisation can be answered now, else `submitted`."""
        self.open_assessment()
        return "open" if self.page.locator("a[href$='/import/']").count() else "submitted"

    @property
    def organisation(self) -> str:
        """What the CISO's organisation is called in the visitor's language."""
        return ORGANISATION_NAMES[self.language]

    def find_for_review(self, *, state: str = "submitted") -> None:
        """The review of this year's assessment of the CISO's organisation."""
        self.page.goto(f"/reviews/?state={state}&campaign={CAMPAIGN}")
        self.page.locator("#review-queue tbody th a", has_text=self.organisation).click()
        self.page.wait_for_url(re.compile(r"/reviews/\d+/$"))

    def return_whole(self, reason: str) -> None:
        self.page.locator("[popovertarget=return-whole]").first.click()
        self.page.locator("#return-reason").fill(reason)
        self.page.locator("#return-whole button[type=submit]").click()
        expect(self.page).to_have_url(re.compile("/reviews/$"))


def make_answerable(*, reviewer: Visitor, ciso: Visitor) -> None:
    """Sign the CISO in, and see that the assessment of the organisation can be answered, whatever was before."""
    ciso.sign_in_as("ciso")
    if ciso.assessment_state() == "open":
        return
    reviewer.sign_in_as("analyst", number=POWER_CERT)
    reviewer.find_for_review()
    reviewer.return_whole("Please look at it once more.")


def make_reviewable(*, ciso: Visitor) -> None:
    """Sign the CISO in, and see that the assessment of the organisation is handed in."""
    ciso.sign_in_as("ciso")
    if ciso.assessment_state() == "open":
        ciso.hand_in()
