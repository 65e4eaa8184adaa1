"""A passkey is set up and signs in, with an authenticator that Chromium plays."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from sipar.demonstration.people import PASSWORD
from tests.browser.visitors import Visitor


def test_a_passkey_is_set_up_and_signs_in_without_a_password(visitor: Visitor) -> None:
    page = visitor.page
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    key = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    visitor.sign_in_as("analyst", number=1)
    me = page.locator("[popovertarget=me-menu]").inner_text()
    page.goto("/accounts/2fa/webauthn/add/")
    # A new way in is given to whoever shows the password now, not to whoever found the browser open.
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.locator("[name=name]").fill(f"Laptop ({visitor.language})")
    passwordless = page.locator("[name=passwordless]")
    if passwordless.count():
        passwordless.check()
    page.locator("#passkey-button").click()
    expect(page).not_to_have_url(re.compile("/add/"))
    credentials = session.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    assert len(credentials) == 1
    page.goto("/accounts/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text(f"Laptop ({visitor.language})")

    visitor.sign_out()
    page.goto("/accounts/login/")
    page.locator("#passkey-button").click()
    expect(page.locator("[popovertarget=me-menu]")).to_have_text(me)
    # The role needs a second factor, and the passkey was one.
    page.goto("/reviews/")
    expect(page.locator("#review-queue")).to_be_visible()
