"""A pass through a whole net: what it computes, what it leaves behind, and what it leaves alone."""
import copy
import os
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from numpyzf import reference
from numpyzf.deconvnet import project
from numpyzf.look.many import project_many
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU, Rule
from numpyzf.network import Network

small = pytest.mark.small


def every_layer(size=(9, 8)):
    """A net of every kind of layer over 2 maps, in float64; its biases aren't zero."""
    def layers(features):
        return [("conv1", Conv(2, 3, 3, pad=1)), ("relu1", ReLU()),
                ("pool1", MaxPool(3, stride=2, ceil=True)),
                ("norm1", ContrastNorm(size=3, alpha=0.5)),
                ("conv2", Conv(3, 4, 2, stride=2)), ("relu2", ReLU()), ("flatten", Flatten()),
                ("fc3", Linear(features, 5)), ("relu3", ReLU()), ("drop3", Dropout()),
                ("fc4", Linear(5, 3))]
    features = Network(layers(1)[:7], (2, *size)).shapes["flatten"][0]
    net, rng = Network(layers(features), (2, *size)), np.random.default_rng(8)
    net.initialize(rng)
    for name, value in net.parameters.items():
        if name.endswith(".b"):
            value[...] = rng.standard_normal(value.shape)
    return net.astype(np.float64)


@pytest.fixture
def net():
    return every_layer()


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 2, 9, 8))


def equal(a, b):
    """Two dictionaries of arrays have the same names and bits."""
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], strict=True)


# ---- what a pass computes ----------------------------------------------------------------------

@small
def test_a_pass_is_its_layers_one_after_the_other(net, x):
    """Against the loops of reference.py; by hand where there is no more to do than to say it."""
    p, trace = net.parameters, net.forward(x)
    expected = {"conv1": reference.conv_forward(x, p["conv1.w"], p["conv1.b"], stride=1, pad=1)}
    expected["relu1"] = reference.relu_forward(expected["conv1"])
    expected["pool1"], _ = reference.max_pool_forward(expected["relu1"], size=3, stride=2,
                                                      ceil=True)
    expected["norm1"] = reference.contrast_norm_forward(expected["pool1"], size=3, alpha=0.5)
    expected["conv2"] = reference.conv_forward(expected["norm1"], p["conv2.w"], p["conv2.b"],
                                               stride=2, pad=0)
    expected["relu2"] = reference.relu_forward(expected["conv2"])
    expected["flatten"] = np.array([[value for rows in image for row in rows for value in row]
                                    for image in expected["relu2"]])
    expected["fc3"] = reference.linear_forward(expected["flatten"], p["fc3.w"], p["fc3.b"])
    # nothing is dropped at test time
    expected["relu3"] = expected["drop3"] = reference.relu_forward(expected["fc3"])
    expected["fc4"] = reference.linear_forward(expected["drop3"], p["fc4.w"], p["fc4.b"])
    assert list(expected) == list(net.layers)
    for name, y in expected.items():
        assert y.shape == (4, *net.shapes[name])
        np.testing.assert_allclose(trace[name], y, rtol=1e-12, atol=1e-13)


@small
@pytest.mark.parametrize("batch", [1, 3, 4, 100])
def test_scores_of_any_number_of_images(net, x, batch):
    """Not to the bit: BLAS may sum in another order for another batch."""
    scores = net.forward(x).scores
    np.testing.assert_allclose(net.predict(x, batch=batch), scores, rtol=1e-13, atol=1e-14)


@small
@pytest.mark.parametrize("layers", [["relu1"], ["pool1"], ["relu1", "pool1"], ["conv1", "fc4"],
                                    ["pool1", "relu1", "conv2"]])
def test_outputs_are_those_of_a_trace_whichever_are_asked_for(net, x, layers):
    """A ReLU and its pool are one where nobody asks for the ReLU's output."""
    trace = net.forward(x)
    found = net.outputs(x, layers)
    assert list(found) == layers
    for name in layers:
        np.testing.assert_array_equal(found[name], trace[name])


