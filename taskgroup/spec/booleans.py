"""Booleans where a study wants numbers: YAML reads `on` and `yes` as true, which would quietly count as 1."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo


def booleans_for_numbers(
    document: Mapping[str, Any], model: type[BaseModel]
) -> Iterator[tuple[tuple[str | int, ...], bool]]:
    """The places in a document where a number is wanted and a boolean stands.

    Fields that read their values themselves (`BeforeValidator`) are left to do so.

    Args:
        document: As read from a file, not yet validated.
        model: What it is to become.

    Yields:
        Key path and value.
    """
    for name, field in model.model_fields.items():
        if name in document and not _reads_itself(field):
            for path, value in _within(document[name], field.annotation):
                yield (name, *path), value


def _reads_itself(field: FieldInfo) -> bool:
    return any(isinstance(one, BeforeValidator) for one in field.metadata)


def _within(value: Any, annotation: Any) -> Iterator[tuple[tuple[str | int, ...], bool]]:
    forms = list(_forms(annotation))
    if isinstance(value, bool):
        if bool not in forms and (int in forms or float in forms):
            yield (), value
    elif isinstance(value, list):
        for form in forms:
            if typing.get_origin(form) is list:
                for place, one in enumerate(value):
                    yield from (((place, *path), bad) for path, bad in _within(one, *typing.get_args(form)))
    elif isinstance(value, Mapping):
        for form in forms:
            if isinstance(form, type) and issubclass(form, BaseModel):
                yield from booleans_for_numbers(value, form)
            elif typing.get_origin(form) is dict:
                for key, one in value.items():
                    wanted = typing.get_args(form)[1]
                    yield from (((str(key), *path), bad) for path, bad in _within(one, wanted))


def _forms(annotation: Any) -> Iterator[Any]:
    """The types of which a value may be one."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from _forms(typing.get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for one in typing.get_args(annotation):
            yield from _forms(one)
    else:
        yield annotation
