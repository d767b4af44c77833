import numpy as np
import pytest

from numpyzf.data import Dataset, available, cifar, embedded, fashion, load


def test_a_split_must_be_train_or_test(refuses):
    for split in ("validation", "", None, 1):
        with refuses(ValueError, "split must be", repr(split)):
            load("fashion-mnist-small", split)


def test_an_unknown_name_lists_the_known_ones(refuses):
    with refuses(ValueError, "'cifar-10'", "fashion-mnist-small, fashion-mnist, cifar10",
                 "path of a folder"):
        load("cifar-10")


@pytest.mark.parametrize("data", [None, 3, np.zeros(3)])
def test_a_name_of_the_wrong_type(refuses, data):
    with refuses(TypeError, "data must be", type(data).__name__):
        load(data)


@pytest.mark.parametrize("name", ["fashion-mnist-small", "fashion-mnist", "cifar10"])
def test_size_is_for_folders_of_images(refuses, name):
    with refuses(ValueError, "size", name):
        load(name, size=32)


def test_folder_is_for_data_sets_in_files(tmp_path, refuses):
    with refuses(ValueError, "fashion-mnist-small", "leave folder out"):
        load("fashion-mnist-small", folder=tmp_path)
    with refuses(ValueError, tmp_path, "leave folder out"):
        load(tmp_path, folder=tmp_path)
    for name in ("fashion-mnist", "cifar10"):
        with refuses(FileNotFoundError, tmp_path / "gone", name):
            load(name, folder=tmp_path / "gone")


def test_a_dataset_unpacks():
    images, labels, classes = load("fashion-mnist-small", "test")
    assert isinstance(load("fashion-mnist-small", "test"), Dataset)
    assert len(images) == len(labels) == 2000 and len(classes) == 10


def test_available(cache, monkeypatch):
    def fetch(*_, **__):
        raise AssertionError("downloads")
    monkeypatch.setattr(fashion, "fetch", fetch)
    monkeypatch.setattr(cifar, "fetch", fetch)
    rows = {name: (what, where) for name, what, where in available()}
    assert list(rows) == ["fashion-mnist-small", "fashion-mnist", "cifar10", "scenes"]
    assert rows["scenes"][1] == "rendered when loaded"
    assert all(what for what, _ in rows.values())
    assert rows["fashion-mnist-small"][1] == str(embedded.Path(embedded.__file__).parent)
    assert rows["fashion-mnist"][1] is None and rows["cifar10"][1] is None
    (cache / "cifar10").mkdir(parents=True)
    (cache / "cifar10" / cifar.ARCHIVE).write_bytes(b"")
    (cache / "fashion-mnist").mkdir()
    for name in fashion.FILES["train"]:
        (cache / "fashion-mnist" / name).write_bytes(b"")
    rows = {name: where for name, _, where in available()}
    assert rows["cifar10"] == str(cache / "cifar10" / cifar.ARCHIVE)
    assert rows["fashion-mnist"] is None
    for name in fashion.FILES["test"]:
        (cache / "fashion-mnist" / f"{name}.gz").write_bytes(b"")
    assert available()[1][2] == str(cache / "fashion-mnist")
