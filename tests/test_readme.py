"""Everything that the README tells a new user to type works, in the order in which it is told."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from taskgroup.spec import parse_study

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line[2:].split("#")[0].strip()
    for kind, block in BLOCKS
    if kind == "console"
    for line in block.splitlines()
    if line.startswith("$ taskgroup")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A working folder as after `make demo`, with the tables that the README speaks of."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "studies", folder / "studies")
    shutil.copytree(ROOT / "reports" / "tables", folder / "reports" / "tables")
    study, *others = (block for kind, block in BLOCKS if kind == "yaml")
    (trainer,) = (block for block in others if "trainer:" in block)
    (folder / "my_study.yaml").write_text(study, encoding="utf-8")
    (folder / "my_trainer.yaml").write_text(trainer, encoding="utf-8")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 6))
    table = pd.DataFrame(x, columns=[f"x{i}" for i in range(6)])
    table["is_toxic"] = (x[:, 0] + rng.normal(size=240) > 0).astype(int)
    table["grade"] = np.digitize(x[:, 1], [-0.5, 0.5])
    table["log_dose"] = x[:, 0] - x[:, 2] + rng.normal(size=240)
    table.loc[::7, "log_dose"] = np.nan
    table.to_csv(folder / "my_table.csv", index=False)
    (folder / "results.csv").write_text(
        "subset,val_loss_a,test_loss_a,val_loss_b,test_loss_b\na,0.5,0.5,,\nb,,,0.4,0.4\na+b,0.4,0.5,0.5,0.5\n"
    )
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "TASKGROUP_STORAGE"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_every_command_and_snippet(folder):
    """A first-time user who follows the README must never see an error."""
    assert len(COMMANDS) >= 6
    program = str(Path(sys.executable).parent / "taskgroup")
    for command in COMMANDS:
        done = run(folder, program, *shlex.split(command)[1:])
        assert done.returncode == 0, f"{command}\n{done.stderr[-2000:]}"
        assert done.stdout.strip(), f"{command} says nothing"
    (snippet,) = (block for kind, block in BLOCKS if kind == "python")
    done = run(folder, sys.executable, "-W", "error", "-c", snippet)
    assert done.returncode == 0, done.stderr[-2000:]
    for file in ("reports/digits/index.html", "reports/digits/affinity.png", "groups.json"):
        assert (folder / file).stat().st_size > 100, f"{file} was not made"


def test_a_trainer_as_shown_is_a_sound_study(folder):
    """What is copied from the page must not be refused."""
    (folder / "train.py").touch()
    done = run(folder, str(Path(sys.executable).parent / "taskgroup"), "check", "my_trainer.yaml")
    assert done.returncode == 0, done.stderr


def test_shown_output_is_the_real_one(folder):
    """The result printed in the README is what the shipped study gives, not a wish."""
    (shown,) = (block for kind, block in BLOCKS if kind == "text")
    program = str(Path(sys.executable).parent / "taskgroup")
    printed = run(folder, program, "search", "studies/digits.yaml").stdout
    assert re.sub(r"[-+]?\d[\d.]*", "#", shown.splitlines()[0]) == re.sub(
        r"[-+]?\d[\d.]*", "#", printed.splitlines()[0]
    )


def test_sections_of_study_files_are_valid():
    """A section that is copied into a study file must be understood."""
    _, *sections = (yaml.safe_load(block) for kind, block in BLOCKS if kind == "yaml")
    assert sections
    for section in sections:
        parse_study({"name": "mine", **section})
