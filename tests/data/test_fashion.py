import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from numpyzf.data import fashion, load

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def files(monkeypatch):
    """Small stand-ins of the four files, name -> bytes, whose digests the loader expects."""
    rng, made, digests = np.random.default_rng(0), {}, {}
    for split, names in fashion.FILES.items():
        n = {"train": 6, "test": 4}[split]
        pixels = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = np.arange(n, dtype=np.uint8)
        digests[split] = {}
        for name, array in zip(names, (pixels, labels)):
            lengths = struct.pack(f">{array.ndim}I", *array.shape)
            made[name] = bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()
            digests[split][name] = hashlib.sha256(made[name]).hexdigest()
    monkeypatch.setattr(fashion, "FILES", digests)
    return made


@pytest.fixture
def no_download(monkeypatch):
    def fetch(url, path, **_):
        raise AssertionError(f"downloads {url}")
    monkeypatch.setattr(fashion, "fetch", fetch)


def put(folder, files, compress=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(data) if compress else data)


@pytest.mark.parametrize("compress", [True, False])
def test_reads_a_folder(tmp_path, files, no_download, compress):
    put(tmp_path / "mine", files, compress)
    for split, n in (("train", 6), ("test", 4)):
        data = load("fashion-mnist", split, folder=tmp_path / "mine")
        assert data.images.shape == (n, 1, 28, 28) and data.images.dtype == np.uint8
        assert data.images.flags.c_contiguous
        assert data.labels.dtype == np.int64 and data.labels.tolist() == list(range(n))
        assert data.classes[0] == "T-shirt/top" and len(data.classes) == 10
        name = next(iter(fashion.FILES[split]))
        pixels = np.frombuffer(files[name], np.uint8, offset=16)
        np.testing.assert_array_equal(data.images.ravel(), pixels)


def test_where_it_looks(tmp_path, files, no_download, cache, monkeypatch):
    put(cache / "fashion-mnist", files)
    assert fashion.find("train") == cache / "fashion-mnist"
    load("fashion-mnist")
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "package")
    put(tmp_path / "package", {name: data for name, data in files.items() if "images" in name})
    assert fashion.find("train") == cache / "fashion-mnist"         # half a package does not count
    put(tmp_path / "package", files)
    assert fashion.find("train") == tmp_path / "package"
    assert fashion.find("test") == tmp_path / "package"


def test_a_folder_given_is_the_only_one_looked_into(tmp_path, files, no_download, cache, refuses):
    put(cache / "fashion-mnist", files)
    (tmp_path / "mine").mkdir()
    with refuses(FileNotFoundError, tmp_path / "mine", "train-images-idx3-ubyte.gz", fashion.URL):
        load("fashion-mnist", folder=tmp_path / "mine")


def test_downloads_what_is_missing(files, cache, monkeypatch):
    fetched = {}

    def fetch(url, path, *, digest):
        fetched[url] = digest
        path.write_bytes(gzip.compress(files[path.name.removesuffix(".gz")]))

    monkeypatch.setattr(fashion, "fetch", fetch)
    assert fashion.find("train") is None
    put(cache / "fashion-mnist", {"train-labels-idx1-ubyte": files["train-labels-idx1-ubyte"]})
    assert load("fashion-mnist").labels.tolist() == list(range(6))
    images = f"{fashion.URL}train-images-idx3-ubyte.gz"
    assert fetched == {images: "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"}
    load("fashion-mnist")
    assert len(fetched) == 1


def test_another_file_of_that_name(tmp_path, files, no_download, refuses):
    name = "t10k-images-idx3-ubyte"
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])
    put(tmp_path / "mnist", files)
    with refuses(ValueError, tmp_path / "mnist" / f"{name}.gz", "SHA-256"):
        load("fashion-mnist", "test", folder=tmp_path / "mnist")


@pytest.mark.skipif(not DEBIAN.is_dir(),
                    reason="the Debian package dataset-fashion-mnist is not installed")
def test_the_real_files_have_the_digests():
    train, test = (load("fashion-mnist", split, folder=DEBIAN) for split in ("train", "test"))
    assert train.images.shape == (60_000, 1, 28, 28) and test.images.shape == (10_000, 1, 28, 28)
    assert np.bincount(train.labels).tolist() == [6000] * 10
    assert np.bincount(test.labels).tolist() == [1000] * 10
    assert train.labels[0] == 9 and train.classes[9] == "Ankle boot"
