"""How the batches of a network mix the rows of its tasks, as a study says it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from taskgroup.errors import InputError, nearest

_NAMING = ("by", "main", "temperature")
"""What tells a sampling with settings from others stands first."""

SamplingName = Literal["proportional", "uniform", "round_robin", "validation"]
Schedule = Literal["exponential", "sigmoid", "constant"]
_Loss = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TemperatureSampling(BaseModel):
    """Rows of a task in proportion to its number of rows to the power of 1/temperature.

    Attributes:
        temperature: 1 is proportional; the larger, the nearer to equally many rows of each task.
        annealed: Start at temperature 1 and reach the given one in the last epoch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    annealed: bool = False


class ValidationSampling(BaseModel):
    """The more rows of a task, the further its validation loss is above the best known of it.

    Attributes:
        by: `validation`.
        temperature: How far rows count where no task lags, as of `TemperatureSampling`.
        strength: How much a lag counts.
        references: The validation losses to compare with: `own_best`, of the run so far; `single_task`, the
            lowest of a single-task run with the same settings and seed, which is trained beforehand; or
            numbers by task (cross entropy, or mean squared error over the target's variance), the own best
            for those without one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["validation"]
    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    strength: Annotated[float, Field(gt=0, le=10)] = 1.0
    references: Literal["own_best", "single_task"] | dict[str, _Loss] = "own_best"


class MainTaskSampling(BaseModel):
    """All rows of a main task, and of the others the fewer, the later and the less alike they are.

    Attributes:
        main: The task that counts. Networks without it are sampled proportionally.
        schedule: How the share of the others falls with the epochs; `constant` does not.
        rate: How fast it falls.
        share: The share of their rows in the first epoch, of a task quite like the main one.
        similarity: To the main task, by task, from 0 to 1; computed from the training rows where not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    main: str
    schedule: Schedule = "exponential"
    rate: Annotated[float, Field(gt=0, le=100)] = 3.0
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    similarity: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _constant_has_no_rate(self) -> MainTaskSampling:
        if self.schedule == "constant" and self.rate != type(self).model_fields["rate"].default:
            raise ValueError("schedule 'constant' does not fall; drop rate, or use 'exponential'")
        return self


_Form = type[TemperatureSampling] | type[ValidationSampling] | type[MainTaskSampling]
_FORMS: dict[str, _Form] = {
    "by": ValidationSampling,
    "main": MainTaskSampling,
    "temperature": TemperatureSampling,
}
"""Each form by the key that tells it from the others; the first one that is there decides."""


def _read(value: object) -> object:
    """Check a setting as a whole, so that a mistake gives one message and not one for each form."""
    names = get_args(SamplingName)
    if isinstance(value, Mapping):
        return _shortest(_form(value))
    if value in names or isinstance(value, tuple(_FORMS.values())):
        return value
    raise ValueError(nearest(value, [*names, "{temperature: NUMBER}", "{by: validation}", "{main: TASK}"]))


def _form(value: Mapping[object, object]) -> BaseModel:
    form = next((form for key, form in _FORMS.items() if key in value), TemperatureSampling)
    known = list(form.model_fields)
    unknown = [key for key in value if key not in known]
    if unknown:
        chosen = any(key in value for key in _FORMS)
        raise ValueError(
            f"unknown key {unknown[0]!r}; {nearest(unknown[0], known if chosen else [*_FORMS, *known[1:]])}"
        )
    try:
        return form.model_validate(value)
    except ValidationError as error:
        deepest = max(error.errors(), key=lambda one: len(one["loc"]))
        place = ".".join(str(part) for part in deepest["loc"] if "[" not in str(part))
        message = deepest["msg"].removeprefix("Value error, ")
        raise ValueError(f"{place}: {message}" if place else message) from None


def _shortest(sampling: BaseModel) -> object:
    """One setting has one form, so that it has one key: `{by: validation}` alone is the name."""
    return "validation" if sampling == ValidationSampling(by="validation") else sampling


