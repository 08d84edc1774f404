"""What networks read of each row: columns of numbers, an image or a text, as the study says."""

from __future__ import annotations

from pathlib import Path

from taskgroup.data.features import Features, build_features
from taskgroup.data.images import DEFAULT_COLUMN, build_images, images_of_pixels
from taskgroup.data.table import Table
from taskgroup.data.texts import build_texts
from taskgroup.errors import InputError
from taskgroup.spec import DataSpec


def read_features(table: Table, data: DataSpec, *, targets: frozenset[str], folder: Path) -> Features:
    """Take the inputs out of a table.

    Args:
        table: Where they stand.
        data: Which columns, and what they are.
        targets: The columns that are some task's target.
        folder: Where the names of image files start from.

    Raises:
        InputError: If they are not fit for their use; the message names the column.
    """
    if data.text is not None:
        _refuse_target(data.text.column, targets, "data.text.column")
        matrix, names, texts = build_texts(table, data.text)
        return Features(matrix, names, (), texts)
    if data.image is None:
        return build_features(table, listed=data.features, targets=targets)
    if data.image.column is None and DEFAULT_COLUMN not in table.columns:
        pixels = build_features(table, listed=data.features, targets=targets, keep_constant=True)
        matrix, names, images = images_of_pixels(pixels.matrix, data.image, place=table.place)
    else:
        _refuse_target(data.image.column, targets, "data.image.column")
        matrix, names, images = build_images(table, data.image, folder=folder)
    return Features(matrix, names, (), images)


def _refuse_target(column: str | None, targets: frozenset[str], key: str) -> None:
    if column in targets:
        raise InputError(f"{key} {column!r} is also the target of a task; name another column")
