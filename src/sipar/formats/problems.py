"""What every reader raises when a file is not what it should be."""

from __future__ import annotations


class FormatProblem(Exception):
    """A file that cannot be taken, with a stable `code`, a plain sentence and the place it was found at.

    `where` is what a person looks for in their own file: a line, a column, an identifier, a path such as
    `catalog/groups/3/controls/0`.
    """

    def __init__(self, code: str, sentence: str, where: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.where = where
        super().__init__(f"{where}: {sentence}" if where else sentence)
