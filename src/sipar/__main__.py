"""`python -m sipar` is the `sipar` command."""

from __future__ import annotations

from sipar.config.cli import main

if __name__ == "__main__":
    main()
