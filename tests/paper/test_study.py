"""What items share: nets trained once under equal arguments, and a folder of one study."""
import json
import os

import numpy as np
import pytest

from numpyzf.data import Dataset
from numpyzf.paper.claims import NotTestable
from numpyzf.paper.study import Study, check_classes, first_of_each, flips, images_of, untrained


def quick_study(out, **options):
    """A quick Study that reports to nobody."""
    return Study(out, quick=True, **({"report": lambda text: None} | options))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return quick_study(tmp_path_factory.mktemp("study"))


def checkpoint(study, name):
    return study.out / "nets" / name / "checkpoint.npz"


# ---- images ---------------------------------------------------------------------------------

def test_a_quick_study_has_few_images_of_every_class(study):
    for split, count in ((study.train, 300), (study.test, 100)):
        assert np.bincount(split.labels, minlength=10).tolist() == [count // 10] * 10
        assert len(split.images) == count
    assert len(study.train_scenes.images) == 300 and len(study.train_scenes.masks) == 300
    assert len(study.test_scenes.images) == 100
    assert set(study.test_scenes.labels) == set(range(10))


@pytest.mark.small
def test_only_what_is_in_color_is_mirrored():
    assert flips(np.zeros((2, 3, 4, 4), np.uint8)) and not flips(np.zeros((2, 1, 4, 4), np.uint8))


def test_the_images_of_a_kind(study):
    assert images_of(study, "images") == (study.train, study.test)
    for found, drawn in zip(images_of(study, "scenes"), (study.train_scenes, study.test_scenes)):
        assert type(found) is Dataset and found.images is drawn.images
        assert found.labels is drawn.labels and found.classes == drawn.classes


def many_classes(split, **_):
    """200 classes, three images of each."""
    return Dataset(np.zeros((600, 1, 28, 28), np.uint8), np.arange(600) % 200,
                   tuple(f"class {c}" for c in range(200)))


def test_a_quick_study_of_many_classes_has_two_images_of_each(tmp_path, monkeypatch):
    """One could not be held out of two."""
    monkeypatch.setattr("numpyzf.data.load", lambda data, split, **_: many_classes(split))
    study = quick_study(tmp_path)
    assert np.bincount(study.train.labels).tolist() == [2] * 200


@pytest.mark.small
def test_classes_with_too_few_images_are_named():
    def dataset(*counts):
        labels = np.repeat(np.arange(len(counts)), counts)
        names = ("cat", "\x1b[31mdog", "owl")[:len(counts)]
        return Dataset(np.zeros((len(labels), 1, 4, 4), np.uint8), labels, names)
    check_classes(dataset(3, 3), 3, "to look")
    few = r"to look takes 3 or more images of each class; there are fewer of cat, \?\[31mdog$"
    with pytest.raises(NotTestable, match=few):
        check_classes(dataset(2, 0, 3), 3, "to look")
    with pytest.raises(NotTestable, match="to look takes two classes at least; here is cat only"):
        check_classes(dataset(9), 3, "to look")


@pytest.mark.small
def test_the_first_images_of_each_class():
    labels = np.array([1, 0, 0, 1, 1, 0, 1])
    assert first_of_each(labels, 2).tolist() == [0, 1, 2, 3]
    assert first_of_each(labels, 1, start=2).tolist() == [4, 5]
    assert first_of_each(labels, 4).tolist() == list(range(7))


# ---- nets -----------------------------------------------------------------------------------

def test_equal_arguments_are_one_net_and_others_are_not(study, monkeypatch):
    lines = []
    monkeypatch.setattr(study, "report", lines.append)
    first = study.run_of("images", 0, epochs=1)
    assert study.run_of("images", 0, epochs=1) is first
    others = [study.run_of("images", 1, epochs=1),
              study.run_of("images", 0, epochs=1, variant={"middle": (8,), "hidden": ()}),
              study.run_of("images", 0, epochs=1, recipe={"radius": 5.0}),
              study.run_of("images", 0, epochs=1, initialization="paper"),
              study.run_of("images", 0, epochs=1, scale=1.0)]
    names = ["images-epochs-1-seed-0", "images-epochs-1-seed-1",
             "images-epochs-1-middle-8-hidden-none-seed-0", "images-epochs-1-radius-5.0-seed-0",
             "images-epochs-1-init-paper-seed-0", "images-epochs-1-scale-1.0-seed-0"]
    assert lines == [f"  net {name}" for name in names]
    assert sorted(os.listdir(study.out / "nets")) == sorted(names)
    assert others[1].net.shapes["conv5"] == (8, 7, 7) and "conv3" not in others[1].net.layers
    assert others[2].settings["radius"] == 5.0 and first.settings["radius"] != 5.0
    assert others[3].settings["initialization"] == "paper"
    assert others[4].prepare.scale == 1.0 and first.prepare.scale != 1.0
    assert not np.array_equal(first.net.parameters["conv1.w"],
                              others[0].net.parameters["conv1.w"])


def test_a_later_study_in_the_folder_reads_the_nets(study):
    first = study.run_of("images", 3, epochs=1)
    path = checkpoint(study, "images-epochs-1-seed-3")
    before = path.stat().st_mtime_ns
    again = quick_study(study.out).run_of("images", 3, epochs=1)
    assert again is not first
    for name, value in first.net.parameters.items():
        np.testing.assert_array_equal(again.net.parameters[name], value)
    assert path.stat().st_mtime_ns == before


def test_scenes_are_trained_in_color_and_mirrored(study):
    run = study.run_of("scenes", 0, epochs=1)
    assert run.net.input_shape == (3, 64, 64) and run.prepare.flip
    assert not study.run_of("images", 0, epochs=1).prepare.flip


def test_a_quick_net_has_two_epochs_at_most(study):
    assert len(study.run_of("images", 0, epochs=7).history) == 2
    assert len(study.run_of("images", 0, epochs=1).history) == 1


# ---- the folder -----------------------------------------------------------------------------

def test_a_folder_belongs_to_one_study(study):
    with pytest.raises(ValueError, match="holds a reproduction with other settings.*'quick': True."
                                         "*choose another folder"):
        Study(study.out)
    with pytest.raises(ValueError, match="'size': 40"):
        quick_study(study.out, size=40)
    quick_study(study.out)


@pytest.mark.parametrize("wrong, message", [
    ({"data": "typo"}, "no data set 'typo'"), ({"data": "no/photos"}, "no/photos: no such folder"),
    ({"size": 40}, "leave size out"), ({"folder": "."}, "leave folder out"),
    ({"data": "cifar10", "folder": "nowhere"}, "nowhere: no such folder")],
    ids=["name", "path", "size", "folder", "files"])
def test_images_that_cannot_be_read_leave_no_study_behind(tmp_path, wrong, message):
    """Else the right ones would be refused in this folder: it would hold other settings."""
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        quick_study(tmp_path / "paper", **wrong)
    assert not (tmp_path / "paper").exists()
    quick_study(tmp_path / "paper")


def test_images_too_small_for_the_nets_leave_no_study_behind(tmp_path, monkeypatch):
    small = Dataset(np.zeros((20, 1, 28, 27), np.uint8), np.arange(20) % 2, ("a", "b"))
    monkeypatch.setattr("numpyzf.data.load", lambda data, split, **_: small)
    with pytest.raises(ValueError, match="28 pixels a side or more, not 27"):
        quick_study(tmp_path / "paper")
    assert not (tmp_path / "paper").exists()


@pytest.mark.parametrize("place", ["out", "out/deeper/still", "out/paper"])
def test_a_folder_that_can_not_be_written_to_is_told_before_images_are_read(
        tmp_path, monkeypatch, place):
    (tmp_path / "out").write_text("a file")
    monkeypatch.setattr(Study, "_load", None)
    with pytest.raises(OSError, match=f"{place}.* can't be written to, as .*out is no folder"):
        quick_study(tmp_path / place)


@pytest.mark.parametrize("name", ["items", "nets", "locks"])
def test_a_file_in_the_place_of_a_folder_is_told(tmp_path, name):
    (tmp_path / name).write_text("a file")
    with pytest.raises(OSError, match=f"{name} can't be written to, as .*{name} is no folder"):
        quick_study(tmp_path)


def test_of_two_studies_that_begin_at_once_one_is_refused(tmp_path, monkeypatch):
    """The other one begins while this one reads its images."""
    load = Study._load

    def begin_another_and_load(study, split, count):
        monkeypatch.undo()
        Study(tmp_path)
        return load(study, split, count)
    monkeypatch.setattr(Study, "_load", begin_another_and_load)
    with pytest.raises(ValueError, match="holds a reproduction with other settings"):
        quick_study(tmp_path)
    assert json.loads((tmp_path / "study.json").read_text())["quick"] is False


def test_a_damaged_study_is_told(tmp_path):
    quick_study(tmp_path)
    assert json.loads((tmp_path / "study.json").read_text())["quick"] is True
    for damage in (b"{", b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "study.json").write_bytes(damage)
        with pytest.raises(ValueError, match="study.json is damaged"):
            quick_study(tmp_path)


def test_lines_are_printed_as_they_are(tmp_path, capsys):
    study = Study(tmp_path, quick=True)
    study.report("an item")
    study.step("what it does")
    assert capsys.readouterr().out == "an item\n  what it does\n"


def test_a_run_before_its_training_has_other_weights_and_the_rest_is_the_same(study):
    run = study.run_of("images", 0, epochs=1)
    w, fresh = run.net.parameters["conv2.w"].copy(), untrained(run, 0)
    assert np.abs(fresh.net.parameters["conv2.w"] - w).max() > 0.01
    np.testing.assert_array_equal(run.net.parameters["conv2.w"], w)
    assert fresh.prepare == run.prepare and fresh.classes == run.classes and not fresh.history
