"""The samplings by name: a new one is one file, one line here and its name in `SamplingName`."""

from __future__ import annotations

from collections.abc import Callable

from taskgroup.spec import SamplingSpec, TemperatureSampling
from taskgroup.training.sampling.contract import Sampling
from taskgroup.training.sampling.proportional import Proportional
from taskgroup.training.sampling.round_robin import RoundRobin
from taskgroup.training.sampling.temperature import Temperature
from taskgroup.training.sampling.uniform import Uniform

SAMPLINGS: dict[str, Callable[[], Sampling]] = {
    "proportional": Proportional,
    "uniform": Uniform,
    "round_robin": RoundRobin,
}


def make_sampling(spec: SamplingSpec) -> Sampling:
    """Make the sampling that a study asks for.

    >>> make_sampling("uniform").n_steps([90, 11], batch_size=10)
    11
    """
    if isinstance(spec, TemperatureSampling):
        return Temperature(spec.temperature, spec.annealed)
    return SAMPLINGS[spec]()
