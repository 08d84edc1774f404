"""Images as rows: whatever they come in, networks must see the same pixels, or be told what is wrong."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from taskgroup.data import Dataset, dataset_from_table, draw_split, load_dataset, prepare
from taskgroup.errors import InputError

N = 24
RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (N, 6, 5, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]
LABELS = {"y": np.arange(N) % 2, "z": RNG.normal(size=N)}
KINDS: dict[str, Any] = {"y": "binary", "z": "regression"}


def encoded(array: np.ndarray, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, format=kind)
    return stream.getvalue()


def pixels(dataset: Dataset) -> np.ndarray:
    """[N, C, H, W]"""
    return dataset.features.reshape(-1, *dataset.input_shape)


@pytest.fixture
def image_study(study_of):
    def make(source: str = "memory", tasks: dict[str, Any] | None = None, **image: Any):
        return study_of(source, data={"image": image}, **(tasks or KINDS))

    return make


EXPECTED = COLOUR.transpose(0, 3, 1, 2).astype(np.float32) / 255


class TestForms:
    @pytest.mark.parametrize(
        ("array", "expected"),
        [
            (COLOUR, EXPECTED),
            (COLOUR.transpose(0, 3, 1, 2), EXPECTED),
            (GREY, EXPECTED[:, :1]),
            (GREY[..., None], EXPECTED[:, :1]),
            (GREY.astype(float), EXPECTED[:, :1] * 255),
        ],
    )
    def test_arrays_of_any_layout(self, tmp_path, image_study, array, expected):
        np.savez(tmp_path / "images.npz", pictures=array, **LABELS)
        dataset = load_dataset(image_study(str(tmp_path / "images.npz"), column="pictures"))
        assert dataset.input_shape == expected.shape[1:]
        np.testing.assert_allclose(pixels(dataset), expected, rtol=1e-6)

    def test_encoded_bytes_in_parquet(self, tmp_path, image_study):
        frame = pd.DataFrame({"png": [encoded(image) for image in COLOUR], **LABELS})
        frame.to_parquet(tmp_path / "images.parquet")
        dataset = load_dataset(image_study(str(tmp_path / "images.parquet"), column="png"))
        np.testing.assert_allclose(pixels(dataset), EXPECTED, rtol=1e-6)

    def test_file_names_beside_a_table(self, tmp_path, image_study):
        _write(tmp_path, [f"{i}.png" for i in range(N)])
        frame = pd.DataFrame({"file": [f"{i}.png" for i in range(N)], **LABELS})
        frame.to_csv(tmp_path / "labels.csv", index=False)
        dataset = load_dataset(image_study(str(tmp_path / "labels.csv"), column="file"))
        np.testing.assert_allclose(pixels(dataset), EXPECTED, rtol=1e-6)

    def test_a_folder_for_each_class(self, tmp_path, image_study):
        _write(tmp_path, [f"{'cat' if i < 10 else 'dog'}/{i:02}.png" for i in range(N)])
        (tmp_path / "cat" / "notes.txt").write_text("no image")
        dataset = load_dataset(image_study(str(tmp_path), {"class": "binary"}))
        assert dataset.targets["class"].classes == ("cat", "dog")
        assert dataset.targets["class"].values.sum() == N - 10
        np.testing.assert_allclose(pixels(dataset), EXPECTED, rtol=1e-6)

    def test_columns_of_pixels(self, study_of):
        """The digits that come with scikit-learn are such a table; blank corners are pixels too."""
        study = study_of("sklearn:digits", data={"image": {"size": [8, 8]}}, digit="multiclass", odd="binary")
        dataset = load_dataset(study)
        assert dataset.input_shape == (1, 8, 8)
        assert (pixels(dataset)[:, 0, 0, 0] == 0).all()
        assert pixels(dataset)[0, 0, 0, 2] == 5.0

    def test_size_and_mode_are_brought_about(self, image_study):
        mixed = [encoded(image[: 5 + i % 2]) for i, image in enumerate(COLOUR)]
        study = image_study(column="png", size=[4, 3], mode="L")
        assert dataset_from_table({"png": mixed, **LABELS}, study).input_shape == (1, 4, 3)
        study = image_study(column="a", size=[4, 3], mode="RGB")
        assert dataset_from_table({"a": GREY, **LABELS}, study).input_shape == (3, 4, 3)


def test_channels_are_standardised_on_training_rows(image_study):
    """Validation and test images must not reach the scaling; places of a channel keep their contrast."""
    study = image_study(column="a")
    dataset = dataset_from_table({"a": COLOUR, **LABELS}, study)
    split = draw_split(dataset, study.data.split, study_seed=0, seed=0)
    prepared = prepare(dataset, split)
    seen = prepared.features.reshape(N, 3, -1)
    np.testing.assert_allclose(seen[split.train].mean(axis=(0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(seen[split.train].std(axis=(0, 2)), 1, rtol=1e-5)
    back = prepared.features * prepared.feature_scale + prepared.feature_offset
    np.testing.assert_allclose(back, dataset.features, atol=1e-5)


def test_the_fingerprint_tells_shapes_apart(image_study):
    """The same pixels in another shape are other data to a convolution."""
    tall = dataset_from_table({"a": GREY, **LABELS}, image_study(column="a"))
    wide = dataset_from_table({"a": GREY.reshape(N, 5, 6), **LABELS}, image_study(column="a"))
    assert tall.fingerprint != wide.fingerprint


BAD: dict[str, tuple[object, dict[str, Any], list[str]]] = {
    "unreadable": ([b"no image", *[encoded(i) for i in COLOUR[1:]]], {}, ["row 1", "cannot be read"]),
    "cut off": (
        [*[encoded(i) for i in COLOUR[1:]], encoded(COLOUR[0])[:60]],
        {},
        ["row 24", "cannot be read"],
    ),
    "missing": ([encoded(COLOUR[0]), None, *[encoded(i) for i in COLOUR[2:]]], {}, ["row 2", "is missing"]),
    "mixed sizes": (
        [encoded(COLOUR[0][:4]), *[encoded(i) for i in COLOUR[1:]]],
        {},
        ["4 × 5", "row 1", "6 × 5", "row 2", "data.image.size"],
    ),
    "no file": ([f"{i}.png" for i in range(N)], {}, ["row 1", "there is no file", "0.png"]),
    "numbers": (np.arange(N), {}, ["row 1", "is a int64"]),
    "odd channels": (np.zeros((N, 5, 6, 7)), {}, ["row 1", "(5, 6, 7)", "1, 3 or 4 channels"]),
    "not finite": (np.full((N, 5, 6), np.nan), {}, ["no finite numbers", "row 1"]),
    "no such column": (GREY, {"column": "picture"}, ["data.image.column 'picture'", "'pictures'"]),
    "also a target": (GREY, {"column": "y"}, ["data.image.column 'y'", "target"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_images_are_refused_with_their_place(image_study, case):
    images, settings, words = BAD[case]
    study = image_study(**{"column": "pictures", **settings})
    with pytest.raises(InputError) as caught:
        dataset_from_table({"pictures": images, **LABELS}, study)
    for word in words:
        assert word in str(caught.value)


def test_pixels_must_fill_the_size(study_of):
    def study(**image: Any):
        return study_of("sklearn:digits", data={"image": image}, digit="multiclass", odd="binary")

    with pytest.raises(InputError, match=r"\[8, 9\] has 72 pixels.*64 feature columns"):
        load_dataset(study(size=[8, 9]))
    with pytest.raises(InputError, match=r"give data\.image\.size"):
        load_dataset(study())


def test_a_folder_without_images_is_refused(tmp_path, image_study):
    (tmp_path / "cat").mkdir()
    with pytest.raises(InputError, match="has no folders with images"):
        load_dataset(image_study(str(tmp_path)))


def _write(folder: Path, names: list[str]) -> None:
    for name, image in zip(names, COLOUR, strict=True):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / name)
