import gzip
import sys

import numpy as np
import pandas as pd
import pytest

from taskgroup.data import load_dataset

N = 12
FRAME = pd.DataFrame(
    {
        "size": np.linspace(0, 1, N),
        "wet": [True, False] * (N // 2),
        "colour": ["red", "green", "blue"] * (N // 3),
        "y": ["no", "yes"] * (N // 2),
        "z": [None, *np.arange(N - 1.0)],
    }
)


@pytest.fixture
def expected(study_of):
    from taskgroup.data import dataset_from_table

    return dataset_from_table(FRAME, study_of(y="binary", z="regression"))


def _write_csv(path):
    FRAME.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", _write_csv),
        ("t.csv.gz", _write_csv),
        ("t.tsv", _write_csv),
        ("T.CSV", _write_csv),
        ("t.parquet", lambda path: FRAME.to_parquet(path)),
    ],
)
def test_the_same_table_in_every_format(tmp_path, study_of, expected, name, write):
    """Converting a file must not change a result, nor the key that stored runs are found by."""
    write(tmp_path / name)
    dataset = load_dataset(study_of(str(tmp_path / name), y="binary", z="regression"))
    assert dataset.fingerprint == expected.fingerprint
    assert dataset.feature_names == ("size", "wet", "colour=blue", "colour=green", "colour=red")
    assert dataset.targets["y"].classes == ("no", "yes")
    assert dataset.targets["z"].labelled.tolist() == [False] + [True] * (N - 1)
    assert dataset.warnings == ("text features were one-hot encoded: 'colour'",)


def test_npz_expands_matrices(tmp_path, study_of):
    rng = np.random.default_rng(0)
    X, y, Z = rng.normal(size=(20, 3)), np.arange(20) % 3, rng.normal(size=(20, 2))
    np.savez(tmp_path / "t.npz", X=X, y=y, Z=Z)
    dataset = load_dataset(study_of(str(tmp_path / "t.npz"), y="multiclass", Z_1="regression"))
    assert dataset.feature_names == ("X_0", "X_1", "X_2", "Z_0")
    np.testing.assert_array_equal(dataset.features, np.column_stack([X, Z[:, 0]]).astype(np.float32))


def test_a_saved_index_is_no_feature(tmp_path, study_of):
    """`DataFrame.to_csv` writes row numbers under an empty name; often they order the labels."""
    FRAME.to_csv(tmp_path / "t.csv")
    dataset = load_dataset(study_of(str(tmp_path / "t.csv"), y="binary", z="regression"))
    assert dataset.feature_names[0] == "size"
    assert dataset.warnings[0] == "column 1 of 't.csv' has no name and was left out"


def test_nullable_and_categorical_columns(study_of):
    """pandas' own dtypes carry missing labels as NA, which must end up masked rather than as a class."""
    from taskgroup.data import dataset_from_table

    frame = pd.DataFrame(
        {
            "x": pd.array(range(10), dtype="Int16"),
            "kind": pd.Categorical(["a", "b"] * 5),
            "flag": pd.array([True, False, None, True, False] * 2, dtype="boolean"),
            "count": pd.array([0, None] + [5, 7] * 4, dtype="Int8"),
        }
    )
    dataset = dataset_from_table(frame, study_of(flag="binary", count="multiclass"))
    assert dataset.feature_names == ("x", "kind=a", "kind=b")
    flag, count = dataset.targets["flag"], dataset.targets["count"]
    assert flag.classes == (False, True)
    assert count.classes == (0, 5, 7)
    np.testing.assert_array_equal(flag.values, [1, 0, np.nan, 1, 0] * 2)
    np.testing.assert_array_equal(count.values, [0, np.nan] + [1, 2] * 4)


def test_multilabel_targets(study_of):
    from taskgroup.data import dataset_from_table

    table = {
        "x": np.arange(10.0),
        "a": [0, 1] * 5,
        "b": [None, True, False, True, False] * 2,
        "c": np.arange(10),
    }
    study = study_of(tags={"target": ["a", "b"], "kind": "multilabel"}, c="regression")
    target = dataset_from_table(table, study).targets["tags"]
    assert (target.n_outputs, target.classes) == (2, ("a", "b"))
    np.testing.assert_array_equal(target.values[:3], [[0, np.nan], [1, 1], [0, 0]])
    assert target.labelled.tolist() == [False, True, True, True, True] * 2


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module into the working directory; forget it afterwards."""
    monkeypatch.chdir(tmp_path)
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


def test_a_function_in_the_working_directory(module, study_of):
    module(
        "user_rows_ok",
        "import numpy as np\n"
        "def rows():\n    return {'X': np.eye(10), 'y': [0, 1] * 5, 'z': np.arange(10.)}\n",
    )
    before = list(sys.path)
    dataset = load_dataset(study_of("python:user_rows_ok:rows", y="binary", z="regression"))
    assert dataset.features.shape == (10, 10)
    assert sys.path == before


@pytest.mark.parametrize(
    ("source", "text", "words"),
    [
        ("user_a", "", ["python:user_a", "incomplete", "python:module:function"]),
        ("user_gone:rows", None, ["'user_gone'", "user_gone.py"]),
        ("user_b:rows", "import no_such_library", ["No module named 'no_such_library'", "install it"]),
        ("user_c:rows", "def row(): pass", ["no function 'rows'", "did you mean 'row'?"]),
        ("user_d:rows", "def rows():\n    return 1 / 0", ["ZeroDivisionError", "user_d.py, line 2"]),
        ("user_e:rows", "def rows(): return [1, 2]", ["list", "DataFrame or a dict of columns"]),
        ("user_f:rows", "def rows(:", ["SyntaxError", "user_f"]),
    ],
)
def test_errors_in_user_code_name_the_cause(module, study_of, source, text, words):
    from taskgroup.errors import InputError

    if text is not None:
        module(source.partition(":")[0], text)
    with pytest.raises(InputError) as caught:
        load_dataset(study_of(f"python:{source}", y="binary", z="regression"))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, ["gone.csv' does not exist", "did you mean 'gene.csv'?"]),
        ("sklern:digits", None, ["sklern:digits", "sklearn:NAME"]),
        ("nowhere/t.csv", None, ["nor does its folder"]),
        ("t.xlsx", b"PK", ["'.xlsx'", ".csv", ".parquet"]),
        ("t.parquet", b"not parquet", ["t.parquet' cannot be read"]),
        ("t.npz", b"not an archive", ["t.npz' cannot be read"]),
        ("t.csv.gz", b"not gzip", ["t.csv.gz' cannot be read"]),
        ("empty.csv", b"", ["empty.csv' cannot be read"]),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), ["empty.csv.gz' cannot be read"]),
        ("latin.csv", b"x,y\n\xe9,1\n", ["latin.csv' cannot be read", "utf-8"]),
        ("header.csv", b"x,y,z\n", ["header.csv has no rows"]),
        ("ragged.csv", b"x,y,z\n1,2,3\n1,2,3,4\n", ["ragged.csv' cannot be read"]),
        ("long.csv", b"x,y,z\n1,2,3,4\n1,2,3,4\n", ["long.csv' cannot be read"]),
        ("twice.csv", b"x,y,x\n1,2,3\n", ["more than one column is named 'x'", "rename"]),
    ],
)
def test_unreadable_files_are_refused_by_name(tmp_path, study_of, name, content, words):
    from taskgroup.errors import InputError

    (tmp_path / "gene.csv").touch()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_dataset(study_of(str(tmp_path / name), y="binary", z="regression"))
    for word in words:
        assert word in str(caught.value)


def test_folder_and_unknown_set_are_refused(tmp_path, study_of):
    from taskgroup.errors import InputError

    with pytest.raises(InputError, match="is a folder"):
        load_dataset(study_of(str(tmp_path), y="binary", z="regression"))
    with pytest.raises(InputError, match=r"'sklearn:digit'.*did you mean 'digits'"):
        load_dataset(study_of("sklearn:digit", y="binary", z="regression"))


def test_importing_the_package_is_light():
    """`taskgroup --help` answers at once only while pandas, scikit-learn and torch stay unimported."""
    import subprocess

    code = (
        "import sys, taskgroup.data; print([m for m in ('pandas', 'sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
