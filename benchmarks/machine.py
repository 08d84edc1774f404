"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import torch

from taskgroup.models import blas_libraries
from taskgroup.training import cache_size

_SIZE = 1024


def machine_facts() -> dict[str, object]:
    """Processor, libraries and date."""
    cores = {str(library.get("architecture")) for library in blas_libraries().info()}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "second-level cache": f"{cache_size() >> 10} KiB",
        "torch": f"{torch.__version__}, {torch.backends.cpu.get_cpu_capability()}",
        "NumPy": f"{np.__version__}, OpenBLAS kernels {', '.join(sorted(cores))}",
        "python": platform.python_version(),
        "load average": f"{os.getloadavg()[0]:.1f}",
    }


def large_product_rates() -> dict[str, float]:
    """GFLOP/s of one large float32 product on one thread, by library and precision."""
    a, b = torch.randn(_SIZE, _SIZE), torch.randn(_SIZE, _SIZE)
    x, y = a.numpy(), b.numpy()
    return {"torch": _rate(lambda: torch.mm(a, b)), "NumPy": _rate(lambda: np.matmul(x, y))}


def _rate(multiply: Callable[[], object]) -> float:
    seconds = []
    for _ in range(9):
        started = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - started)
    return 2.0 * _SIZE**3 / median(seconds) / 1e9


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    found = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in lines if ":" in line}
    return f"{found.get('model name', '?')}, family {found.get('cpu family')} model {found.get('model')}"
