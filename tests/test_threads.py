"""Shares of work on several threads."""
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

from numpyzf import threads

pytestmark = pytest.mark.small


@pytest.fixture(params=[1, 2, 3])
def count(request, monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: request.param)
    return request.param


@pytest.mark.parametrize("items", [0, 1, 2, 7, 100])
def test_each_item_is_in_one_share_and_results_come_in_order(items, count):
    shares = threads.in_threads(lambda first, last: (first, last), items)
    assert [n for first, last in shares for n in range(first, last)] == list(range(items))
    assert len(shares) == max(1, min(items, count))
    sizes = [last - first for first, last in shares]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("items, least, shares", [(9, 5, 1), (10, 5, 2), (11, 5, 2), (100, 5, 3), (0, 5, 1), (4, 1, 3)])
def test_shares_are_not_made_too_small(items, least, shares, monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: 3)
    parts = threads.in_threads(lambda first, last: last - first, items, least)
    assert len(parts) == shares and sum(parts) == items


@pytest.mark.parametrize("size, parts", [(10, 1), (11, 1), (12, 2), (31, 3)])
def test_arrays_are_passed_over_in_equal_parts(size, parts, monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: 3)
    monkeypatch.setattr(threads, "FEW_NUMBERS", 6)
    a, b, seen = np.arange(size), np.zeros((1, size)), []

    def copy(source, target):
        seen.append(len(source))
        target[:] = source
    threads.in_parts(copy, a, b)
    np.testing.assert_array_equal(b[0], a)
    assert len(seen) == parts and max(seen) - min(seen) <= 1


def test_shares_run_on_threads_of_their_own(monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: 2)
    both = threading.Barrier(2, timeout=20)             # passes only if the two shares run at the same time
    names = threads.in_threads(lambda first, last: both.wait() is not None and threading.current_thread().name, 2)
    assert names[0] == threading.current_thread().name != names[1]


def test_threads_are_kept_for_the_next_call(monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: 2)
    first, again = (threads.in_threads(lambda first, last: threading.current_thread(), 2) for _ in range(2))
    assert first == again


def test_shares_that_are_split_again_do_not_wait_for_each_other():
    """In a process of its own, which can be ended if they do."""
    program = """if True:
        from numpyzf.threads import in_threads
        print(in_threads(lambda first, last: [first, sum(in_threads(lambda start, end: end - start, 3))], 2))"""
    done = subprocess.run([sys.executable, "-c", program], env=dict(os.environ, NUMBA_NUM_THREADS="2"), timeout=60,
                          capture_output=True, text=True, check=True)
    assert done.stdout == "[[0, 3], [1, 3]]\n"


def test_an_error_in_any_share_is_raised_after_the_others_have_ended(monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: 2)
    ended = []

    def work(first, last):
        if first == failing:
            raise ValueError("no")
        ended.append(first)
    for failing in (0, 1):
        with pytest.raises(ValueError, match="no"):
            threads.in_threads(work, 2)
    assert sorted(ended) == [0, 1]


def test_what_numpy_is_told_to_ignore_is_ignored_on_all_threads(monkeypatch):
    monkeypatch.setattr(threads, "get_num_threads", lambda: 2)
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("error")
        threads.in_threads(lambda first, last: np.float32(1e38) * np.full(2, 1e38, np.float32), 2)
