"""Numbers that no kernel may see: refused by name, before they end the process or fill memory."""
import os

import numpy as np
import pytest

from numpyzf import checkpoints, checks, data, functional, runs, training
from numpyzf.geometry import conv_output_size
from numpyzf.layers import Conv, ContrastNorm, Dropout, Flatten, Linear, MaxPool, ReLU, Rule
from numpyzf.look import boxes, linear, many, occlusion
from numpyzf.network import Network
from numpyzf.paper.study import Study

pytestmark = pytest.mark.small

X = np.ones((2, 3, 6, 6), np.float32)
W, B = np.ones((2, 3, 1, 1), np.float32), np.ones(2, np.float32)
HUGE = (checks.MOST_SIDE + 1, 2**31, 2**32, 2**40, 2**63 - 1, 2**64, 2**100)


# ---- windows -------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("name, use", [
    ("stride", lambda n: functional.max_pool_forward(X, size=2, stride=n)),
    ("size", lambda n: functional.max_pool_forward(X, size=n, stride=1, pad=n // 2)),
    ("pad", lambda n: functional.max_pool_forward(X, size=2, stride=1, pad=n)),
    ("stride", lambda n: functional.conv_forward(X, W, B, stride=n, method="shift")),
    ("pad", lambda n: functional.conv_forward(X, W, B, pad=n, method="unfold")),
    ("stride", lambda n: functional.conv_transpose(X[:, :2], W, stride=n, size=(6, 6))),
    ("size", lambda n: functional.contrast_norm_forward(X, size=n)),
    ("stride", lambda n: Conv(1, 1, 1, stride=n)), ("pad", lambda n: MaxPool(1, stride=1, pad=n)),
    ("size", lambda n: ContrastNorm(size=n)),
    ("stride", lambda n: conv_output_size(9, 1, n, 0))])
def test_a_huge_window_is_refused(name, use, number):
    with pytest.raises(ValueError, match=f"^{name} must be at most 4096, not {number}"):
        use(number)


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="too slow without Numba")
def test_the_largest_window_is_computed():
    y, switches = functional.max_pool_forward(X, size=2, stride=checks.MOST_SIDE)
    assert y.shape == (2, 3, 1, 1) and not switches.index.any()
    y, _ = functional.conv_forward(X, W, B, stride=checks.MOST_SIDE, method="shift")
    np.testing.assert_array_equal(y, np.full((2, 2, 1, 1), 4))


def test_a_map_whose_places_need_more_than_32_bits_is_refused():
    """Before memory is asked for: windows of 4096 on a line of 2^20 pixels see 2^32 places."""
    line = np.zeros((1, 1, 1, 1 << 20), np.float32)
    with pytest.raises(ValueError, match="switches are 32-bit integers: x is too large"):
        functional.max_pool_forward(line, size=4096, stride=4096, pad=2048)


@pytest.mark.parametrize("x_shape", [(2, 3, -6, -6), (2, 3, 6), (2, 3, 6.0, 6.0)])
def test_switches_into_an_impossible_input_are_refused(x_shape):
    y, switches = functional.max_pool_forward(X, size=2, stride=2)
    with pytest.raises(ValueError, match=r"switches must have x_shape \(N, C, H, W\)"):
        functional.unpool(y, switches._replace(x_shape=x_shape))
    with pytest.raises(TypeError, match="switches must be the Switches"):
        functional.unpool(y, switches._replace(index=switches.index.tolist()))


def test_a_masked_array_is_refused():
    with pytest.raises(TypeError, match="x must be a NumPy array, not MaskedArray"):
        functional.relu_forward(np.ma.array(X))


@pytest.mark.parametrize("name", ["alpha", "beta", "k"])
def test_a_contrast_normalization_takes_numbers(name):
    with pytest.raises(TypeError, match=f"{name} must be a number, not 'a'"):
        functional.contrast_norm_forward(X, **{name: "a"})


@pytest.mark.parametrize("method", functional.kernels.METHODS)
def test_up_to_1e36_every_method_gives_the_sum(method, rng):
    """Winograd's numbers grow on the way, and overflow there."""
    x = rng.standard_normal((1, 16, 12, 12), np.float32)
    for size in (3, 5):
        w = rng.standard_normal((16, 16, size, size), np.float32)
        small = functional.conv_forward(x, w, w[:, 0, 0, 0], pad=1, method=method)[0]
        large = functional.conv_forward(x * np.float32(1e35), w, 1e35 * w[:, 0, 0, 0], pad=1,
                                        method=method)[0]
        np.testing.assert_allclose(large / 1e35, small, atol=1e-3 * abs(small).max())


