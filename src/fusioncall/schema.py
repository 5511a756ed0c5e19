"""What a JSON schema has against a user's file, in words.

The raw message of a schema fills a page. Here the first objection becomes one sentence, and the
`description` of the value in the schema becomes the cure: so a description is an order to the user.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from fusioncall.errors import SettingsError

_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "null": "empty",
    "number": "a number",
    "object": "a group of keys",
    "string": "text",
}


def load_schema(path: Path) -> dict[str, Any]:
    """Read a JSON schema that is written as YAML."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def check_schema(
    instance: Mapping[str, object], schema: Mapping[str, Any], place: str, word: str
) -> None:
    """Hold values to a schema and raise its first objection.

    Args:
        instance: the values.
        schema: the JSON schema.
        place: the file, and the line if there is one.
        word: what a name in the file is called: "key" or "column".

    Raises:
        SettingsError: the schema has an objection.
    """
    objections = jsonschema.Draft202012Validator(schema).iter_errors(dict(instance))
    for objection in sorted(objections, key=lambda one: [str(part) for part in one.absolute_path]):
        name = ".".join(map(str, objection.absolute_path))
        what, cure = _sentences(objection, word)
        raise SettingsError(what, where=f"{place}, {word} {name}" if name else place, cure=cure)


def nearest(name: str, known: Iterable[str]) -> str:
    """A cure for a name that is not known: the one nearest to it, or all of them.

    >>> nearest("sampel", ("sample", "bam"))
    "Perhaps 'sample' is meant"
    >>> nearest("tissue", ("sample", "bam"))
    'Known are: sample, bam'
    """
    known = tuple(known)
    found = difflib.get_close_matches(name.lower(), known, n=1)
    return f"Perhaps {found[0]!r} is meant" if found else f"Known are: {', '.join(known)}"


def _sentences(objection: jsonschema.ValidationError, word: str) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    schema: Any = objection.schema
    demand: Any = objection.validator_value
    value: Any = objection.instance
    if objection.validator == "additionalProperties":
        stranger = next(str(name) for name in value if name not in schema["properties"])
        return f"unknown {word} {stranger!r}", nearest(stranger, schema["properties"])
    if objection.validator == "required":
        missing = next(name for name in demand if name not in value)
        return f"{word} {missing!r} is missing", "Add it"
    cure = schema["description"][:1].upper() + schema["description"][1:]
    if value is None or value == "":
        return "the value is blank", cure
    if objection.validator == "type":
        return f"{_shorten(value)} is {_kind(value)}", cure
    return f"{_shorten(value)} cannot be used", cure


def _kind(value: object) -> str:
    """What a value is, in words."""
    checker = jsonschema.Draft202012Validator.TYPE_CHECKER
    return next(words for kind, words in _KINDS.items() if checker.is_type(value, kind))


def _shorten(value: object) -> str:
    """A value as text, cut where it would fill the line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