@small
def test_a_relu_that_nobody_asks_for_is_done_by_its_pool(net, x, monkeypatch):
    called = []
    forward = ReLU.forward
    monkeypatch.setattr(ReLU, "forward", lambda self, *arguments, **named: (
        called.append(self), forward(self, *arguments, **named))[1])
    for layers, times in ((["fc4"], 2), (["norm1"], 0), (["relu1", "norm1"], 1), (["relu1"], 1)):
        net.outputs(x, layers)
        assert len(called) == times
        called.clear()


@small
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_outputs_of_any_number_of_images(net, x, batch):
    """In the order that is asked for; up to the last layer that is needed, and no further."""
    trace, asked = net.forward(x), []

    class Slices:
        def __len__(self):
            return len(x)

        def __getitem__(self, rows):
            asked.append((rows.start, rows.stop))
            return x[rows]

    del net.layers["fc4"].params["w"]               # whoever went up to there would fail
    outputs = net.outputs(Slices(), ["relu2", "pool1"], batch=batch)
    assert list(outputs) == ["relu2", "pool1"]
    for name, y in outputs.items():
        np.testing.assert_allclose(y, trace[name], rtol=1e-13, atol=1e-14)
    assert asked == [(start, start + batch) for start in range(0, 4, batch)]


@small
def test_no_images_have_no_scores(net):
    assert net.predict(np.empty((0, 2, 9, 8))).shape == (0, 3)


@small
def test_float32_and_float64_agree(net, x):
    single = net.astype(np.float32).predict(x.astype(np.float32))
    np.testing.assert_allclose(single, net.predict(x), rtol=1e-5, atol=1e-5)


@small
@pytest.mark.parametrize("train", [False, True])
def test_one_image_needs_no_batch_axis(net, x, train):
    one, batch = (net.forward(images, train=train, rng=np.random.default_rng(3))
                  for images in (x[2], x[2:3]))
    assert len(one) == 1 and one["input"].shape == (1, 2, 9, 8)
    equal(one.outputs, batch.outputs)
    dy = np.ones((1, 3))
    equal(net.backward(one, dy, wrt_input=True), net.backward(batch, dy, wrt_input=True))
    np.testing.assert_array_equal(net.forward(x[2], until="pool1").scores, batch["pool1"])


# ---- what it leaves behind ---------------------------------------------------------------------

@small
def test_a_trace_holds_every_output(net, x):
    trace = net.forward(x)
    assert list(trace.outputs) == ["input", *net.layers]
    np.testing.assert_array_equal(trace["input"], x)
    np.testing.assert_array_equal(trace.scores, trace["fc4"])
    assert len(trace) == 4
    assert repr(trace) == ("Trace of 4 images: input, conv1, relu1, pool1, norm1, conv2, relu2, "
                           "flatten, fc3, relu3, drop3, fc4; trace[name] is that layer's output")


@small
def test_until_stops_there(net, x):
    whole, part = net.forward(x), net.forward(x, until="pool1")
    assert list(part.outputs) == ["input", "conv1", "relu1", "pool1"]
    np.testing.assert_array_equal(part.scores, whole["pool1"])
    assert repr(part).startswith("Trace of 4 images: input, conv1, relu1, pool1; ")
    words = "no layer 'conv2' in this pass; it went through: conv1, relu1, pool1"
    with pytest.raises(KeyError, match=words):
        part["conv2"]


@small
def test_the_trace_of_a_training_pass_has_everything(net, x, rng):
    """It keeps less than a plain one through the same dropout, and makes the same when asked."""
    generator, same = np.random.default_rng(6), np.random.default_rng(6)
    training = net.forward(x, train=True, rng=generator)
    plain = net.forward(x, train=True, rng=same, until="fc4")
    assert list(training.saved) == [key for key in net.layers if key not in ("relu1", "pool1")]
    words, dy = repr(training), rng.standard_normal((4, 3))
    assert words == repr(plain) and "relu1" in words
    grads = net.backward(training, dy)
    assert repr(training) == words and list(training.outputs) == ["input"]     # enough for that
    np.testing.assert_array_equal(training["conv2"], plain["conv2"])            # goes up again
    equal(training.outputs, plain.outputs)
    np.testing.assert_array_equal(training.scores, training["fc4"])
    np.testing.assert_array_equal(training.saved["drop3"], plain.saved["drop3"])
    assert list(training.saved) == list(net.layers)
    assert generator.random() == same.random()              # no number was drawn a second time
    equal(net.backward(training, dy), grads)
    with pytest.raises(KeyError, match="no layer 'conv9' in this pass; it went through: conv1"):
        training["conv9"]
    with pytest.raises(KeyError, match="no layer 'conv9' in this pass; it went through: conv1"):
        net.forward(x, train=True, rng=rng)["conv9"]