def test_exchanged_arguments_are_told_their_order():
    with pytest.raises(ValueError, match="the arguments are x, w, b, in this order"):
        functional.conv_forward(W, X[:1], B)
    with pytest.raises(ValueError, match="the arguments are x, w, b, in this order"):
        functional.linear_forward(W[:, :, 0, 0], X[0, 0, :, :3].copy(), B)


# ---- boxes ---------------------------------------------------------------------------------------

CORNERS = np.zeros((2, 2), np.int64)


@pytest.mark.parametrize("image_of, corners, error, words", [
    ([0, 2], CORNERS, ValueError, "image_of must lie between 0 and 1, not 0 … 2"),
    ([0, -1], CORNERS, ValueError, "image_of must lie between 0 and 1, not -1 … 0"),
    ([0.0, 1.0], CORNERS, TypeError, "image_of must be integers, not float64"),
    ([0, 1], CORNERS + 2**62, ValueError, "corners must lie between -2147483648 and 2147483647"),
    ([0, 1], np.full((2, 2), -2**63), ValueError, "corners must lie between"),
    ([0, 1], np.full((2, 2), 2**63, np.uint64), ValueError, "corners must lie between"),
    ([0, 1], CORNERS[:1], ValueError, r"corners must be integers of shape \(2, 2\), not of"),
    ([0, 1], None, TypeError, "not NoneType")])
def test_boxes_that_cannot_be_cut(image_of, corners, error, words):
    if corners is None:
        with pytest.raises(error, match=words):
            boxes.cut(None, image_of, CORNERS, (2, 2))
        return
    with pytest.raises(error, match=words):
        boxes.cut(X, image_of, corners, (2, 2))


@pytest.mark.parametrize("dtype", [object, np.float16, np.longdouble, ">f4", complex])
def test_boxes_of_numbers_that_kernels_do_not_know(dtype):
    with pytest.raises(TypeError, match="x must be a NumPy array of numbers with four axes, not "):
        boxes.cut(X.astype(dtype), [0, 1], CORNERS, (2, 2))


def test_boxes_that_cannot_be_pasted():
    with pytest.raises(ValueError, match=r"\(M, C, …\) of both must be the same"):
        boxes.paste(X[:, :, :2, :2].copy(), CORNERS, X[:, :1].copy())
    with pytest.raises(ValueError, match="corners must lie between"):
        boxes.paste(X[:, :, :2, :2].copy(), CORNERS + 2**62, X.copy())


def test_boxes_of_images_that_a_pool_has_not_seen():
    pool = MaxPool(2, stride=2)
    y, switches = pool.forward(X)
    rule = Rule(True, True, True)
    for r, image_of, words in ((y, [0, 2], "image_of must lie between 0 and 1"),
                               (y[:, :2], [0, 1], "r has 2 maps, the pool 3")):
        with pytest.raises(ValueError, match=words):
            boxes.project_boxes(pool, r.copy(), switches, image_of, CORNERS, rule)


@pytest.mark.parametrize("n", [2**32, 2**64, 0])
def test_places_along_an_impossible_axis(n):
    with pytest.raises(ValueError, match=f"n must lie between 1 and 65535, not {n}"):
        occlusion.places(n, 5, 3)


@pytest.mark.parametrize("place", [2**62, -2**63])
def test_occluding_squares_lie_somewhere_near(place):
    net = small_net()
    with pytest.raises(ValueError, match="tops must lie between -2147483648 and"):
        occlusion.occlude(net, X[0], size=2, tops=[place], lefts=[0])


# ---- labels, numbers of folds, batches -----------------------------------------------------------

FEATURES = np.random.default_rng(0).standard_normal((6, 3))
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize("fit", [linear.fit_svm, linear.fit_softmax, lambda x, labels, strengths:
                                 linear.choose(linear.fit_svm, x, labels, strengths=strengths)])
def test_odd_labels_and_strengths_of_a_classifier(fit):
    for label in (2**63 - 1, 2**40, 1 << 16):
        with pytest.raises(ValueError, match=rf"labels\[1\] is {label}; classes are counted"):
            fit(FEATURES, np.array([0, label, 2, 0, 1, 2]), [0.1])
    for strengths, error, words in ((0.1, TypeError, "strengths must be a sequence of positive"),
                                    ("ab", TypeError, "strengths must be a sequence of positive"),
                                    (["a"], TypeError, "strengths must be a number, not 'a'"),
                                    ([np.nan], ValueError, "strengths must be positive, not nan"),
                                    ([], ValueError, "strengths is empty")):
        with pytest.raises(error, match=words):
            fit(FEATURES, LABELS, strengths)


@pytest.mark.parametrize("labels, error, words", [
    (LABELS[:, None], ValueError, r"labels must be \(6,\), one per image, not \(6, 1\)"),
    (LABELS[:1], ValueError, r"labels must be \(6,\)"), ("abcdef", ValueError, "labels must be"),
    (list("abcdef"), TypeError, "labels must be integers")])
