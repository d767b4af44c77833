"""Training a network for pictures: the loop, the file, going on with the same bits."""
import json

import numpy as np
import pytest

from numpyzf import checkpoints
from numpyzf.layers import Conv
from numpyzf.network import Network
from numpyzf.perceptual import learn, losses
from numpyzf.perceptual.layers import BatchNorm

pytestmark = pytest.mark.small

ABOUT = {"steps": 6, "rate": 1e-2, "seed": 0}


def build(about):
    return Network([("conv1", Conv(1, 1, 3, pad=1))], (1, 5, 5))


def start(net, rng):
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape, np.float32)
    return net


def batches(rng):
    x = rng.random((2, 1, 5, 5), np.float32)
    return x, 2 * x


def objective(y, target):
    value, dy = losses.pixel(y, target)
    return value, {}, dy


def train(folder, about=ABOUT, objective=objective, **options):
    return learn.train(folder, about, build, start, batches, objective, report=lambda text: None,
                       **options)


def test_it_learns_to_double_a_picture(tmp_path):
    state = train(tmp_path, ABOUT | {"steps": 2000, "rate": 0.05})
    expected = np.zeros((3, 3))
    expected[1, 1] = 2
    np.testing.assert_allclose(state.net.parameters["conv1.w"][0, 0], expected, atol=0.02)


def test_the_rate_is_highest_at_first_and_never_zero():
    rates = [learn.rate_at(step, 10, 2.0) for step in range(10)]
    assert rates[0] == 2 and rates == sorted(rates, reverse=True) and rates[-1] > 0


def test_an_interrupted_training_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    def run(folder, stop=None):
        count = iter(range(1000))

        def stopping(y, target):
            if stop is not None and next(count) == stop:
                raise KeyboardInterrupt
            return objective(y, target)
        return train(folder, objective=stopping)

    monkeypatch.setattr(learn, "EVERY", 2)
    whole = run(tmp_path / "whole")
    for stop in (3, 2, 1):          # within two steps, right behind a save, at once
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "parts", stop)
    parts = run(tmp_path / "parts")
    assert parts.history == whole.history
    assert [row["step"] for row in whole.history] == [2, 4, 6]
    first, second = ((folder / learn.FILE) for folder in (tmp_path / "whole", tmp_path / "parts"))
    for name, value in checkpoints.read_npz(first).items():
        np.testing.assert_array_equal(value, checkpoints.read_npz(second)[name], err_msg=name)


def test_a_finished_training_isn_t_touched(tmp_path):
    train(tmp_path)
    before = (tmp_path / learn.FILE).stat().st_mtime_ns
    assert train(tmp_path).step == 6
    assert (tmp_path / learn.FILE).stat().st_mtime_ns == before


def test_other_settings_are_refused_by_name(tmp_path):
    train(tmp_path)
    with pytest.raises(ValueError, match="was begun with rate 0.01, not 0.02: give the same"):
        train(tmp_path, ABOUT | {"rate": 0.02})


def test_a_loss_that_turns_to_nan_stops_and_keeps_the_last_good_state(tmp_path, monkeypatch):
    monkeypatch.setattr(learn, "EVERY", 2)
    count = iter(range(1000))

    def turning(y, target):
        value, _, dy = objective(y, target)
        return (np.nan if next(count) == 4 else value), {}, dy

    with pytest.raises(ValueError, match=r"step 5: the loss is nan: training has diverged; start "
                                         r"again with a lower rate than 0.01; .* after step 4"):
        train(tmp_path, objective=turning)
    assert learn.load(tmp_path, build).step == 4


def test_a_loss_that_is_nan_at_once_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="step 1: the loss is nan") as caught:
        train(tmp_path / "new", objective=lambda y, target: (np.nan, {}, np.zeros_like(y)))
    assert "as it was" not in str(caught.value) and not (tmp_path / "new").exists()


def test_parameters_that_overflow_are_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(learn, "EVERY", 2)
    count = iter(range(1000))

    def exploding(y, target):
        value, _, dy = objective(y, target)
        return value, {}, np.full_like(dy, np.inf) if next(count) == 3 else dy

    with pytest.raises(ValueError, match="isn't finite"):
        train(tmp_path, objective=exploding)
    assert learn.load(tmp_path, build).step == 2


def test_what_is_measured_stands_in_the_history(tmp_path):
    state = train(tmp_path, measure=lambda net: {"psnr": 7.0})
    assert state.history[-1]["psnr"] == 7 and state.history[-1]["step"] == 6


def test_a_shared_network_is_read_as_half_precision(tmp_path):
    state = train(tmp_path)
    learn.share(tmp_path / "small.npz", state)
    read = learn.load(tmp_path / "small.npz", build)
    for name, value in state.net.parameters.items():
        np.testing.assert_array_equal(read.net.parameters[name], value.astype(np.float16))
    assert (tmp_path / "small.npz").stat().st_size < (tmp_path / learn.FILE).stat().st_size


