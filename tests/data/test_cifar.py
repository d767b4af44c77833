import gzip
import io
import tarfile
import tracemalloc

import numpy as np
import pytest

from numpyzf.data import cifar, load

N = 12
TRAIN, TEST = [f"data_batch_{i}.bin" for i in (1, 2, 3, 4, 5)], ["test_batch.bin"]


@pytest.fixture
def files(monkeypatch):
    """Stand-ins of the six .bin files, of N records each, name -> bytes."""
    monkeypatch.setattr(cifar, "RECORDS", N)
    rng = np.random.default_rng(0)
    records = rng.integers(0, 256, (6, N, 3073), dtype=np.uint8)
    records[:, :, 0] = rng.integers(0, 10, (6, N))
    return {name: part.tobytes() for name, part in zip(TRAIN + TEST, records)}


@pytest.fixture
def no_download(monkeypatch):
    def fetch(url, path, **_):
        raise AssertionError(f"downloads {url}")
    monkeypatch.setattr(cifar, "fetch", fetch)


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def pack(path, files, prefix="cifar-10-batches-bin/"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name in sorted(files, reverse=True):        # not in the order of the names
            member = tarfile.TarInfo(prefix + name)
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))


def expect(data, files, names):
    assert data.images.shape == (N * len(names), 3, 32, 32) and data.images.dtype == np.uint8
    assert data.images.flags.c_contiguous and data.labels.dtype == np.int64
    for i, name in enumerate(names):
        for j in range(N):
            record = files[name][j * 3073:(j + 1) * 3073]
            assert data.labels[i * N + j] == record[0]
            blue = 1 + 2 * 1024 + 5 * 32 + 7            # row 5, column 7
            assert data.images[i * N + j, 2, 5, 7] == record[blue]
            assert data.images[i * N + j].tobytes() == record[1:]


@pytest.mark.parametrize("place", ["", "cifar-10-batches-bin"])
def test_reads_the_extracted_files(tmp_path, files, no_download, place):
    put(tmp_path / "mine" / place, files)
    expect(load("cifar10", folder=tmp_path / "mine"), files, TRAIN)
    expect(load("cifar10", "test", folder=tmp_path / "mine"), files, TEST)


def test_reads_the_archive(tmp_path, files, no_download):
    pack(tmp_path / "mine" / cifar.ARCHIVE, files | {"batches.meta.txt": b"airplane\n"})
    expect(load("cifar10", folder=tmp_path / "mine"), files, TRAIN)
    expect(load("cifar10", "test", folder=tmp_path / "mine"), files, TEST)
    assert load("cifar10", "test", folder=tmp_path / "mine").classes[6] == "frog"


def test_members_with_hostile_paths_are_only_read(tmp_path, files, no_download):
    pack(tmp_path / "mine" / "deep" / cifar.ARCHIVE, files, prefix="../../")
    load("cifar10", folder=tmp_path / "mine" / "deep")
    assert sorted(p.name for p in tmp_path.rglob("*")) == [cifar.ARCHIVE, "deep", "mine"]


def test_links_in_the_archive_are_not_followed(tmp_path, files, no_download, refuses):
    with tarfile.open(tmp_path / cifar.ARCHIVE, "w:gz") as tar:
        member = tarfile.TarInfo("test_batch.bin")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(member)
    with refuses(ValueError, cifar.ARCHIVE, "lacks test_batch.bin"):
        load("cifar10", "test", folder=tmp_path)


def test_cache_then_download(files, cache, monkeypatch):
    fetched = []

    def fetch(url, path, *, digest):
        fetched.append((url, digest))
        pack(path, files)
        return path

    monkeypatch.setattr(cifar, "fetch", fetch)
    assert cifar.find("train") is None
    expect(load("cifar10"), files, TRAIN)
    assert fetched == [(cifar.URL, "md5:c32a1d4ab5d03f1284b67883e8d87530")]
    assert cifar.find("train") == cache / "cifar10" / cifar.ARCHIVE
    expect(load("cifar10", "test"), files, TEST)
    assert len(fetched) == 1


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "data_batch_1"])
def test_the_pickled_version_is_not_read(tmp_path, no_download, refuses, name):
    (tmp_path / name).write_bytes(b"never opened")
    with refuses(FileNotFoundError, tmp_path, name, "pickled", "binary version", cifar.URL):
        load("cifar10", folder=tmp_path)


def test_an_empty_folder(tmp_path, no_download, refuses):
    with refuses(FileNotFoundError, tmp_path, cifar.ARCHIVE, cifar.URL):
        load("cifar10", folder=tmp_path)


