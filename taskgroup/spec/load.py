"""Reading study files: YAML in, a validated `Study` or one clear error out."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from taskgroup.errors import InputError, nearest
from taskgroup.spec.booleans import booleans_for_numbers
from taskgroup.spec.data_section import IN_MEMORY
from taskgroup.spec.study import Study

_SHAPES = {"list_type", "model_type", "dict_type"}


def read_study(path: str | Path) -> Study:
    """Read a study file; relative paths in it are taken from the file's folder.

    Raises:
        InputError: If the file is missing, is no YAML, or breaks the study's rules; the message names
            the key's path, the value and the nearest valid ones.
    """
    if not isinstance(path, str | Path):
        raise InputError(
            f"a study file is named by its path, not by {path!r:.80}; write load_study('study.yaml')"
        )
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"study file '{path}' does not exist; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"study file '{path}' cannot be read as UTF-8 text: {error}") from None
    try:
        document = yaml.load(text, Loader=_UniqueKeyLoader)  # a safe loader: it makes plain values alone
    except yaml.YAMLError as error:
        raise InputError(f"study file '{path}' is no valid YAML: {_yaml_place(error)}") from None
    except (ValueError, RecursionError) as error:  # impossible dates, endless numbers, nesting without end
        raise InputError(f"study file '{path}' holds a value that cannot be read: {error}") from None
    if isinstance(document, dict) and isinstance(document.get("data"), dict):
        document["data"] = _resolve_source(document["data"], path.resolve().parent)
    if isinstance(document, dict) and isinstance(document.get("trainer"), dict):
        document["trainer"] = _resolve_directory(document["trainer"], path.resolve().parent)
    if isinstance(document, dict) and isinstance(document.get("model"), dict):
        document["model"] = _resolve_weights(document["model"], path.resolve().parent)
    return parse_study(document, place=str(path))


def parse_study(document: object, *, place: str = "study") -> Study:
    """Validate a study document that is already in memory.

    Raises:
        InputError: As for `read_study`.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{place}: expected keys such as name, data and tasks, but got {document!r:.80}")
    for path, value in booleans_for_numbers(document, Study):
        raise InputError(f"{place}: '{_key_path(path)}' is {value}; use a number")
    try:
        return Study.model_validate(document)
    except ValidationError as error:
        raise InputError(f"{place}: {_explain(error)}") from None


def _resolve_source(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    source = data.get("source")
    if isinstance(source, dict):
        return {**data, "source": {task: _from_folder(one, folder) for task, one in source.items()}}
    return {**data, "source": _from_folder(source, folder)} if "source" in data else dict(data)


def _from_folder(source: Any, folder: Path) -> Any:
    elsewhere = ("sklearn:", "python:", "generated:", "river:")
    if not isinstance(source, str) or source == IN_MEMORY or source.startswith(elsewhere):
        return source
    return str(folder / source)


def _resolve_directory(trainer: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A trainer works in the study file's folder where it names no other."""
    directory = trainer.get("working_directory")
    if not isinstance(directory, str | None):
        return dict(trainer)
    return {**trainer, "working_directory": str(folder / (directory or ""))}


def _resolve_weights(model: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    weights = model.get("weights")
    return {**model, "weights": str(folder / weights)} if isinstance(weights, str) else dict(model)


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would keep the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} stands twice; keep one", key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _yaml_place(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    mark = getattr(error, "problem_mark", None)
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem


def _explain(error: ValidationError) -> str:
    """Word the most telling of pydantic's errors: an unknown key before what is missing for it."""
    details = error.errors(include_url=False)
    details.sort(key=lambda item: item["type"] != "extra_forbidden")
    first, more = details[0], len(details) - 1
    text = _explain_one(first)
    return text + (f" ({more} more to fix after this)" if more else "")


def _explain_one(item: Any) -> str:
    place = _key_path(item["loc"])
    value = item["input"]
    if item["type"] == "extra_forbidden":
        parent = _model_at(item["loc"][:-1])
        known = list(parent.model_fields) if parent else []
        return f"unknown key '{place}'; {nearest(item['loc'][-1], known)}"
    if item["type"] == "missing":
        return f"key '{place}' is required and missing"
    if item["type"] == "literal_error":
        known = [word.strip(" '") for word in item["ctx"]["expected"].replace(" or ", ",").split(",")]
        return f"'{place}' is {value!r}; {nearest(value, known)}"
    if item["type"] in _SHAPES:
        return f"'{place}' is {_shown(value)}; {_expected_shape(item)}"
    if item["type"] == "string_pattern_mismatch":
        rule = "use letters, digits, '_', '.' and '-', a letter or digit first"
        return f"'{place}' is {_shown(value)}; {rule}"
    message = str(item["ctx"]["error"]) if item["type"] == "value_error" else item["msg"]
    if isinstance(value, dict | BaseModel):
        return f"{place}: {message}" if place else message
    return f"'{place}' is {_shown(value)}: {message[0].lower()}{message[1:]}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _expected_shape(item: Any) -> str:
    if item["type"] == "list_type":
        return "give a list, such as [first, second]"
    section = _model_at(item["loc"])
    keys = f": {', '.join(section.model_fields)}" if section else ""
    return f"give keys and values{keys}"


def _key_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(("function-", "list[")) and part != "str":
            path += f".{part}" if path else part
    return path


def _model_at(location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Follow a key path through the study's sections to the one whose keys are valid there."""
    model: type[BaseModel] | None = Study
    for part in location:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = _section_in(field.annotation) if field else None
    return model


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (list, typing.Union, types.UnionType, typing.Annotated):
        return next(filter(None, map(_section_in, typing.get_args(annotation))), None)
    return None