SamplingSpec = Annotated[
    SamplingName | TemperatureSampling | ValidationSampling | MainTaskSampling, BeforeValidator(_read)
]
"""`proportional`, `uniform`, `round_robin`, `validation`, `{temperature: 5, annealed: true}`,
`{by: validation, strength: 2}` or `{main: TASK, schedule: sigmoid}`."""

_ANY_FORM: TypeAdapter[SamplingSpec] = TypeAdapter(SamplingSpec)


def sampling_from_text(text: str) -> SamplingSpec:
    """Read a sampling as it stands in a study file, on one line.

    Raises:
        InputError: If it is none.

    >>> sampling_from_text("uniform"), sampling_from_text("{temperature: 5}")
    ('uniform', TemperatureSampling(temperature=5.0, annealed=False))
    """
    try:
        return _ANY_FORM.validate_python(yaml.safe_load(text))
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"sampling {text!r}: {message}") from None
    except yaml.YAMLError:
        raise InputError(f"sampling {text!r} is no YAML; write it as in a study file") from None


def sampling_text(sampling: SamplingSpec) -> str:
    """Write a sampling on one line, the same for equal ones; `sampling_from_text` reads it.

    >>> sampling_text(TemperatureSampling(temperature=5))
    '{"temperature": 5.0}'
    """
    if isinstance(sampling, str):
        return sampling
    return json.dumps(sampling.model_dump(mode="json", exclude_defaults=True), sort_keys=True)


def sampling_in_words(text: str) -> str:
    """A sampling's text for a reader.

    >>> sampling_in_words('{"annealed": true, "temperature": 5.0}'), sampling_in_words("round_robin")
    ('temperature 5, annealed', 'round robin')
    """
    if not text.startswith("{"):
        return text.replace("_", " ")
    settings = json.loads(text)
    words = []
    for name, value in sorted(settings.items(), key=lambda item: item[0] not in _NAMING):
        shown = "" if value is True else f" {value:g}" if isinstance(value, float) else f" {value}"
        words.append(f"{name}{shown}")
    return ", ".join(words)


def read_samplings(value: object) -> list[str]:
    """The texts of samplings that a search may try.

    Raises:
        ValueError: If one is none.
    """
    listed = value if isinstance(value, list) else [value]
    entries = (_from_own_text(entry) for entry in listed)
    return list(dict.fromkeys(sampling_text(_read(entry)) for entry in entries))  # type: ignore[arg-type]


def _from_own_text(value: object) -> object:
    """A stored study lists samplings as `sampling_text` writes them."""
    if isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(value)
    return value


def check_sampling_tasks(sampling: SamplingSpec, tasks: Sequence[str], *, reads: str, place: str) -> None:
    """Check that a sampling names tasks of the study, and can compare them.

    Args:
        sampling: The setting.
        tasks: Names of all tasks.
        reads: What a row is: `table`, `image` or `text`.
        place: The key that has it, for messages.

    Raises:
        ValueError: If not.
    """
    if isinstance(sampling, ValidationSampling) and not isinstance(sampling.references, str):
        _require_tasks(f"{place}.references", sampling.references, tasks)
    if not isinstance(sampling, MainTaskSampling):
        return
    main = sampling.main
    if main not in tasks:
        raise ValueError(f"{place}.main is {main!r}, which is no task; {nearest(main, tasks)}")
    _require_tasks(f"{place}.similarity", sampling.similarity, tasks)
    if main in sampling.similarity:
        raise ValueError(f"{place}.similarity names {main!r}, the main task itself; name the others only")
    missing = [task for task in tasks if task != main and task not in sampling.similarity]
    if missing and reads != "table":
        raise ValueError(
            f"{place} computes how like {main!r} a task is from the columns of a table, but "
            f"data.{reads} gives none; say similarity: {{{missing[0]}: NUMBER, ...}} for every other task"
        )


def _require_tasks(key: str, named: Mapping[str, float], tasks: Sequence[str]) -> None:
    for name in named:
        if name not in tasks:
            raise ValueError(f"{key} names {name!r}, which is no task; {nearest(name, tasks)}")
