import gzip
import hashlib
import struct

import numpy as np
import pytest

from numpyzf.data.idx import read_idx


def idx_bytes(array):
    lengths = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


ARRAY = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
GOOD = idx_bytes(ARRAY)


@pytest.mark.parametrize("array", [ARRAY, ARRAY[:, 0, 0].copy(), ARRAY[:0]])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_reads_what_was_written(tmp_path, array, compress):
    (tmp_path / "file").write_bytes(compress(idx_bytes(array)))
    out = read_idx(tmp_path / "file")
    assert out.dtype == np.uint8 and out.flags.writeable
    np.testing.assert_array_equal(out, array)


@pytest.mark.parametrize("data, words", [
    (b"", "begins with nothing"),
    (b"\0\0", "not an IDX file"),
    (b"\x89PNG" + GOOD[4:], "begins with 89 50 4e 47"),
    (b"\0\0\x08\0", "not an IDX file"),
    (b"\0\0\x0d\x03" + GOOD[4:], "type 0x0d"),
    (GOOD[:10], "truncated in its header"),
    (GOOD[:-1], "truncated: 59 bytes"),
    (GOOD[:16], "truncated: 0 bytes"),
    (GOOD + b"\0", "bytes trail after its end: 61"),
    (bytes([0, 0, 8, 3]) + b"\xff" * 12, "truncated"),
], ids=["empty", "short", "png", "no-axes", "float", "header", "one-short", "no-data", "trailing",
        "absurd-shape"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_bad_file_is_named(tmp_path, refuses, data, words, compress):
    (tmp_path / "bad-idx").write_bytes(compress(data))
    with refuses(ValueError, tmp_path / "bad-idx", words):
        read_idx(tmp_path / "bad-idx")


def test_a_damaged_gzip_file_is_named(tmp_path, refuses):
    packed = gzip.compress(GOOD)
    wrong_check = packed[:-8] + bytes(b ^ 255 for b in packed[-8:-4]) + packed[-4:]
    for data in (packed[:6], packed[:20], packed[:-1], wrong_check, packed[:10] + b"\xff" * 20,
                 packed + b"more"):
        (tmp_path / "bad.gz").write_bytes(data)
        with refuses(ValueError, tmp_path / "bad.gz", "damaged gzip"):
            read_idx(tmp_path / "bad.gz")


def test_the_digest_is_of_the_uncompressed_bytes(tmp_path, refuses):
    digest = hashlib.sha256(GOOD).hexdigest()
    fast, small = (lambda data: gzip.compress(data, 1)), (lambda data: gzip.compress(data, 9))
    for compress in (bytes, fast, small):
        (tmp_path / "file").write_bytes(compress(GOOD))
        np.testing.assert_array_equal(read_idx(tmp_path / "file", sha256=digest), ARRAY)
    (tmp_path / "file").write_bytes(GOOD[:-1] + b"\x01")
    with refuses(ValueError, tmp_path / "file", "SHA-256", "delete it"):
        read_idx(tmp_path / "file", sha256=digest)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        read_idx(tmp_path / "gone")