@pytest.mark.parametrize("name, value, message", [
    ("info", np.array("{}"), "no 'step'"),
    ("info", np.array("{"), r"is damaged, or no network for pictures \(Expecting"),
    ("info", np.array("[]"), r"is damaged, or no network for pictures \(list indices"),
    ("parameter/conv1.w", np.full((1, 1, 3, 3), np.nan, np.float32), "NaN"),
    ("parameter/conv1.w", np.zeros((1, 2, 3, 3), np.float32), "conv1.w"),
    ("parameter/conv1.w", np.full((1, 1, 3, 3), 1e200), "NaN or infinite"),
    ("parameter/conv1.w", np.ones((1, 1, 3, 3), complex), "holds complex128"),
    ("mean/conv1.w", None, "mean|conv1.w"),
    ("mean/conv1.w", np.zeros((3, 3), np.float32), "moments of conv1.w don't have its shape"),
    ("square/conv1.w", np.full((1, 1, 3, 3), -1, np.float32), "negative numbers"),
])
def test_damaged_files_are_refused_by_name(tmp_path, name, value, message):
    train(tmp_path)
    path = tmp_path / learn.FILE
    arrays = checkpoints.read_npz(path)
    arrays.pop(name)
    checkpoints.write_npz(path, arrays | ({} if value is None else {name: value}))
    with pytest.raises(ValueError, match=message) as caught:
        learn.load(path, build)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("changes, message", [
    ({"step": "2"}, "its number of steps is '2'"), ({"step": -5}, "its number of steps is -5"),
    ({"step": None}, "its number of steps is None"), ({"history": []}, "its history is damaged"),
    ({"history": None}, "its history is damaged"), ({"history": ["x"]}, "its history is damaged"),
    ({"step": 0}, "its history is damaged")])
def test_what_no_training_writes_is_refused(changes, message, tmp_path):
    train(tmp_path)
    path = tmp_path / learn.FILE
    arrays = checkpoints.read_npz(path)
    info = json.loads(str(arrays["info"])) | changes
    checkpoints.write_npz(path, arrays | {"info": np.array(json.dumps(info))})
    with pytest.raises(ValueError, match=message) as caught:
        learn.load(path, build)
    assert str(path) in str(caught.value)


def test_a_training_does_not_go_on_from_what_was_shared(tmp_path):
    state = train(tmp_path / "net")
    learn.share(tmp_path / "net" / learn.FILE, state)
    assert train(tmp_path / "net").step == 6            # nothing to do
    with pytest.raises(ValueError, match="this network was shared"):
        learn.save(tmp_path / "copy.npz", learn.load(tmp_path / "net", build))
    state.step = 4
    learn.share(tmp_path / "net" / learn.FILE, state)
    with pytest.raises(ValueError, match="written to be shared, without what a training goes on"):
        train(tmp_path / "net")


def test_a_network_whose_output_overflows_is_not_saved(tmp_path):
    """Its parameters are finite."""
    def large(y, target):
        return 1.0, {}, np.ones_like(y)
    with pytest.raises(ValueError, match="step 6: the network's output isn't finite: training has "
                                         "diverged"), np.errstate(over="ignore", invalid="ignore"):
        train(tmp_path, ABOUT | {"rate": 3e37}, objective=large)
    assert not (tmp_path / learn.FILE).exists()


def test_what_is_measured_and_refused_is_a_divergence(tmp_path):
    def refusing(net):
        raise ValueError("x holds NaN")
    with pytest.raises(ValueError, match="step 6: x holds NaN: training has diverged"):
        train(tmp_path, measure=refusing)


def test_a_copy_has_what_normalizations_have_gathered(rng):
    def made():
        return Network([("conv1", Conv(1, 2, 3)), ("norm1", BatchNorm(2))], (1, 5, 5))
    net, other = start(made(), rng), start(made(), rng)
    net.forward(rng.random((4, 1, 5, 5), np.float32), train=True)
    assert learn.checksum(net) != learn.checksum(other)
    assert learn.copy(net, other) is other and learn.checksum(net) == learn.checksum(other)
    x = rng.random((1, 1, 5, 5), np.float32)
    np.testing.assert_array_equal(net.predict(x), other.predict(x))
    assert not np.shares_memory(other.layers["norm1"].mean, net.layers["norm1"].mean)


def test_squares_that_overflow_are_not_saved(tmp_path):
    """Adam's step is then zero, and the parameters stay finite."""
    with pytest.raises(ValueError, match="step 6: Adam's mean square of conv1.w isn't finite: "
                                         "training has diverged"), np.errstate(over="ignore"):
        train(tmp_path, objective=lambda y, target: (1.0, {}, np.full_like(y, 1e25)))
    assert not (tmp_path / learn.FILE).exists()


def test_numbers_that_an_operation_refuses_later_are_a_divergence(tmp_path):
    count = iter(range(1000))

    def refusing(y, target):
        if next(count) == 3:
            raise ValueError("y holds NaN")
        return objective(y, target)
    with pytest.raises(ValueError, match="step 4: y holds NaN: training has diverged"):
        train(tmp_path, objective=refusing)
    count = iter([3])
    with pytest.raises(ValueError, match="^y holds NaN$"):     # in the first step it is no such one
        train(tmp_path, objective=refusing)


def test_what_half_precision_can_t_hold_is_not_shared(tmp_path):
    state = train(tmp_path)
    state.net.parameters["conv1.b"][...] = 1e5
    with pytest.raises(ValueError, match="small.npz was not written: conv1.b has values"):
        learn.share(tmp_path / "small.npz", state)
    assert not (tmp_path / "small.npz").exists()
