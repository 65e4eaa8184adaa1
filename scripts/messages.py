"""Collects the texts to translate into `src/sipar/locale/` and compiles the translations that are there.

Collecting needs GNU gettext (Debian: apt install gettext); without it only the compiling is done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib

SOURCE = Path(__file__).resolve().parents[1] / "src" / "sipar"
LANGUAGES = ("ur",)


def main() -> int:
    if shutil.which("xgettext"):
        command = [sys.executable, "-m", "django", "makemessages", "--no-location", "--no-obsolete"]
        command += ["--ignore", "static/*", *(f"--locale={language}" for language in LANGUAGES)]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sipar.config.settings"}
        subprocess.run(command, cwd=SOURCE, env=environment, check=True)  # noqa: S603 - our own command
    else:
        sys.stderr.write("GNU gettext is not installed: no texts were collected. Debian: apt install gettext\n")
    for catalogue in sorted(SOURCE.rglob("locale/*/LC_MESSAGES/*.po")):
        messages = polib.pofile(str(catalogue))
        messages.save_as_mofile(str(catalogue.with_suffix(".mo")))
        open_ones = len(messages.untranslated_entries()) + len(messages.fuzzy_entries())
        sys.stdout.write(f"{catalogue.relative_to(SOURCE)}: {len(messages)} texts, {open_ones} not translated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
