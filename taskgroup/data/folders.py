"""Folders of images: one folder a class, or one table of file names beside the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from taskgroup.data.images import DEFAULT_COLUMN
from taskgroup.data.table import Table
from taskgroup.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
CLASS_COLUMN = "class"


def read_image_folder(folder: Path) -> Table:
    """List the images of a folder that has one folder for each class.

    Returns:
        The columns `image` (file names from the folder) and `class` (the names of the folders), in
        alphabetical order.

    Raises:
        InputError: If there are no such images.
    """
    files = sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.parent.name.startswith(".")
    )
    if not files:
        raise InputError(
            f"data folder '{folder}' has no folders with images ({', '.join(ENDINGS)}); make one folder for "
            "each class, or name a table of file names and labels in it"
        )
    names = np.array([str(path.relative_to(folder)) for path in files], dtype=object)
    classes = np.array([path.parent.name for path in files], dtype=object)
    return Table(str(folder), {DEFAULT_COLUMN: names, CLASS_COLUMN: classes})