def test_one_file_missing(tmp_path, files, no_download, refuses):
    del files["data_batch_3.bin"]
    put(tmp_path / "bins", files)
    with refuses(FileNotFoundError, tmp_path / "bins", "nor all of its .bin files"):
        load("cifar10", folder=tmp_path / "bins")
    pack(tmp_path / "tar" / cifar.ARCHIVE, files)
    with refuses(ValueError, cifar.ARCHIVE, "lacks data_batch_3.bin"):
        load("cifar10", folder=tmp_path / "tar")


@pytest.mark.parametrize("change, words", [
    (lambda data: data[:-1], "36,875 bytes"), (lambda data: data + b"\0", "more than 36,876 bytes"),
    (lambda data: b"\x0a" + data[1:], "a label 10"), (lambda data: b"", "has 0 bytes"),
], ids=["short", "long", "label", "empty"])
def test_a_damaged_file_is_named(tmp_path, files, no_download, refuses, change, words):
    files["data_batch_2.bin"] = change(files["data_batch_2.bin"])
    put(tmp_path / "bins", files)
    with refuses(ValueError, tmp_path / "bins", "data_batch_2.bin", words):
        load("cifar10", folder=tmp_path / "bins")
    pack(tmp_path / "tar" / cifar.ARCHIVE, files)
    with refuses(ValueError, cifar.ARCHIVE, "data_batch_2.bin", words):
        load("cifar10", folder=tmp_path / "tar")


def test_a_damaged_archive_is_named(tmp_path, files, no_download, refuses):
    path = tmp_path / cifar.ARCHIVE
    pack(path, files)
    good = path.read_bytes()
    damaged = good[:5000] + bytes(3000) + good[8000:]
    for data in (b"", b"not an archive", good[:1000], good[:len(good) // 2], damaged):
        path.write_bytes(data)
        with refuses(ValueError, path, "get it again"):
            load("cifar10", folder=tmp_path)


def test_an_archive_damaged_anywhere_is_named(tmp_path, files, no_download, refuses):
    path = tmp_path / cifar.ARCHIVE
    # Four values compress: damage then reaches the decompressor, not just the check at its end.
    pack(path, {name: bytes(byte % 4 for byte in data) for name, data in files.items()})
    good = path.read_bytes()
    for i in range(40, len(good) * 4 // 5, 997):
        path.write_bytes(good[:i] + b"\xff" * 50 + good[i + 50:])
        with refuses(ValueError, path, "get it again"):
            load("cifar10", folder=tmp_path)
    half = gzip.decompress(good)[:80_000]
    path.write_bytes(gzip.compress(half) + b"and then no gzip")
    with refuses(ValueError, path, "damaged archive"):
        load("cifar10", folder=tmp_path)


def test_every_flipped_bit_is_told(tmp_path, files, no_download):
    """The archive is read to its end, where gzip's checksum is, even for the file that is first."""
    path = tmp_path / cifar.ARCHIVE
    pack(path, files)
    good, rng, silent = path.read_bytes(), np.random.default_rng(17), []
    start = 10 + good[10:].index(b"\0") + 1             # gzip's own header has no checksum
    bits = [*range(8 * start, 8 * start + 100), *range(8 * len(good) - 64, 8 * len(good)),
            *rng.integers(8 * start, 8 * len(good), 300).tolist()]
    for bit in bits:
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            load("cifar10", "test", folder=tmp_path)
            silent.append(bit)
        except ValueError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
    assert silent == []


def zeros(path, *members):
    """An archive of members (type, name, size), all zeros inside."""
    with tarfile.open(path, "w:gz") as tar:
        for kind, name, size in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, size
            # TarFile.addfile would make a sound header of a long name
            tar.fileobj.write(member.tobuf(tarfile.USTAR_FORMAT) + bytes(size))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE,
                                  tarfile.XGLTYPE])
def test_a_bomb_is_not_unpacked(tmp_path, files, no_download, refuses, monkeypatch, kind):
    monkeypatch.setattr(cifar._Bounded, "most", 1_000_000)
    zeros(tmp_path / cifar.ARCHIVE, (kind, "a", 4_000_256))
    tracemalloc.start()
    with refuses(ValueError, cifar.ARCHIVE, "damaged archive (it holds more than 1,000,000 bytes"):
        load("cifar10", "test", folder=tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_what_follows_the_files_is_bounded_too(tmp_path, files, no_download, refuses, monkeypatch):
    monkeypatch.setattr(cifar._Bounded, "most", 1_000_000)
    path = tmp_path / cifar.ARCHIVE
    pack(path, files)
    path.write_bytes(path.read_bytes() + gzip.compress(bytes(2_000_000)))
    with refuses(ValueError, path, "more than 1,000,000 bytes"):
        load("cifar10", "test", folder=tmp_path)
