"""experiments/face_samples.py: a record of a variant is of the variant that the script trains."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def face_samples(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "experiments"))
    yield __import__("face_samples")
    sys.modules.pop("face_samples")


def test_the_records_are_of_the_recipes_that_the_script_has(face_samples):
    recipes = face_samples.VARIANTS | {name: face_samples.RECIPES[name] for name in face_samples.MODELS}
    records = [json.loads(path.read_text()) for path in (ROOT / "results/face_samples").glob("*_seed*.json")]
    assert {record["model"] for record in records} == set(recipes)
    for record in records:
        assert record["recipe"] == recipes[record["model"]].settings(), record["model"]
