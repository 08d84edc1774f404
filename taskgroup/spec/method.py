"""A method by its catalog name, with settings of its own: `mmoe`, or `{mmoe: {experts: 4}}` in a study file.

Runs are kept and compared by the text of their methods, which is the same for the same settings.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskgroup.errors import nearest


@dataclass(frozen=True)
class Option:
    """A setting of a method.

    Attributes:
        default: Where a study does not give it.
        refuse: What is wrong with a value, or None.
        lists: Whether a value is itself a list or a mapping, so that a list is not several values to try.
    """

    default: Any
    refuse: Callable[[Any], str | None]
    lists: bool = False


Options = Mapping[str, Option]
_MANY = 4


@dataclass(frozen=True)
class Method:
    """A name of a catalog and the settings that differ from their defaults.

    >>> Method("mmoe", {"experts": 4}).text
    'mmoe {"experts": 4}'
    >>> Method.parse("equal")
    Method(name='equal', settings={})
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The method in one line, from which `parse` reads it back."""
        return f"{self.name} {json.dumps(self.settings, sort_keys=True)}" if self.settings else self.name

    @classmethod
    def parse(cls, text: str) -> Method:
        """Read `text`.

        Raises:
            ValueError: If what stands in braces is not what `text` writes.
        """
        name, brace, rest = text.partition(" {")
        try:
            return cls(name, json.loads("{" + rest) if brace else {})
        except json.JSONDecodeError:
            raise ValueError(f"{text!r:.80} is no name; give settings as in {{{name}: {{...}}}}") from None

    def filled(self, options: Options) -> dict[str, Any]:
        """All settings, those not given at their defaults."""
        return {name: option.default for name, option in options.items()} | dict(self.settings)

    @property
    def in_words(self) -> str:
        """For a reader: `mmoe (experts 4)`."""
        name = self.name.replace("_", " ")
        if not self.settings:
            return name
        return f"{name} ({', '.join(f'{k} {_value_in_words(v)}' for k, v in self.settings.items())})"

    @property
    def in_few_words(self) -> str:
        """For a line or a table: long lists of numbers as their number and range.

        >>> Method("static", {"weights": {"a": 0.5, "b": 1, "c": 1, "d": 3}}).in_few_words
        'static (4 weights, 0.5 to 3)'
        """
        weights = self.settings.get("weights")
        if not isinstance(weights, Mapping) or len(weights) < _MANY:
            return self.in_words
        low, high = (_value_in_words(float(end(weights.values()))) for end in (min, max))
        values = f"weights of {low}" if low == high else f"weights, {low} to {high}"
        return f"{self.name.replace('_', ' ')} ({len(weights)} {values})"


def read_methods(value: object, catalog: Mapping[str, Options], *, what: str) -> list[Method]:
    """The methods that one entry of a study file stands for: several where a setting lists values to try.

    Args:
        value: A name, a mapping from one name to its settings, or a method's text.
        catalog: The methods that are known, with their options.
        what: What messages call them, such as `weighting`.

    Raises:
        ValueError: If the name, a setting or a value is not one that is known; the message names it.
    """
    if isinstance(value, str):
        method = Method.parse(value)
        name, given = method.name, dict(method.settings)
    elif isinstance(value, Mapping) and len(value) == 1:
        (name, given), *_ = value.items()
        given = {} if given is None else given
    else:
        raise ValueError(f"give a {what}'s name, or one name with its settings as in {{NAME: {{...}}}}")
    if name not in catalog:
        raise ValueError(f"{what} {name!r}; {nearest(name, catalog)}")
    if not isinstance(given, Mapping):
        raise ValueError(f"the settings of {what} {name!r} are a mapping, not {given!r}")
    options = catalog[name]
    tried = [_tried(name, key, values, options, what) for key, values in given.items()]
    return [_method(name, dict(zip(given, each, strict=True)), options) for each in itertools.product(*tried)]


def _method(name: str, settings: Mapping[str, Any], options: Options) -> Method:
    """Settings at their defaults are left out, and numbers are of the default's type."""
    typed = {key: _like(options[key].default, value) for key, value in settings.items()}
    return Method(name, {key: value for key, value in typed.items() if value != options[key].default})


def _like(default: Any, value: Any) -> Any:
    return float(value) if isinstance(default, float) and isinstance(value, int) else value


def _tried(name: str, key: object, values: Any, options: Options, what: str) -> Sequence[Any]:
    if key not in options:
        known = nearest(key, options) if options else "it has none"
        raise ValueError(f"unknown setting {key!r} of {what} {name!r}; {known}")
    option = options[str(key)]
    several = values if isinstance(values, list) and not option.lists else [values]
    if not several:
        raise ValueError(f"{key!r} of {what} {name!r} lists no value; give one, or leave it out")
    for value in several:
        problem = option.refuse(value)
        if problem is not None:
            raise ValueError(f"{key!r} of {what} {name!r} is {value!r}; {problem}")
    return several


def _value_in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_value_in_words(v)}" for k, v in value.items())
    if isinstance(value, list):
        return " | ".join("+".join(map(str, v)) if isinstance(v, list) else str(v) for v in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def number(low: float, high: float, *, above: bool = False) -> Callable[[Any], str | None]:
    """Accept numbers between two, or strictly above the lower one."""

    def refuse(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "use a number"
        if abs(value) > sys.float_info.max:
            return "use a finite number"
        if (low < value if above else low <= value) and value <= high:
            return None
        first = f"above {low:g}" if above else f"from {low:g}"
        return f"use a number {first} to {high:g}" if high < float("inf") else f"use a number {first}"

    return refuse


def whole(low: int, high: int) -> Callable[[Any], str | None]:
    """Accept whole numbers between two."""

    def refuse(value: Any) -> str | None:
        fine = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if fine else f"use a whole number from {low} to {high}"

    return refuse


def numbers_of_tasks(refuse: Callable[[Any], str | None]) -> Callable[[Any], bool]:
    """Whether a value is a mapping from names of tasks to numbers that are not refused."""

    def fine(value: Any) -> bool:
        return isinstance(value, Mapping) and all(
            isinstance(name, str) and refuse(one) is None for name, one in value.items()
        )

    return fine


def one_of(*values: Any) -> Callable[[Any], str | None]:
    """Accept some values and nothing else."""

    def refuse(value: Any) -> str | None:
        fine = any(value == known and type(value) is type(known) for known in values)
        return None if fine else f"use one of {', '.join(map(str, values))}"

    return refuse
