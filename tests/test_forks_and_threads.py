"""One net in several threads and processes at once: the numbers of one thread, and never a hang."""
import multiprocessing
import os
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from numpyzf import models, training
from numpyzf.deconvnet import project

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1",
                                reason="too slow without Numba")
TOO_LONG = 300      # seconds: a hang


def numbers(seed):
    """Checksums of a pass, a projection and two training steps: on all threads that there are."""
    rng = np.random.default_rng(seed)
    net = models.labnet(input_shape=(1, 20, 20)).initialize(rng)
    x = rng.standard_normal((6, 1, 20, 20), np.float32)
    trace, state = net.forward(x), training.State(net, rng, 0.01)
    found = [trace.scores.copy(), project(net, trace, "conv5", (0, 1, 1, 1))]
    for _ in range(2):
        training.train_step(state, x, np.arange(6), 0.01, training.Recipe())
    return [zlib.crc32(np.ascontiguousarray(value)) for value in [*found, *net.parameters.values()]]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_that_are_made_after_a_pass(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    expected = [numbers(seed) for seed in range(3)]     # the threads of this process are at work
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(numbers, range(3), chunksize=1).get(TOO_LONG) == expected


def test_eight_threads_on_one_net(rng):
    """Passes, training passes, gradients and projections, at the same time."""
    net = models.labnet(input_shape=(1, 20, 20)).initialize(rng)
    inputs = [rng.standard_normal((n, 1, 20, 20), np.float32) for n in (1, 2, 5, 8)]

    def work(turn):
        x = inputs[turn % 4]
        trace = net.forward(x, train=turn % 8 > 3, rng=np.random.default_rng(turn % 8))
        grads = net.backward(trace, trace.scores, wrt_input=True)
        pixels = project(net, trace, "conv4", (0, turn % 4, 1, 1))
        return [trace.scores, pixels, *(grads[name] for name in sorted(grads))]

    expected = [work(turn) for turn in range(8)]
    with ThreadPoolExecutor(8) as pool:
        rounds = [pool.submit(work, turn) for turn in range(48)]
        for turn, future in enumerate(rounds):
            for found, right in zip(future.result(TOO_LONG), expected[turn % 8], strict=True):
                np.testing.assert_array_equal(found, right)
