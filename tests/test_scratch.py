"""Memory that is kept, and batches cut into blocks."""
import threading

import numpy as np
import pytest

from numpyzf.scratch import blocks, scratch

pytestmark = pytest.mark.small


def test_an_array_is_reused_until_a_larger_one_is_needed():
    first = scratch("test", (3, 5), np.float64)
    assert first.shape == (3, 5) and first.dtype == np.float64
    for shape, dtype in ((5, 3), np.float64), ((7, 4), np.float32), ((0, 2), np.float32):
        again = scratch("test", shape, dtype)
        assert again.shape == shape and again.dtype == dtype and (np.shares_memory(again, first) or not again.size)
    larger = scratch("test", (31,), np.float32)                 # by one element of 4 bytes
    assert larger.shape == (31,) and not np.shares_memory(larger, first)


def test_names_and_threads_have_arrays_of_their_own():
    arrays = [scratch("test", (4,), np.float32), scratch("test 2", (4,), np.float32)]
    other = threading.Thread(target=lambda: arrays.append(scratch("test", (4,), np.float32)))
    other.start()
    other.join()
    assert len(arrays) == 3 and not any(np.shares_memory(arrays[i], arrays[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("count, size, limit, lengths", [
    (7, 10, 70, [7]), (7, 10, 69, [4, 3]), (7, 10, 30, [3, 3, 1]), (8, 10, 39, [3, 3, 2]), (9, 10, 40, [3, 3, 3]),
    (3, 10, 1, [1, 1, 1]), (0, 10, 30, [])])
def test_blocks_are_few_and_even_and_within_the_limit(count, size, limit, lengths):
    parts = blocks(count, size, limit)
    assert [part.stop - part.start for part in parts] == lengths
    assert [n for part in parts for n in range(part.start, part.stop)] == list(range(count))
