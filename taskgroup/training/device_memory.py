"""How much memory a CUDA device has left for cohorts."""

from __future__ import annotations

import torch


def free_device_bytes(device: str) -> int | None:
    """Bytes that this process may still allocate on a CUDA device; None for the CPU.

    What torch has reserved and does not use counts as free, since it takes from there first.
    """
    if not device.startswith("cuda"):
        return None
    free, _ = torch.cuda.mem_get_info()
    return free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
