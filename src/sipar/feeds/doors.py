"""What a feed may say about the doors that its files come through, and how large these may be.

`settings["pull"]` = {"url": "https://...", "token_variable": "SIPAR_FEED_..."}: fetched by Sipar.
`settings["mail"]` = {"from": ["reports@source.example"], "name": "*.zip", "server": "mx.cert.example"}: out of mails.
The watched folder and the API need no settings: the code of the feed names them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

LARGEST_FILE = 8 * 1024**3
LARGEST_UPLOAD = 1024**3
LARGEST_SETTINGS = 256 * 1024
_VARIABLE = re.compile(r"SIPAR_FEED_[A-Z0-9_]{1,80}")
_ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,190}")


def settings_problems(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings of a feed: the place and a sentence for each."""
    if len(json.dumps(settings, default=str)) > LARGEST_SETTINGS:
        yield "settings", _("The settings are too long.")
    yield from _pull_problems(settings.get("pull"))
    yield from _mail_problems(settings.get("mail"))


def _pull_problems(pull: Any) -> Iterator[tuple[str, str]]:
    if pull is None:
        return
    if not isinstance(pull, Mapping) or not isinstance(pull.get("url"), str):
        yield "pull_url", _("Give the address to fetch from.")
        return
    try:
        parts = urlsplit(pull["url"])
        sound = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or len(pull["url"]) > 2_000 or not pull["url"].isascii() or re.search(r"[\s\x00-\x1f]", pull["url"]):
        yield "pull_url", _("The address must look like https://source.example/report.csv.")
    elif parts.username or parts.password:
        yield "pull_url", _("Keep passwords out of the address: name an environment variable that holds the token.")
    variable = pull.get("token_variable", "")
    if variable and not _VARIABLE.fullmatch(str(variable)):
        yield "pull_token", _("The variable that holds the token is named SIPAR_FEED_ and capital letters.")
    if variable and sound and parts.scheme != "https":
        yield "pull_url", _("A token is sent over https only.")


def _mail_problems(mail: Any) -> Iterator[tuple[str, str]]:
    if mail is None:
        return
    senders = mail.get("from") if isinstance(mail, Mapping) else None
    if not isinstance(senders, list) or not senders or not all(_is_address(sender) for sender in senders):
        yield "mail_from", _("Name the addresses that send the reports.")
        return
    if not all(isinstance(mail.get(name, ""), str) and len(mail.get(name, "")) <= 200 for name in ("name", "server")):
        yield "mail_from", _("The settings for mail are not right.")


def _is_address(sender: object) -> bool:
    return isinstance(sender, str) and _ADDRESS.fullmatch(sender) is not None
