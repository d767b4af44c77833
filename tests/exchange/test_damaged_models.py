"""Damaged model files: each is refused by one line that names it, or read as others read it.

A file has no checksums. So a damaged one may be a model still, one of other numbers; numpyzf must
then compute what ONNX's reference evaluator computes. 450 files by default; 4,650 more are for
`pytest -m long`.
"""
import tracemalloc

import numpy as np
import onnx
import pytest
from building import encoded, model, node, random, tensor
from evaluating import mended
from onnx.reference import ReferenceEvaluator

from numpyzf.exchange import read, wire
from numpyzf.exchange.read import read_onnx

SIZE = (3, 16, 16)
MOST = 4                    # times the file: what reading it may take
OBJECTS = 400_000           # bytes, whatever the file: Python's objects of some hundred fields


def branched():
    """One of each kind of layer, as exporters write them today."""
    nodes = [node("Conv", "x w1 b1", "c1", pads=[1, 1, 1, 1], strides=[2, 2], name="first"),
             node("Relu", "c1", "r1"), node("LRN", "r1", "n1", size=3),
             node("MaxPool", "n1", "p1", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
             node("Conv", "p1 w2", "e1", pads=[1, 1, 1, 1]), node("Conv", "p1 w3", "e2", group=2),
             node("Concat", "e1 e2", "k", axis=1),
             node("BatchNormalization", "k s t m v", "bn", epsilon=1e-3),
             node("Clip", "bn low high", "cl"), node("Sigmoid", "cl", "sg"),
             node("Add", "cl sg", "a"), node("Flatten", "a", "f"),
             node("Gemm", "f w4 b4", "g", transB=1), node("Softmax", "g", "y", axis=1)]
    return model(nodes, {
        "w1": random(8, 3, 3, 3), "b1": random(8), "w2": random(6, 8, 3, 3),
        "w3": random(4, 4, 1, 1), "s": random(10), "t": random(10), "m": random(10),
        "v": np.abs(random(10)) + 1, "low": np.float32(0), "high": np.float32(6),
        "w4": random(300, 160) / 9, "b4": random(300)}, shape=("N", *SIZE))


def old():
    """As it was done in 2018: opset 9, initializers as inputs, shapes computed, lists of floats."""
    half = random(4, 3, 3, 3).astype(np.float16)
    bits = b"".join(map(wire.varint, half.view("<u2").ravel()))
    w, b = random(300, 400) / 9, random(300)
    nodes = [node("Cast", "h", "w1", to=1), node("Conv", "x w1", "c", dilations=[2, 2]),
             node("LeakyRelu", "c", "r", alpha=0.1), node("Dropout", "r", "d", ratio=0.5),
             node("AveragePool", "d", "p", kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1]),
             node("Pad", "p", "q", pads=[0, 0, 1, 0, 0, 0, 0, 1]),
             node("AveragePool", "q", "o", kernel_shape=[4, 4]), node("Shape", "o", "s"),
             node("Constant", "", "zero", value=tensor("", np.array(0))),
             node("Gather", "s zero", "n"), node("Unsqueeze", "n", "n1", axes=[0]),
             node("Constant", "", "rest", value=tensor("", np.array([-1]))),
             node("Concat", "n1 rest", "v", axis=0), node("Reshape", "o v", "f"),
             node("Transpose", "w2", "w2t", perm=[1, 0]), node("MatMul", "f w2t", "g"),
             node("Add", "g b2", "z"), node("Mul", "z k", "y")]
    return model(nodes, {
        "h": {"name": "h", "dims": [4, 3, 3, 3], "data_type": 10, "int32_data": bits},
        "w2": {"name": "w2", "dims": [300, 400], "data_type": 1, "float_data": w.tobytes()},
        "b2": b, "k": np.float32(2)},
        shape=(1, *SIZE), opset=9, ir=3, also_inputs=("h", "w2", "b2"))


def outside():
    """Weights in a file beside it, which isn't damaged; and weights that no file holds."""
    def there(name, value, offset):
        pairs = (("location", "net.data"), ("offset", offset), ("length", value.nbytes))
        return {"name": name, "dims": [*value.shape], "data_type": 1, "data_location": 1,
                "external_data": [{"key": key, "value": str(text)} for key, text in pairs]}

    nodes = [node("Conv", "x w", "c", auto_pad="NOTSET"), node("Relu", "c", "r"),
             node("GlobalAveragePool", "r", "p"), node("Flatten", "p", "f"),
             node("Constant", "", "shape", value=tensor("", np.array([40, 64]))),
             node("ConstantOfShape", "shape", "w2", value=tensor("", np.float32([0.5]))),
             node("Gemm", "f w2 b", "y", transB=1)]
    return model(nodes, {"w": there("w", WEIGHTS, 0), "b": there("b", BIAS, WEIGHTS.nbytes)},
                 shape=("N", *SIZE), opset=18, ir=10)


