"""The filters of the first layer, which look at pixels and so are pictures themselves (the paper's Figure 6 compares them)."""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..layers import Conv


class Filters(NamedTuple):
    """The first layer's name and filters (F, C, K, K)."""
    layer: str
    w: np.ndarray


def compute(net):
    """Take a copy of the filters of a net's first layer. Raises ValueError if that is no convolution over 1 or 3 channels."""
    layer = next(iter(net.layers))
    if not isinstance(net.layers[layer], Conv) or net.input_shape[0] not in (1, 3):
        raise ValueError(f"the first layer, {layer}, is no convolution over 1 or 3 channels of pixels: it has no filters to look at")
    return Filters(layer, net.layers[layer].params["w"].copy())


def draw(result):
    """Draw Filters side by side, zero as mid-gray and each one scaled on its own; returns a matplotlib figure."""
    image = plots.filters_image(result.w)
    with plots.style():
        figure = plots.figure(6.5, 6.5 * image.shape[0] / image.shape[1])
        plots.show(figure.subplots(), image)
    return figure
