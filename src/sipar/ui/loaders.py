"""Sipar's own templates before those of the libraries, whatever the order of the applications."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.template.loaders import filesystem

TEMPLATES = Path(__file__).resolve().parent / "templates"


class UiFirst(filesystem.Loader):
    def get_dirs(self) -> Sequence[Path]:
        return (TEMPLATES,)
