"""The same bits on any number of threads: pieces and sums depend on the work alone."""
import os
import subprocess
import sys

import pytest

PROGRAM = """
import zlib
import numpy as np
from numpyzf import kernels, models, training
from numpyzf.deconvnet import project
from numpyzf.exchange.model import load_model
from numpyzf.geometry import Window
from numpyzf.look.many import project_many

def crc(*arrays):
    return [zlib.crc32(np.ascontiguousarray(a)) for a in arrays]

rng = np.random.default_rng(0)
net = models.labnet(input_shape=(3, 32, 32)).initialize(rng)
x, labels = rng.standard_normal((64, 3, 32, 32)).astype(np.float32), rng.integers(0, 10, 64)
trace = net.forward(x)
print("scores", crc(trace.scores))
gradients = net.backward(trace, trace.scores, wrt_input=True)
print("gradients", crc(*gradients.values()))
units = np.argwhere(trace["conv4"] > 0)[::97]
print("projections", crc(project(net, trace, "conv5", (0, 3, 2, 2)),
                         project_many(net, trace, "conv4", units).boxes))
state = training.State(net, rng, 0.01)
for epoch in range(2):
    for start in range(0, 64, 32):
        part = slice(start, start + 32)
        training.train_step(state, x[part], labels[part], 0.01, training.Recipe())
print("training", crc(*net.parameters.values()))

# what other nets use: large and few images, branches, strided and grouped filters
x = rng.standard_normal((2, 3, 227, 227)).astype(np.float32)
squeezenet = load_model().net
print("squeezenet", crc(squeezenet.forward(x).scores))
x = rng.standard_normal((3, 40, 61, 57)).astype(np.float32)
w = rng.standard_normal((96, 40, 5, 5)).astype(np.float32)
for method in "unfold", "winograd":
    own = kernels.METHODS[method]
    y = own.conv_forward(x, w, w[:, 0, 0, 0], Window(5, 2, 1))
    print(method, crc(y, *own.conv_backward(y, x, w, Window(5, 2, 1), True)))
print("product", crc(kernels.product(x.reshape(120, -1), x.reshape(120, -1).T)))
"""


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="too slow without Numba")
def test_the_same_bits_on_1_2_3_and_8_threads():
    """Scores, gradients, projections and weights after some steps; every kind of convolution."""
    found = {}
    for threads in "1", "2", "3", "8":
        # BLAS has as many: where it shared a product by itself, its bits would follow
        environment = os.environ | {"NUMBA_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        found[threads] = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, text=True,
                                        capture_output=True, check=True).stdout.splitlines()
    for name in "2", "3", "8":
        assert found[name] == found["1"]
    assert len(found["1"]) == 8
