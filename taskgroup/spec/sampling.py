"""How the batches of a network mix the rows of its tasks, as a study says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from taskgroup.errors import nearest

SamplingName = Literal["proportional", "uniform", "round_robin"]


class TemperatureSampling(BaseModel):
    """Rows of a task in proportion to its number of rows to the power of 1/temperature.

    Attributes:
        temperature: 1 is proportional; the larger, the nearer to equally many rows of each task.
        annealed: Start at temperature 1 and reach the given one in the last epoch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    annealed: bool = False


def _read(value: object) -> object:
    """Check a setting as a whole, so that a mistake gives one message and not one for each form."""
    names = get_args(SamplingName)
    if isinstance(value, Mapping):
        return _temperature(value)
    if value in names or isinstance(value, TemperatureSampling):
        return value
    raise ValueError(nearest(value, [*names, "{temperature: NUMBER}"]))


def _temperature(value: Mapping[object, object]) -> TemperatureSampling:
    known = list(TemperatureSampling.model_fields)
    unknown = [key for key in value if key not in known]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; {nearest(unknown[0], known)}")
    try:
        return TemperatureSampling.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


SamplingSpec = Annotated[SamplingName | TemperatureSampling, BeforeValidator(_read)]
"""`proportional`, `uniform`, `round_robin`, or `{temperature: 5, annealed: true}`."""
