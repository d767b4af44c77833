"""Which layers are looked at where nobody names any."""
import pytest

from numpyzf import models
from numpyzf.general.layers import Add, Concat, GlobalAveragePool
from numpyzf.general.models import squeezenet
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.tour import usual

pytestmark = pytest.mark.small


def chain(count):
    """Convolutions, each with its ReLU, one after the other."""
    layers = []
    for i in range(1, count + 1):
        layers += [(f"conv{i}", Conv(2, 2, 1)), (f"relu{i}", ReLU())]
    return layers


def residual(blocks):
    """A convolution, then blocks of two convolutions whose output is added to what they got."""
    layers, below = [("first", Conv(2, 2, 1)), ("rectified", ReLU())], "rectified"
    for i in range(blocks):
        layers += [(f"a{i}", Conv(2, 2, 1), below), (f"b{i}", Conv(2, 2, 1)),
                   (f"sum{i}", Add(), (f"b{i}", below))]
        below = f"sum{i}"
    return [*layers, ("pool", GlobalAveragePool()), ("flat", Flatten())]


def test_of_squeezenet_the_fires_thinned_between_the_first_relu_and_the_last_maps():
    layers = usual.usual_layers(squeezenet())
    assert layers == ["relu1", "fire3", "fire4", "fire5", "fire7", "fire9", "relu10"]
    assert usual.usual_layer(squeezenet()) == "fire5"


def test_of_a_small_net_all_convolutions():
    net = models.labnet()
    assert usual.usual_layers(net) == net.convolutions and usual.usual_layer(net) == "conv3"
    assert usual.usual_layers(Network(chain(7), (2, 4, 4))) == [f"conv{i}" for i in range(1, 8)]


def test_without_branches_convolutions_are_thinned_evenly():
    layers = usual.usual_layers(Network(chain(13), (2, 4, 4)))
    assert layers == [f"conv{i}" for i in range(1, 14, 2)]


@pytest.mark.parametrize("blocks, layers", [
    (4, ["rectified", "sum0", "sum1", "sum2", "sum3"]),
    (6, ["rectified", "sum0", "sum1", "sum2", "sum3", "sum4", "sum5"])])
def test_where_branches_meet(blocks, layers):
    assert usual.usual_layers(Network(residual(blocks), (2, 4, 4))) == layers


def test_two_meetings_are_too_few():
    layers = [*residual(2)[:-2], *[(name, layer) for name, layer in chain(5)]]
    net = Network(layers, (2, 4, 4))
    assert usual.usual_layers(net) == ["first", *[f"conv{i}" for i in range(1, 6)]]


def test_what_a_branch_passes_by_is_no_passage():
    net = Network([("a", Conv(2, 2, 1)), ("b", Conv(2, 2, 1)), ("c", Conv(2, 2, 1)),
                   ("both", Concat(), ("c", "a")), ("aside", Conv(2, 2, 1), "b"),
                   ("top", Conv(4, 2, 1), "both")], (2, 4, 4))
    assert usual.passages(net) == ["a", "both", "top"]


def test_what_another_branch_has_made_passes_by_too():
    assert "fire2.expand3" not in usual.passages(squeezenet())
    net = Network([("a", Conv(2, 2, 1)), ("b", Conv(2, 2, 1)), ("c", Conv(2, 2, 1), "a"),
                   ("both", Concat(), ("b", "c"))], (2, 4, 4))
    assert usual.passages(net) == ["a", "both"]


def test_without_convolutions_the_last_layer():
    net = Network([("flat", Flatten()), ("fc", Linear(32, 2))], (2, 4, 4))
    assert usual.usual_layer(net) == "fc"


def test_which_maps_are_scores():
    net = squeezenet(5)
    assert [name for name in net.layers if usual.maps_are_scores(net, name)] == ["conv10", "relu10"]
    adding = Network(residual(1), (2, 4, 4))        # of two scores; each layer has two maps
    assert [name for name in adding.layers if usual.maps_are_scores(adding, name)] == ["b0", "sum0"]
    lab = models.labnet()
    assert not any(usual.maps_are_scores(lab, name) for name in lab.layers)