def stepped(net):
    """Change the parameters, as a training step does."""
    for value in net.parameters.values():
        value += 0.1


@small
def test_a_training_pass_is_not_completed_with_other_parameters(net, x, rng):
    trace = net.forward(x, train=True, rng=rng)
    stepped(net)
    for use in (lambda: trace["conv2"], trace.complete,
                lambda: net.backward(trace, trace.scores, layer="fc3"),
                lambda: project(net, trace, "conv2", (0, 0, 0, 0))):
        with pytest.raises(ValueError, match="have changed since this training pass: go up again"):
            use()


@small
def test_a_training_pass_completed_by_several_threads_at_once(net, x):
    """Each goes up with dropout of its own copy, and finds the same; backward isn't disturbed."""
    plain = net.forward(x, train=True, rng=np.random.default_rng(7), until="fc4")
    grads = net.backward(plain, plain.scores)
    for _ in range(20):
        trace = net.forward(x, train=True, rng=np.random.default_rng(7))
        with ThreadPoolExecutor(4) as pool:
            masks = [pool.submit(lambda: (trace["conv2"], trace.saved["drop3"])[1])
                     for _ in range(3)]
            down = pool.submit(net.backward, trace, trace.scores)
        for mask in masks:
            np.testing.assert_array_equal(mask.result(), plain.saved["drop3"])
        equal(down.result(), grads)


@small
def test_a_mistyped_name_costs_no_pass(net, x, rng, monkeypatch):
    trace = net.forward(x, train=True, rng=rng)
    monkeypatch.setattr(net, "forward", None)           # going up would be a TypeError
    with pytest.raises(KeyError, match="no layer 'conv9'"):
        trace["conv9"]


