"""Fashion-MNIST, whole: where its four files are, and what is in them.

Source: Xiao, Rasul & Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking
machine learning algorithms".
"""
from pathlib import Path

import numpy as np

from .download import cache_folder, fetch
from .idx import read_idx

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
           "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")      # of the package dataset-fashion-mnist

# SHA-256 of the uncompressed bytes: every mirror, Debian's too, compresses the files anew.
FILES = {
    "train": {
        "train-images-idx3-ubyte":
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte":
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    "test": {
        "t10k-images-idx3-ubyte":
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte":
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
}

# MD5 of the .gz files at URL, as the authors publish it: checked after a download.
DOWNLOADS = {"train-images-idx3-ubyte": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
             "train-labels-idx1-ubyte": "md5:25c81989df183df01b3e8a0aad5dffbe",
             "t10k-images-idx3-ubyte": "md5:bef4ecab320f06d8554ea6380940ec79",
             "t10k-labels-idx1-ubyte": "md5:bb300cfdad3c16e7a12a480ee83cd310"}

MOST = 60_000 * 28 * 28         # numbers in the largest of them


def read(split, folder=None):
    """Read one split.

    split: "train" or "test".
    folder: where its two files are, .gz or uncompressed. None: the Debian package's folder, or the
    cache folder; what is in neither is downloaded.
    Returns images uint8 (N, 1, 28, 28), labels int64 (N,), classes.
    Raises FileNotFoundError, ValueError for a damaged or a different file, OSError for a failed
    download.
    """
    folder = Path(folder) if folder is not None else find(split) or _download(split)
    arrays = []
    for name, sha256 in FILES[split].items():
        path = _path(folder, name)
        if path is None:
            raise FileNotFoundError(f"{folder}: holds neither {name} nor {name}.gz; "
                                    f"put one there, from {URL}{name}.gz")
        arrays.append(read_idx(path, sha256=sha256, most=MOST))
    images, labels = arrays
    return images[:, None], labels.astype(np.int64), CLASSES


def find(split):
    """The folder that holds both files of a split: the Debian package's, the cache's, or None."""
    if _has(DEBIAN, split):
        return DEBIAN
    return _cache() if _has(_cache(), split) else None


def _has(folder, split):
    return all(_path(folder, name) for name in FILES[split])


def _path(folder, name):
    """The file in a folder, uncompressed or .gz, or None."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def _cache():
    return cache_folder() / "fashion-mnist"


def _download(split):
    """Fetch what the cache lacks of a split. Returns the cache's folder."""
    for name in FILES[split]:
        if _path(_cache(), name) is None:
            fetch(f"{URL}{name}.gz", _cache() / f"{name}.gz", digest=DOWNLOADS[name])
    return _cache()
