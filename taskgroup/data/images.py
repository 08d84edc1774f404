"""From a column of images, or from columns of pixels, to arrays of one size."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from taskgroup.data.inputs import ImageInputs
from taskgroup.data.table import Table
from taskgroup.errors import InputError
from taskgroup.spec import ImageSpec

DEFAULT_COLUMN = "image"
_CHANNELS = (1, 3, 4)

Float32 = npt.NDArray[np.float32]


def build_images(
    table: Table, spec: ImageSpec, *, folder: Path
) -> tuple[Float32, tuple[str, ...], ImageInputs]:
    """Decode a column of images.

    Bytes with values up to 255 are brought to [0, 1]; other numbers stay as they are. Either is standardised
    by channel later.

    Args:
        table: Where the column stands.
        spec: Its name, and the size and mode wanted.
        folder: Where file names start from.

    Returns:
        Pixels ``[N, C * H * W]``, a name for each, and their shape.

    Raises:
        InputError: If the column is unknown, an image cannot be read, or sizes differ; the message names the
            row.
    """
    column = spec.column or DEFAULT_COLUMN
    values = table.column(column, wanted_by="data.image.column")
    about = f"image column {column!r} of {table.place}"
    images: list[np.ndarray] = []
    mode = spec.mode
    for row, value in enumerate(values, 1):
        array = _image(value, spec, mode, folder=folder, place=f"{about}, row {row}")
        mode = mode or ("L" if array.shape[2] == 1 else "RGB")
        images.append(array)
        if array.shape != images[0].shape:
            raise InputError(
                f"{about} holds images of different sizes: {_size(images[0])} in row 1, {_size(array)} in "
                f"row {row}; give data.image.size, such as size: [32, 32]"
            )
    stacked = np.stack(images).transpose(0, 3, 1, 2)
    scale = np.float32(255.0) if stacked.dtype == np.uint8 else np.float32(1.0)
    return _flat(stacked.astype(np.float32) / scale, about=about)


def images_of_pixels(
    pixels: Float32, spec: ImageSpec, *, place: str
) -> tuple[Float32, tuple[str, ...], ImageInputs]:
    """Take feature columns ``[N, D]`` as the pixels of grey images, row by row.

    Raises:
        InputError: If no size is given, or it is not that of D pixels.
    """
    n_pixels = pixels.shape[1]
    if spec.size is None:
        raise InputError("data.image names no column, so that pixels are columns; give data.image.size too")
    height, width = spec.size
    if height * width != n_pixels:
        raise InputError(
            f"data.image.size [{height}, {width}] has {height * width:,} pixels, but {place} has "
            f"{n_pixels:,} feature columns; "
            "list those that are pixels under data.features, or name data.image.column"
        )
    return _flat(pixels.reshape(-1, 1, height, width), about=place)


def _flat(images: Float32, *, about: str) -> tuple[Float32, tuple[str, ...], ImageInputs]:
    n, channels, height, width = images.shape
    finite = np.isfinite(images).reshape(n, -1).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{about} holds pixels that are no finite numbers, first in row {np.argmin(finite) + 1}"
        )
    names = tuple(f"{c}:{y}:{x}" for c in range(channels) for y in range(height) for x in range(width))
    return images.reshape(n, -1), names, ImageInputs((channels, height, width))


def _image(value: object, spec: ImageSpec, mode: str | None, *, folder: Path, place: str) -> np.ndarray:
    """One image as [H, W, C]."""
    if isinstance(value, np.ndarray) and value.ndim in (2, 3):
        return _resized_array(_channels_last(value, place=place), spec, place=place)
    if isinstance(value, dict) and "bytes" in value:
        value = value["bytes"]
    if isinstance(value, str):
        path = folder / value
        if not path.is_file():
            raise InputError(f"{place}: there is no file '{path}'; file names start from the data's folder")
        return _decoded(path, spec, mode, place=f"{place} ('{path}')")
    if isinstance(value, bytes):
        return _decoded(io.BytesIO(value), spec, mode, place=place)
    what = "missing" if value is None else f"a {type(value).__name__}"
    raise InputError(f"{place} is {what}; give encoded bytes, a file name, or an array [H, W] or [H, W, C]")


def _decoded(source: Any, spec: ImageSpec, mode: str | None, *, place: str) -> np.ndarray:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; what matters is whether there are pixels
            with Image.open(source) as opened:
                grey = opened.mode in ("1", "L", "I", "I;16", "F")
                image = opened.convert(mode or ("L" if grey else "RGB"))
    except Exception as error:
        raise InputError(f"{place} cannot be read as an image ({_reason(error)}); mend or drop it") from error
    if spec.size is not None and image.size != (spec.size[1], spec.size[0]):
        image = image.resize((spec.size[1], spec.size[0]))
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


def _channels_last(array: np.ndarray, *, place: str) -> np.ndarray:
    """An array [H, W], [H, W, C] or [C, H, W] as [H, W, C]."""
    if array.ndim == 2:
        return array[:, :, None]
    if array.shape[2] in _CHANNELS:
        return array
    if array.shape[0] in _CHANNELS:
        return array.transpose(1, 2, 0)
    raise InputError(
        f"{place} has the shape {array.shape}; give [H, W], [H, W, C] or [C, H, W] with 1, 3 or 4 channels"
    )


def _resized_array(array: np.ndarray, spec: ImageSpec, *, place: str) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise InputError(f"{place} holds {array.dtype.name} values; give numbers")
    if spec.mode == "L" and array.shape[2] > 1:
        array = array.astype(np.float32).mean(axis=2, keepdims=True).astype(array.dtype)
    if spec.mode == "RGB" and array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    if spec.size is None or list(array.shape[:2]) == spec.size:
        return array
    from PIL import Image

    layers = [
        Image.fromarray(layer.astype(np.float32)).resize((spec.size[1], spec.size[0]))
        for layer in array.transpose(2, 0, 1)
    ]
    return np.stack([np.asarray(layer) for layer in layers], axis=2).astype(array.dtype)


def _reason(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first:.120}" if first else type(error).__name__


def _size(image: np.ndarray) -> str:
    height, width, channels = image.shape
    return f"{height} × {width} with {channels} channel{'s' if channels > 1 else ''}"