@small
@pytest.mark.parametrize("values", ["normal", "ties"])
def test_a_training_pass_pools_and_rectifies_at_once_and_gets_the_same_bits(values, rng):
    """Also where a whole window is negative, a maximum is zero, and where two pools follow."""
    net = Network([("conv1", Conv(2, 3, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(3, stride=2, ceil=True)), ("pool2", MaxPool(2, stride=1)),
                   ("conv2", Conv(3, 4, 2)), ("relu2", ReLU()), ("pool3", MaxPool(2, stride=1)),
                   ("norm3", ContrastNorm())], (2, 13, 12)).astype(np.float64)
    ties = values == "ties"
    for value in net.parameters.values():
        shape = value.shape
        value[...] = rng.integers(-1, 2, shape) if ties else rng.standard_normal(shape)
    net.parameters["conv1.b"][...] = -5         # or no maximum of twelve would be negative
    x = rng.integers(-1, 2, (4, 2, 13, 12)).astype(float)
    dy = rng.standard_normal((4, *net.shapes["norm3"]))
    plain, training = net.forward(x), net.forward(x, train=True)
    assert (plain["pool2"] == 0).any() and (plain["pool2"] > 0).any()
    assert (plain["conv1"] == 0).any() == ties
    np.testing.assert_array_equal(training.scores, plain.scores)
    equal(net.backward(training, dy, wrt_input=True), net.backward(plain, dy, wrt_input=True))
    _, _, lean = training.lean
    assert list(lean) == ["conv1", "pool1", "pool2", "conv2", "pool3", "norm3"]
    assert list(training.outputs) == ["input"]
    for name in ("pool1", "pool3"):
        y, index, _ = lean[name]
        np.testing.assert_array_equal(y, plain[name])
        np.testing.assert_array_equal(index, plain.saved[name].index)


@small
@pytest.mark.parametrize("name", list(every_layer().layers))
def test_backward_from_any_layer_of_a_training_pass(net, x, name, rng):
    """From the ReLU in front of a pool, too. Nobody has asked this trace for an output before."""
    generators = [np.random.default_rng(6) for _ in range(3)]
    training = net.forward(x, train=True, rng=generators[0])
    plain = net.forward(x, train=True, rng=generators[1], until="fc4")
    part = net.forward(x, train=True, rng=generators[2], until=name)
    dy = rng.standard_normal((4, *net.shapes[name]))
    grads = net.backward(training, dy, layer=name, wrt_input=True)
    assert grads["input"].any()
    equal(grads, net.backward(plain, dy, layer=name, wrt_input=True))
    equal(grads, net.backward(part, dy, wrt_input=True))


def watched(kind, *arguments):
    """A layer of this kind that remembers, without keeping it alive, what came out."""
    class Watched(kind):
        def forward(self, x, train=False, rng=None):
            y, saved = super().forward(x, train, rng)
            self.seen = weakref.ref(y)
            return y, saved

    return Watched(*arguments)


@small
def test_a_training_pass_keeps_only_what_backward_needs(x):
    """The pool needs its switches and maxima, dropout its mask: what came in need not stay."""
    net = Network([("conv1", watched(Conv, 2, 3, 3)), ("relu1", ReLU()),
                   ("pool1", MaxPool(2, stride=2)), ("flatten", Flatten()),
                   ("fc2", watched(Linear, 27, 5)), ("relu2", watched(ReLU)), ("drop2", Dropout()),
                   ("fc3", Linear(5, 3))], (2, 9, 8)).initialize(np.random.default_rng(0))
    net = net.astype(np.float64)
    for train in (False, True):
        trace = net.forward(x, train=train, rng=np.random.default_rng(0))
        for name in ("conv1", "fc2", "relu2"):
            assert (net.layers[name].seen() is None) == train, name
        assert len(trace) == 4


# ---- what it leaves alone ----------------------------------------------------------------------

@small
@pytest.mark.parametrize("train", [False, True])
def test_nothing_that_comes_in_is_changed(net, x, train, rng):
    x_before, parameters = x.copy(), {name: value.copy() for name, value in net.parameters.items()}
    trace = net.forward(x, train=train, rng=rng)
    dy = rng.standard_normal(trace.scores.shape)
    dy_before = dy.copy()
    net.backward(trace, dy, wrt_input=True)
    if not train:
        outputs = {name: y.copy() for name, y in trace.outputs.items()}
        for rule in np.ndindex(2, 2, 2):
            how = Rule(*rule, through_normalization="gradient")
            project(net, trace, "fc4", (1, 2), rule=how)
            project(net, trace, "conv2", (1, 2, slice(None), slice(None)), rule=rule)
        equal(trace.outputs, outputs)
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(dy, dy_before)
    equal(net.parameters, parameters)


@small
def test_an_old_trace_is_still_good_after_other_passes(net, x, rng):
    dy = rng.standard_normal((4, 3))
    trace = net.forward(x)
    grads = net.backward(trace, dy, wrt_input=True)
    other = net.forward(rng.standard_normal((2, 2, 9, 8)), train=True, rng=rng)
    net.backward(other, dy[:2])
    equal(net.backward(trace, dy, wrt_input=True), grads)


def test_two_threads_at_once_get_the_bits_they_get_alone(rng):
    net = every_layer((40, 41)).astype(np.float32)
    inputs = [rng.standard_normal((n, 2, 40, 41), np.float32) for n in (5, 6)]

    def up_and_down(x):
        trace = net.forward(x)
        return trace.outputs, net.backward(trace, trace.scores, wrt_input=True)

    expected = [up_and_down(x) for x in inputs]
    with ThreadPoolExecutor(2) as pool:
        rounds = [pool.submit(up_and_down, inputs[turn % 2]) for turn in range(60)]
        for turn, future in enumerate(rounds):
            for actual, right in zip(future.result(), expected[turn % 2]):
                equal(actual, right)


# ---- backward from the middle, and to the input ------------------------------------------------

@small
def test_backward_names_what_it_gives(net, x, rng):
    trace, names = net.forward(x), set(net.parameters)
    dy = rng.standard_normal((4, 3))
    without, with_input = net.backward(trace, dy), net.backward(trace, dy, wrt_input=True)
    assert set(without) == names and set(with_input) == names | {"input"}
    assert with_input.pop("input").shape == x.shape
    equal(without, with_input)
    shapes = {name: value.shape for name, value in net.parameters.items()}
    assert {name: value.shape for name, value in without.items()} == shapes


@small
def test_backward_from_a_layer_in_the_middle_is_that_of_a_net_that_ends_there(net, x, rng):
    trace, part = net.forward(x), net.forward(x, until="conv2")
    dy = rng.standard_normal(trace["conv2"].shape)
    grads = net.backward(trace, dy, layer="conv2", wrt_input=True)
    assert set(grads) == {"conv1.w", "conv1.b", "conv2.w", "conv2.b", "input"}
    equal(grads, net.backward(part, dy, wrt_input=True))


def test_two_threads_on_the_simplest_of_numbas_thread_pools():
    """Whatever threads the kernels run on: a pool that two threads must not enter ends the process.

    Numba's "workqueue", which it falls back to without OpenMP, is one.
    """
    program = """
import threading, numpy as np
from numpyzf import functional
x = np.random.default_rng(0).standard_normal((4, 8, 40, 40), np.float32)
y = functional.max_pool_forward(x, size=3, stride=2)[0]
same = []
def pool():
    same.extend(np.array_equal(functional.max_pool_forward(x, size=3, stride=2)[0], y)
                for _ in range(300))
threads = [threading.Thread(target=pool) for _ in range(2)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
print(len(same), all(same))
"""
    environment = os.environ | {"NUMBA_THREADING_LAYER": "workqueue"}
    done = subprocess.run([sys.executable, "-c", program], env=environment,
                          cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert done.stdout.strip() == "600 True", done.stderr


# ---- what doesn't belong together ----------------------------------------------------------------

def pooled_by(pool):
    layers = [("conv1", Conv(1, 2, 3, pad=1)), ("relu1", ReLU()), ("pool1", pool),
              ("conv2", Conv(2, 2, 3, pad=1))]
    return Network(layers, (1, 8, 8)).initialize(np.random.default_rng(0))


@small
@pytest.mark.parametrize("train", [False, True])
def test_a_trace_of_another_net_of_the_same_shapes_is_refused(train):
    """Its switches would point outside of the boxes that signals go down in."""
    wide, narrow = pooled_by(MaxPool(3, stride=2, ceil=True)), pooled_by(MaxPool(2, stride=2))
    assert wide.shapes == narrow.shapes
    trace = wide.forward(np.ones((1, 1, 8, 8), np.float32), train=train)
    words = "the trace is of another network: its pool1 is max pool 3×3/2, this network's max pool"
    for use in (lambda: project(narrow, trace, "conv2", (0, 0, 1, 1)),
                lambda: project_many(narrow, trace, "conv2", [(0, 0, 1, 1)]),
                lambda: narrow.backward(trace, trace.scores)):
        with pytest.raises(ValueError, match=words):
            use()


@small
def test_a_trace_goes_down_through_a_copy_of_its_net(net, x):
    trace, copied = net.forward(x), copy.deepcopy(net)
    equal(copied.backward(trace, trace.scores), net.backward(trace, trace.scores))


@small
@pytest.mark.parametrize("spoil", [lambda dy: dy.sum(axis=0, keepdims=True), lambda dy: dy[:, :1],
                                   lambda dy: dy[..., :1]], ids=["batch", "maps", "columns"])
def test_a_wrong_gradient_from_above_does_not_reach_a_rectified_pool(spoil):
    """As a wrong backward of a layer of one's own would hand it down, in a training pass."""
    net = pooled_by(MaxPool(2, stride=2))
    trace = net.forward(np.ones((3, 1, 8, 8), np.float32), train=True)
    net.layers["conv2"].backward = lambda dy, saved, need_dx: (spoil(saved.x), {})
    with pytest.raises(ValueError, match=r"dy has shape .*, expected \(3, 2, 4, 4\)"):
        net.backward(trace, trace.scores)


@small
def test_parameters_are_changed_in_place_only(net):
    with pytest.raises(TypeError):
        net.parameters["conv1.w"] = np.zeros_like(net.parameters["conv1.w"])
