"""Finding activations worth a look: the strongest of a trace, and the k images for each map."""
import numpy as np
import pytest

from numpyzf.deconvnet import project, strongest
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.look.many import Top, top_activations
from numpyzf.network import Network

pytestmark = pytest.mark.small


@pytest.fixture
def net():
    """Small whole numbers: activations are exact whatever the batch, and ties are frequent."""
    layers = [("conv1", Conv(1, 3, 2)), ("relu1", ReLU()),
              ("pool1", MaxPool(2, stride=2, ceil=True)), ("flatten", Flatten()),
              ("fc2", Linear(12, 4))]
    net, rng = Network(layers, (1, 5, 4)), np.random.default_rng(2)
    for value in net.parameters.values():
        value[...] = rng.integers(-2, 3, value.shape)
    return net


@pytest.fixture
def images(rng):
    return rng.integers(0, 3, (23, 1, 5, 4)).astype(np.float32)


def all_units(net, images, layer, channel):
    """Of each image its strongest unit of one map, as (value, unit), by plain comparison."""
    found = []
    for n, image in enumerate(images):
        y, best = net.forward(image[None])[layer][0, channel], None
        for place in np.ndindex(y.shape):
            if best is None or y[place] > best[0]:
                best = y[place], (n, channel, *place)
        found.append(best)
    return found


@pytest.mark.parametrize("batch", [1, 4, 23, 100])
@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "flatten", "fc2"])
def test_against_a_search_through_everything(net, images, layer, batch):
    """Over one batch or several. Of equal activations the first image and its first place count."""
    top = top_activations(net, images, [layer], 5, batch=batch)[layer]
    ties = 0
    for channel in range(net.shapes[layer][0]):
        found = all_units(net, images, layer, channel)
        best = sorted(found, key=lambda found: -found[0])[:6]       # sorted() keeps ties in order
        assert top.values[channel].tolist() == [value for value, _ in best[:5]]
        units = [tuple(unit) for unit in top.units[channel].tolist()]
        assert units == [unit for _, unit in best[:5]]
        ties += len({value for value, _ in best}) < 6
    assert ties > 0


def test_values_are_the_activations_of_the_units(net, images):
    trace = net.forward(images)
    for layer in ("pool1", "fc2"):
        top = top_activations(net, images, [layer], 3)[layer]
        assert top.values.dtype == net.dtype and top.units.dtype == np.int64
        for values, units in zip(top.values, top.units):
            assert [trace[layer][tuple(unit)] for unit in units] == values.tolist()


def test_a_unit_can_be_projected_as_it_is(net, images):
    trace = net.forward(images)
    for layer in ("conv1", "fc2"):
        unit = top_activations(net, images, [layer], 1)[layer].units[1, 0]
        assert project(net, trace, layer, unit).shape == (1, 5, 4)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_images_than_asked_for(net, images, count):
    top = top_activations(net, images[:count], ["conv1"], 9)["conv1"]
    assert top.values.shape == (3, count) and top.units.shape == (3, count, 4)
    assert [sorted(units) for units in top.units[:, :, 0].tolist()] == [list(range(count))] * 3


def test_images_are_asked_for_a_batch_at_a_time(net, images):
    class Slices:
        asked = []

        def __len__(self):
            return len(images)

        def __getitem__(self, rows):
            self.asked.append((rows.start, rows.stop))
            return images[rows]

    top = top_activations(net, Slices(), ["fc2"], 4, batch=10)["fc2"]
    assert Slices.asked == [(0, 10), (10, 20), (20, 30)]
    np.testing.assert_array_equal(top.units, top_activations(net, images, ["fc2"], 4)["fc2"].units)


def test_only_the_layers_that_are_needed_are_run(net, images, monkeypatch):
    monkeypatch.setattr(Linear, "forward", None)
    assert list(top_activations(net, images, ["pool1"])) == ["pool1"]


@pytest.mark.parametrize("layers", ["conv1", ["conv1"], ("conv1", "fc2"), iter(["conv1"])], ids=str)
def test_one_name_or_many_give_a_dictionary(net, images, layers):
    found = top_activations(net, images, layers, 2)
    expected = ["conv1", "fc2"] if len(found) == 2 else ["conv1"]
    assert type(found) is dict and list(found) == expected
    assert all(isinstance(top, Top) for top in found.values())
    np.testing.assert_array_equal(found["conv1"].units,
                                  top_activations(net, images, "conv1", 2)["conv1"].units)


@pytest.mark.parametrize("names", [["conv1", "pool1", "fc2"], ("fc2", "conv1"), ["relu1"]], ids=str)
def test_several_layers_in_one_pass(net, images, names, monkeypatch):
    """The same as one after the other; each image goes up once, and no further than needed."""
    separate = {name: top_activations(net, images, name, 4, batch=7)[name] for name in names}
    passes, forward = [], net.forward
    monkeypatch.setattr(net, "forward", lambda x, until:
                        passes.append((len(x), until)) or forward(x, until=until))
    found = top_activations(net, images, names, 4, batch=7)
    assert list(found) == list(names)
    for name in names:
        np.testing.assert_array_equal(found[name].values, separate[name].values)
        np.testing.assert_array_equal(found[name].units, separate[name].units)
    last = "fc2" if "fc2" in names else "relu1"
    assert passes == [(7, last), (7, last), (7, last), (2, last)]


def test_refusals(net, images):
    with pytest.raises(ValueError, match="no layer 'conv7'; the layers are: conv1, relu1"):
        top_activations(net, images, "conv7")
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        top_activations(net, images, ["conv1"], 0)
    with pytest.raises(TypeError, match=r"k must be an integer, not 2\.5"):
        top_activations(net, images, ["conv1"], 2.5)
    with pytest.raises(ValueError, match="batch must be at least 1, not 0"):
        top_activations(net, images, ["conv1"], batch=0)
    with pytest.raises(ValueError, match="no layer 'conv7'"):
        top_activations(net, images, ["conv1", "conv7"])
    with pytest.raises(ValueError, match="layers is empty: it takes one name of a layer at least"):
        top_activations(net, images, [])


def test_the_strongest_unit_of_a_trace(net, images):
    trace = net.forward(images)
    for layer in ("conv1", "pool1", "fc2"):
        for channel in range(net.shapes[layer][0]):
            found = all_units(net, images, layer, channel)
            _, unit = max(found, key=lambda found: found[0])        # max() gives the first
            assert strongest(trace, layer, channel) == unit
            assert all(type(part) is int for part in unit)
    for channel in (3, -1):
        words = f"channel of conv1 must lie between 0 and 2, not {channel}"
        with pytest.raises(ValueError, match=words):
            strongest(trace, "conv1", channel)
