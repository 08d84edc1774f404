"""The affinity heatmap as a picture file, for a README or a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from taskgroup.affinity import AffinityMatrix
from taskgroup.errors import InputError, nearest
from taskgroup.grouping import Grouping
from taskgroup.reporting.atomic import write_atomically
from taskgroup.reporting.gain_unit import SHARE_OF_ERROR, GainUnit
from taskgroup.reporting.tables import heatmap_table

_FORMAT_OF_SUFFIX: dict[str, Literal["png", "svg"]] = {".png": "png", ".svg": "svg"}


def write_heatmap(
    affinity: AffinityMatrix,
    path: str | Path,
    *,
    grouping: Grouping | None = None,
    unit: GainUnit = SHARE_OF_ERROR,
) -> Path:
    """Draw the affinity matrix into a PNG or SVG file.

    Args:
        affinity: The measured or estimated gains.
        path: Where to, ending in ``.png`` or ``.svg``; an older file is replaced.
        grouping: Marks where the serving network changes.
        unit: What gains are measured in.

    Raises:
        InputError: If the suffix is unknown, or the path cannot be written to.
    """
    from taskgroup.reporting.heatmap_png import heatmap_image

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _FORMAT_OF_SUFFIX:
        raise InputError(
            f"'{path}' ends in {suffix!r}, which is no picture; {nearest(suffix, _FORMAT_OF_SUFFIX)}"
        )
    image = heatmap_image(heatmap_table(affinity, grouping, unit=unit), format=_FORMAT_OF_SUFFIX[suffix])
    return write_atomically(path, image)
