"""The first layer's filters, as they are."""
import numpy as np
import pytest

from numpyzf import models, plots
from numpyzf.experiments import filters
from numpyzf.layers import Flatten, Linear
from numpyzf.network import Network


def test_filters_are_the_first_layers(rng):
    net = models.labnet((3, 32, 32)).initialize(rng)
    result = filters.compute(net)
    assert result.layer == "conv1"
    drawn = filters.draw(result).axes[0].images[0].get_array()
    np.testing.assert_array_equal(drawn, plots.filters_image(net.parameters["conv1.w"]))
    net.parameters["conv1.w"][...] = 0
    assert result.w.any()                                                   # a copy
    with pytest.raises(ValueError, match="flatten"):
        filters.compute(Network([("flatten", Flatten()), ("fc", Linear(4, 2))], (1, 2, 2)))
