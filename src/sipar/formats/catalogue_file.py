"""Sipar's own catalogue files: one YAML or JSON document of the shape in `sipar.formats.catalogue`."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sipar.formats.catalogue import FORMAT, Catalogue
from sipar.formats.documents import CORE_NUMBER, load_document
from sipar.formats.limits import DEFAULT_LIMITS, Limits
from sipar.formats.problems import FormatProblem

_LINE_WIDTH = 120


def read_catalogue(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Catalogue:
    """The catalogue in a YAML or JSON file, plain or gzip.

    Raises FormatProblem: the codes of `sipar.formats.documents`, `catalogue.format` when the file is something else,
    `catalogue.shape` for a missing, unknown or ill-typed field (with its path, such as `requirements/3/title`), and
    the other `catalogue.*` codes for what does not hang together.
    """
    values = load_document(data, name, limits)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise FormatProblem("catalogue.format", f'this is not a catalogue: the field "format" must say {FORMAT}')
    return build_catalogue(values)


def build_catalogue(values: dict[str, Any]) -> Catalogue:
    """The catalogue of these plain values. Raises FormatProblem as `build_shape` does."""
    return build_shape(Catalogue, values)


def build_shape[ShapeType: BaseModel](shape: type[ShapeType], values: Any) -> ShapeType:
    """An instance of a pydantic shape. Raises FormatProblem `catalogue.shape` with the path of the first fault."""
    try:
        return shape.model_validate(values)
    except ValidationError as problem:
        faults = problem.errors(include_url=False, include_input=False, include_context=False)
        path = "/".join(str(step) for step in faults[0]["loc"])
        more = f" ({len(faults) - 1} more like this)" if len(faults) > 1 else ""
        sentence = faults[0]["msg"][:1].lower() + faults[0]["msg"][1:] + more
        raise FormatProblem("catalogue.shape", sentence, path) from problem


def write_catalogue(catalogue: Catalogue) -> bytes:
    """The catalogue as UTF-8 YAML that `read_catalogue` reads back identical; fields at their default are left out."""
    values = {"format": FORMAT} | catalogue.model_dump(mode="json", exclude_defaults=True)
    text: str = yaml.dump(
        values, Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=_LINE_WIDTH, default_flow_style=False
    )
    return text.encode()


class _PlainDumper(yaml.CSafeDumper):
    """Writes every value out; anchors would only make the file harder to edit by hand."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# Text that only the core schema of YAML 1.2 takes for a number (1e3) is quoted as well.
_PlainDumper.add_implicit_resolver("tag:yaml.org,2002:float", CORE_NUMBER, list("-+.0123456789"))
