"""A Sipar that is started in an empty folder, stopped, and started again on what it left."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.running import Installation, running_sipar


@dataclass(frozen=True)
class Starts:
    """The second start, which goes on running, and what was seen of both.

    `working` and `left`: the command lines of the first one's processes while it ran and after it had ended.
    """

    second: Installation
    first_names: list[str]
    second_names: list[str]
    second_log: str
    working: list[str]
    left: list[str]


@contextmanager
def started_twice(folder: Path, browser: Browser, *, organisations: int) -> Iterator[Starts]:
    """A Sipar on the data of its first start; nothing of it may be left when the body is done."""
    with running_sipar(folder, organisations=organisations) as first:
        names, working = _first_page(browser, first.address), _processes_in(folder)
    left = _processes_in(folder)
    with running_sipar(folder, organisations=organisations) as second:
        yield Starts(
            second=second,
            first_names=names,
            second_names=_first_page(browser, second.address),
            second_log=(folder / "up.log").read_text(),
            working=working,
            left=left,
        )
    assert _processes_in(folder) == []


def _processes_in(folder: Path) -> list[str]:
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


def _first_page(browser: Browser, address: str) -> list[str]:
    """The first page of the register, as the analyst of the National CERT reads it."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/me/demonstration-sign-in/")
    page.locator("li", has_text="CERT analyst").get_by_role("button").first.click()
    page.goto("/organisations/")
    names = page.locator("main tbody th a").all_inner_texts()
    context.close()
    return names
