"""Collects the texts to translate into the catalogues of `src/sipar/` and compiles the translations that are there.

An app that has a folder `locale` (ui) keeps its texts there; those of every other app stand together in
`src/sipar/locale/`. Collecting needs GNU gettext (Debian: apt install gettext); without it only the compiling is done.
A second run changes no file.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import django
import polib
from django.core.management import call_command
from django.core.management.commands import makemessages

SOURCE = Path(__file__).resolve().parents[1] / "src" / "sipar"
PLURAL_FORMS = {"ur": "nplurals=2; plural=(n != 1);"}


class Collecting(makemessages.Command):
    """Django's command, which also finds the sentences of refusals (`sipar.core.problems` translates them)."""

    xgettext_options = [
        *makemessages.Command.xgettext_options,
        *(f"--keyword={refusal}:1" for refusal in ("Problem", "Invalid", "Forbidden", "NotFound", "Conflict")),
        "--keyword=Place:2",
        "--keyword=not_open:1",
    ]


def collect() -> None:
    """Adds the texts that are new and drops those that no file shows any more."""
    (SOURCE / "locale").mkdir(exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
    django.setup()
    os.chdir(SOURCE)
    ignored = ["static/*", "*/tests/*"]
    call_command(
        Collecting(),
        locale=list(PLURAL_FORMS),
        ignore_patterns=ignored,
        no_location=True,
        no_obsolete=True,
        verbosity=0,
    )


def tidy(messages: polib.POFile, language: str) -> None:
    """Leaves nothing in the catalogue that depends on the moment of the run, nor any translation that was guessed."""
    messages.header = f"Sipar: {language}"
    messages.metadata_is_fuzzy = 0
    messages.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURAL_FORMS[language],
    }
    for entry in messages.fuzzy_entries():
        entry.flags.remove("fuzzy")
        entry.msgstr = ""
        entry.msgstr_plural = dict.fromkeys(entry.msgstr_plural, "")
        entry.previous_msgctxt = entry.previous_msgid = entry.previous_msgid_plural = None


def main() -> int:
    if shutil.which("xgettext"):
        collect()
    else:
        sys.stderr.write("GNU gettext is not installed: no texts were collected. Debian: apt install gettext\n")
    for catalogue in sorted(SOURCE.rglob("locale/*/LC_MESSAGES/*.po")):
        messages = polib.pofile(str(catalogue))
        tidy(messages, catalogue.parts[-3])
        messages.save(str(catalogue))
        messages.save_as_mofile(str(catalogue.with_suffix(".mo")))
        open_ones = len(messages.untranslated_entries())
        sys.stdout.write(f"{catalogue.relative_to(SOURCE)}: {len(messages)} texts, {open_ones} not translated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
