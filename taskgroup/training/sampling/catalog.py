"""The samplings by name: a new one is one file, one line here and its name in `SamplingName`."""

from __future__ import annotations

from collections.abc import Callable

from taskgroup.spec import (
    MainTaskSampling,
    SamplingSpec,
    TemperatureSampling,
    ValidationSampling,
    sampling_from_text,
)
from taskgroup.training.sampling.by_validation import ByValidation
from taskgroup.training.sampling.contract import Sampling
from taskgroup.training.sampling.main_task import MainTask
from taskgroup.training.sampling.proportional import Proportional
from taskgroup.training.sampling.round_robin import RoundRobin
from taskgroup.training.sampling.temperature import Temperature
from taskgroup.training.sampling.uniform import Uniform

SAMPLINGS: dict[str, Callable[[], Sampling]] = {
    "proportional": Proportional,
    "uniform": Uniform,
    "round_robin": RoundRobin,
    "validation": ByValidation,
}


def make_sampling(spec: SamplingSpec | str) -> Sampling:
    """Make the sampling that a study asks for.

    Args:
        spec: The setting, or its text on one line (`taskgroup.spec.sampling_text`).

    Raises:
        InputError: If the text is no sampling.

    >>> make_sampling("uniform").n_steps([90, 11], batch_size=10)
    11
    >>> make_sampling("{temperature: 5}")
    Temperature(temperature=5.0, annealed=False)
    """
    if isinstance(spec, TemperatureSampling):
        return Temperature(spec.temperature, spec.annealed)
    if isinstance(spec, ValidationSampling):
        return ByValidation(spec.temperature, spec.strength, spec.references)
    if isinstance(spec, MainTaskSampling):
        return MainTask(spec.main, spec.schedule, spec.rate, spec.share, spec.similarity)
    return SAMPLINGS[spec]() if spec in SAMPLINGS else make_sampling(sampling_from_text(spec))
