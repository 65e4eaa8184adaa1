"""`sipar up` ends with everything that it started, and finds its data again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.running import running_sipar


def test_a_second_start_finds_the_data_and_the_first_left_no_process(tmp_path: Path, browser: Browser) -> None:
    with running_sipar(tmp_path, organisations=50) as first:
        names = organisations(browser, first.address)
        assert processes_in(tmp_path)
    assert processes_in(tmp_path) == []
    with running_sipar(tmp_path, organisations=50) as second:
        assert "Loading" not in (tmp_path / "up.log").read_text()
        assert organisations(browser, second.address) == names
    assert processes_in(tmp_path) == []


def organisations(browser: Browser, address: str) -> list[str]:
    """The first page of the register, as the analyst of the National CERT reads it."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/me/demonstration-sign-in/")
    page.locator("li", has_text="CERT analyst").get_by_role("button").first.click()
    page.goto("/organisations/")
    names = page.locator("main tbody th a").all_inner_texts()
    assert len(names) > 40
    context.close()
    return names


def processes_in(folder: Path) -> list[str]:
    """The command lines of the processes that work for a Sipar in this folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not re.fullmatch(r"\d+", process.name) or int(process.name) == os.getpid():
            continue
        try:
            environment, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if str(folder).encode() in environment + command:
            found.append(command.replace(b"\0", b" ").decode())
    return found
