import gzip
import hashlib
import struct
import tracemalloc

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


@pytest.mark.parametrize("start", [GOOD, idx_bytes(ARRAY[:0])], ids=["longer", "of-no-images"])
def test_a_bomb_is_unpacked_no_further_than_its_header_says(tmp_path, refuses, start):
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(start + bytes(50_000_000)))
    tracemalloc.start()
    with refuses(ValueError, tmp_path / "bomb.gz", "bytes trail after its end"):
        read_idx(tmp_path / "bomb.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_a_header_may_not_declare_more_than_is_expected(tmp_path, refuses):
    np.testing.assert_array_equal(read_idx(write(tmp_path, GOOD), most=60), ARRAY)
    with refuses(ValueError, tmp_path / "file", "(5, 4, 3)", "more than the 59 numbers"):
        read_idx(tmp_path / "file", most=59)
    huge = struct.pack(">4B3I", 0, 0, 8, 3, 2 ** 31, 2 ** 31, 2 ** 31)
    with refuses(ValueError, tmp_path / "file", "truncated"):
        read_idx(write(tmp_path, huge))


def test_every_flipped_bit_is_told(tmp_path):
    good = gzip.compress(GOOD)
    for bit in range(80, 8 * len(good)):        # gzip's own header has no checksum
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << bit % 8
        try:        # a few bits fill the last byte of what is compressed, and mean nothing
            np.testing.assert_array_equal(read_idx(write(tmp_path, damaged)), ARRAY)
        except ValueError as error:
            assert str(error).startswith(str(tmp_path / "file"))


def write(folder, content):
    (folder / "file").write_bytes(content)
    return folder / "file"


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        read_idx(tmp_path / "gone")