def test_an_accuracy_takes_one_label_each(labels, error, words):
    classifier = linear.fit_svm(FEATURES, LABELS, [0.1])[0]
    with pytest.raises(error, match=words):
        classifier.accuracy(FEATURES, labels)
    with pytest.raises(ValueError, match="x has 2 features .*this classifier takes 3"):
        classifier.predict(FEATURES[:, :2])


def small_net():
    layers = [("conv1", Conv(3, 2, 3)), ("relu1", ReLU()), ("flatten", Flatten()),
              ("drop2", Dropout()), ("fc2", Linear(32, 2))]
    return Network(layers, (3, 6, 6)).initialize(np.random.default_rng(0))


@pytest.mark.parametrize("batch, error", [(-1, ValueError), (0, ValueError), (2.0, TypeError),
                                          (None, TypeError), (True, TypeError)])
def test_a_batch_has_one_image_at_least(batch, error):
    net, images = small_net(), np.zeros((2, 3, 6, 6), np.uint8)
    for use in (lambda: net.predict(X, batch=batch), lambda: net.outputs(X, ["fc2"], batch=batch),
                lambda: many.top_activations(net, X, ["conv1"], batch=batch),
                lambda: training.accuracy(net, images, [0, 1], np.float32, batch=batch)):
        with pytest.raises(error, match="batch must be"):
            use()


@pytest.mark.parametrize("layers, error, words", [
    ([], ValueError, "layers is empty"), ("conv1", TypeError, r"such as \('conv1',\)"),
    (3, TypeError, "layers must be a sequence"), (["conv9"], ValueError, "no layer 'conv9'"),
    ([["conv1"]], ValueError, "no layer")])
def test_outputs_of_layers_that_are_none(layers, error, words):
    with pytest.raises(error, match=words):
        small_net().outputs(X, layers)


def test_the_accuracy_of_no_images():
    with pytest.raises(ValueError, match="no images for labels"):
        training.accuracy(small_net(), np.zeros((0, 3, 6, 6), np.uint8), [], np.float32)


# ---- networks ------------------------------------------------------------------------------------

@pytest.mark.parametrize("layers, shape, error, words", [
    ([], (1, 8, 8), TypeError, "layers must be a list of one entry or more"),
    (None, (1, 8, 8), TypeError, "layers must be a list"),
    ([("a", None)], (1, 8, 8), TypeError, "layer a: None is no layer"),
    (["ab"], (1, 8, 8), TypeError, "layers must be a list"),
    ([("a", ReLU())], "abc", TypeError, r"input_shape must be \(channels, height, width\)"),
    ([("a", ReLU())], (1, 1.5, 3), TypeError, "input_shape's axes must be an integer"),
    ([("a", ReLU())], (1, -5, 3), ValueError, "input_shape's axes must be at least 1")])
def test_what_is_no_network(layers, shape, error, words):
    with pytest.raises(error, match=words):
        Network(layers, shape)


def test_a_trace_and_its_net_are_told_apart():
    net = small_net()
    trace = net.forward(X)
    with pytest.raises(TypeError, match="trace must be what net.forward gave, .*not ndarray"):
        net.backward(trace.scores, trace)
    with pytest.raises(TypeError, match="trace must be what net.forward gave, .*not Network"):
        many.project_many(trace, net, "conv1", [(0, 0, 0, 0)])


# ---- paths ---------------------------------------------------------------------------------------

def test_the_home_folder_in_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    checkpoints.write_npz("~/a.npz", {"x": np.ones(2)})
    assert (tmp_path / "a.npz").exists()
    assert checkpoints.read_npz("~/a.npz")["x"].tolist() == [1, 1]
    for use in (lambda: data.load("~/photos"), lambda: data.load("cifar10", folder="~/photos"),
                lambda: runs.load_run("~/photos")):
        with pytest.raises(FileNotFoundError, match=f"{tmp_path}/photos"):
            use()
    assert runs.epoch_file("~/run", 3) == tmp_path / "run" / "epoch-003.npz"


@pytest.mark.parametrize("use", [runs.load_run, checkpoints.read_npz])
def test_what_is_no_path(use):
    with pytest.raises(TypeError, match="must be a path, not int"):
        use(3)


@pytest.mark.parametrize("use", [runs.load_run, runs.train_run, data.load, checkpoints.read_npz,
                                 Study])
def test_an_empty_path_is_refused(use, tmp_path, monkeypatch):
    """As of a shell's variable that isn't set. It would be this folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is empty; it must be a path"):
        use("")
    assert not list(tmp_path.iterdir())
