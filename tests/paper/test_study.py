"""What items share: nets trained once under equal arguments, read back later; verdicts and spreads; a folder of one study."""
import json
import os

import numpy as np
import pytest

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, spread, verdict
from numpyzf.paper.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("study"), quick=True, report=lambda text: None)


def test_a_quick_study_has_few_images_of_every_class(study):
    for split, count in ((study.train, 300), (study.test, 100)):
        assert np.bincount(split.labels, minlength=10).tolist() == [count // 10] * 10 and len(split.images) == count
    assert len(study.train_scenes.images) == 300 and len(study.train_scenes.masks) == 300
    assert set(study.test_scenes.labels) == set(range(10))


def test_equal_arguments_are_one_net_and_others_are_not(study):
    lines = []
    study.report = lines.append
    first = study.run_of("images", 0, epochs=1)
    assert study.run_of("images", 0, epochs=1) is first
    others = [study.run_of("images", 1, epochs=1), study.run_of("images", 0, epochs=1, variant={"middle": (8,), "hidden": ()}),
              study.run_of("images", 0, epochs=1, recipe={"radius": 5.0}), study.run_of("images", 0, epochs=1, initialization="paper")]
    assert [line.split()[-1] for line in lines] == [
        "images-epochs-1-seed-0", "images-epochs-1-seed-1", "images-epochs-1-middle-8-hidden-none-seed-0", "images-epochs-1-radius-5.0-seed-0",
        "images-epochs-1-init-paper-seed-0"]
    assert sorted(os.listdir(study.out / "nets")) == sorted(line.split()[-1] for line in lines)
    assert others[1].net.shapes["conv5"] == (8, 7, 7) and "conv3" not in others[1].net.layers
    assert not np.array_equal(first.net.parameters["conv1.w"], others[0].net.parameters["conv1.w"])


def test_a_later_study_in_the_folder_reads_the_nets(study):
    first = study.run_of("images", 3, epochs=1)
    before = (study.out / "nets" / "images-epochs-1-seed-3" / "checkpoint.npz").stat().st_mtime_ns
    again = Study(study.out, quick=True, report=lambda text: None).net("images", 3, epochs=1)
    assert again is not first
    for name, value in first.net.parameters.items():
        np.testing.assert_array_equal(again.net.parameters[name], value)
    assert (study.out / "nets" / "images-epochs-1-seed-3" / "checkpoint.npz").stat().st_mtime_ns == before


def test_scenes_are_trained_in_color(study):
    run = study.run_of("scenes", 0, epochs=1)
    assert run.net.input_shape == (3, 64, 64) and run.prepare.flip and not study.run_of("images", 0, epochs=1).prepare.flip


def test_a_folder_belongs_to_one_study(study):
    with pytest.raises(ValueError, match="holds a reproduction with other settings.*'quick': True.*choose another folder"):
        Study(study.out)
    Study(study.out, quick=True)


def test_a_damaged_study_is_told(tmp_path):
    Study(tmp_path, quick=True)
    assert json.loads((tmp_path / "study.json").read_text())["quick"] is True
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(ValueError, match="study.json is damaged"):
        Study(tmp_path, quick=True)


def test_a_verdict_takes_every_seed():
    assert verdict([True, True]) == HOLDS and verdict(np.array([True, False])) == DOES_NOT_HOLD and verdict([False]) == DOES_NOT_HOLD
    with pytest.raises(ValueError, match="at least one seed"):
        verdict([])


def test_spread_is_the_deviation_of_a_sample():
    assert spread([1, 3], ".3f") == "2.000 ± 1.414 (2 seeds)"
