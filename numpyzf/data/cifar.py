"""CIFAR-10 from its binary files: records of one label byte and 3·32·32 pixel bytes.

The pickled version is not read: to unpickle a file is to run it.
Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"; the data set's
page describes the format.
"""
import gzip
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np

from .download import cache_folder, fetch

CLASSES = ("airplane", "automobile", "bird", "cat", "deer",
           "dog", "frog", "horse", "ship", "truck")
ARCHIVE, EXTRACTED = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
DIGEST = "md5:c32a1d4ab5d03f1284b67883e8d87530"
FILES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
PICKLED = ("cifar-10-python.tar.gz", "cifar-10-batches-py", "data_batch_1", "test_batch")
RECORDS = 10_000                        # in each file
RECORD_NBYTES = 1 + 3 * 32 * 32


def read(split, folder=None):
    """Read one split.

    split: "train" or "test".
    folder: where the archive cifar-10-binary.tar.gz or its .bin files are. None: the cache folder;
    if nothing is there, the archive is downloaded.
    Returns images uint8 (N, 3, 32, 32), labels int64 (N,), classes.
    Raises FileNotFoundError, ValueError for damaged files, OSError for a failed download.
    """
    if folder is None:
        source = find(split) or fetch(URL, _cache() / ARCHIVE, digest=DIGEST)
    else:
        source = _locate(Path(folder), split)
        if source is None:
            raise FileNotFoundError(_absent(Path(folder)))
    names = FILES[split]
    images = np.empty((len(names), RECORDS, 3, 32, 32), np.uint8)
    labels = np.empty((len(names), RECORDS), np.int64)
    contents = _from_folder(source, names) if source.is_dir() else _from_archive(source, names)
    for name, content in contents:
        records, i = _records(content, f"{source}: {name}"), names.index(name)
        labels[i] = records[:, 0]
        images[i] = records[:, 1:].reshape(-1, 3, 32, 32)       # red, green, blue planes
    return images.reshape(-1, 3, 32, 32), labels.reshape(-1), CLASSES


def find(split):
    """Where the cache holds a split: the folder of .bin files, or the archive, or None."""
    return _locate(_cache(), split)


def _cache():
    return cache_folder() / "cifar10"


def _locate(folder, split):
    for place in (folder, folder / EXTRACTED):
        if all((place / name).is_file() for name in FILES[split]):
            return place
    return folder / ARCHIVE if (folder / ARCHIVE).is_file() else None


def _absent(folder):
    """What to say of a folder in which a split is not found."""
    pickled = [name for name in PICKLED if (folder / name).exists()]
    if pickled:
        return (f"{folder}: holds only {pickled[0]}, of CIFAR-10's Python version, which is "
                f"pickled and therefore not read; get the binary version, {URL}")
    return (f"{folder}: holds neither {ARCHIVE} nor all of its .bin files; "
            f"put the archive there, from {URL}")


def _from_folder(folder, names):
    """Yield (name, bytes) of each file."""
    for name in names:
        yield name, (folder / name).read_bytes()


def _from_archive(archive, names):
    """Yield (name, bytes) of each file, in the archive's order.

    Members are read and never extracted, so no path in the archive can do harm. It is read to its
    end, where gzip compares its checksum.
    """
    missing = set(names)
    with open(archive, "rb") as file:
        try:
            unpacked = _Bounded(fileobj=file)
            with unpacked, tarfile.open(fileobj=unpacked, mode="r:") as tar:
                while missing and (member := tar.next()) is not None:
                    name = PurePosixPath(member.name).name
                    if name in missing and member.isfile():
                        missing.remove(name)
                        # One byte more than is right tells that a file is too long.
                        yield name, tar.extractfile(member).read(RECORDS * RECORD_NBYTES + 1)
                    unpacked.check(member.offset_data + member.size)
                while unpacked.read(1 << 20):
                    unpacked.check(unpacked.tell())
        except Exception as error:      # damaged archives make tarfile raise nearly any
            raise ValueError(f"{archive}: damaged archive ({error}); "
                             f"delete it and get it again from {URL}") from error
    if missing:
        raise ValueError(f"{archive}: lacks {', '.join(sorted(missing))}; "
                         f"delete it and get it again from {URL}")


class _Bounded(gzip.GzipFile):
    """A .gz file that doesn't unpack more bytes than CIFAR-10 has, and some for other files."""

    most = 2 * 6 * RECORDS * RECORD_NBYTES

    def read(self, size=-1):
        """The next bytes. tarfile asks for as many as a header says, at once."""
        self.check(self.tell() + size)
        return super().read(size)

    def check(self, end):
        """Raise ValueError if `end` is a place behind all that can be in the archive."""
        if end > self.most:
            raise ValueError(f"it holds more than {self.most:,} bytes")


def _records(content, source):
    """The records (RECORDS, RECORD_NBYTES) of one file's bytes; `source` names it in errors."""
    expected = RECORDS * RECORD_NBYTES
    if len(content) != expected:
        found = f"{len(content):,}" if len(content) < expected else f"more than {expected:,}"
        raise ValueError(f"{source} has {found} bytes, expected {expected:,}; "
                         f"get it again from {URL}")
    records = np.frombuffer(content, np.uint8).reshape(RECORDS, RECORD_NBYTES)
    if records[:, 0].max() >= len(CLASSES):
        raise ValueError(f"{source} has a label {records[:, 0].max()}, expected "
                         f"0 … {len(CLASSES) - 1}: not a CIFAR-10 file, or damaged; "
                         f"get it again from {URL}")
    return records