WEIGHTS, BIAS = random(64, 3, 5, 5), random(40)
FILES = {"branched": encoded(branched()), "old": encoded(old()), "outside": encoded(outside())}


def damaged(data, seed):
    """The bytes with one to three damages; most of them near the head, where the structure is."""
    rng, data = np.random.default_rng(seed), bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(len(data) * rng.random() ** rng.choice([1, 4, 8]))
        kind, some = rng.integers(10), int(rng.integers(1, 9))
        if kind < 4:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind < 6:
            data[at] = rng.integers(256)
        elif kind < 7:
            data = data[:at + 1]
        elif kind < 8:
            data[at:at] = rng.bytes(some)
        elif kind < 9:
            del data[at:at + some]
        else:                       # a piece comes again elsewhere
            data[at:at] = data[at // 2:at // 2 + some]
        data = data or bytearray(1)
    return bytes(data)


def scores(net, x):
    with np.errstate(all="ignore"):
        return net.forward(x).scores


def evaluated(data, x, folder):
    """What the reference evaluator makes of a file."""
    model = onnx.load_model_from_string(data)
    onnx.load_external_data_for_model(model, str(folder))
    given = {tensor.name for tensor in model.graph.initializer}
    name = next(value.name for value in model.graph.input if value.name not in given)
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model, new_ops=mended(model)).run(None, {name: x})[0]


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "SMALL", 0)       # for what a file declares and doesn't hold, too
    (tmp_path / "net.data").write_bytes(WEIGHTS.tobytes() + BIAS.tobytes())
    return tmp_path / "net.onnx"


@pytest.mark.parametrize("name, start, stop", [
    *((name, 0, 150) for name in FILES),
    *(pytest.param(name, 150, 1700, marks=pytest.mark.long) for name in FILES)])
def test_damaged_files(path, monkeypatch, name, start, stop):
    if name == "outside":           # the file is small, and its weights are outside
        monkeypatch.setattr(read, "SMALL", 4 * (WEIGHTS.nbytes + 40 * 64 * 4))
    kept, refused = 0, set()
    for seed in range(start, stop):
        data = damaged(FILES[name], seed)
        path.write_bytes(data)
        try:
            net = read_onnx(path)
        except ValueError as error:
            text = str(error)
            assert text.startswith(f"{path}: ") and text.isprintable(), (seed, text)
            refused.add(text[len(str(path)):][:60])
            continue
        kept += 1
        x = random(2, *net.input_shape, seed=seed)
        got, expected = scores(net, x), evaluated(data, x, path.parent)
        assert got.shape == expected.shape, seed
        atol = 1e-4 * np.abs(expected).max(initial=0, where=np.isfinite(expected))
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=atol, err_msg=str(seed))
    # it is about damage of all kinds: some files stay models, the others are refused variously
    assert kept > (stop - start) / 100 and len(refused) > 12


@pytest.mark.parametrize("name", ["branched", "old"])
def test_damaged_files_take_little_memory(path, name):
    """Four times the file, and Python's objects."""
    for seed in range(5000, 5100):
        data = damaged(FILES[name], seed)
        path.write_bytes(data)
        tracemalloc.start()
        try:
            read_onnx(path)
        except ValueError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < MOST * len(data) + OBJECTS, (seed, peak)


def test_whole_files_are_read(path, monkeypatch):
    """Else the tests above test nothing."""
    for name, data in FILES.items():
        path.write_bytes(data)
        if name == "outside":
            monkeypatch.setattr(read, "SMALL", 1 << 20)
        x = random(2, *SIZE)
        np.testing.assert_allclose(scores(read_onnx(path), x), evaluated(data, x, path.parent),
                                   rtol=1e-4, atol=1e-5)


def test_every_cut_is_refused(path):
    """A file that ends anywhere but at its end says so, before a weight is looked at."""
    data = FILES["outside"]
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match="net.onnx: "):
            read_onnx(path)
