"""The deconvnet lab: what its prose says is so; the student's functions make its figure."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import plots, runs
from numpyzf.deconvnet import project
from numpyzf.labs.deconvnet import draw, solution

UNIT = "conv2", (0, 0, 0, 0)


@pytest.mark.small
def test_the_predictions_come_true():
    net, trace = solution.four_units([[0, 1], [0.5, 0.25]])
    at_the_pixel = [project(net, trace, *UNIT, rule=rule, seed=1)[0, 0, 1]
                    for rule in ("gradient", "deconvnet", "guided")]
    assert tuple(at_the_pixel) == solution.at_the_pixel
    assert project(net, trace, *UNIT)[0, 0, 1] == 18
    assert net.parameters["conv2.b"] == 1
    net.parameters["conv2.b"][...] = 3
    raised = net.forward(trace["input"])
    assert raised["conv2"].item() == 8
    assert project(net, raised, *UNIT)[0, 0, 1] == solution.with_bias


def test_a_projection_is_zero_outside_of_the_cone():
    """Tasks 2.2 and 3.2 fit together, in a net with padding and pools that hang over the edge."""
    net = runs.pretrained().net
    x = np.random.default_rng(0).standard_normal((1, *net.input_shape), np.float32)
    trace = net.forward(x, until="conv3")
    unit = 0, int(trace["conv3"][0, :, 0, -1].argmax()), 0, trace["conv3"].shape[3] - 1
    rows, columns = (slice(*draw.seen(solution, net, "conv3", axis, unit[axis])) for axis in (2, 3))
    assert (rows, columns) == net.cone("conv3", *unit[2:])
    pixels = solution.project(net, trace, "conv3", unit, "deconvnet")
    assert pixels.any()
    pixels[:, rows, columns] = 0
    assert not pixels.any()


def test_the_figure_is_made_by_the_student_s_functions():
    asked = []

    def project(net, trace, layer, unit, rule):
        asked.append((layer, rule))
        return solution.project(net, trace, layer, unit, rule)

    def cone(place, windows, sizes):
        asked.append("cone")
        return solution.cone(place, windows, sizes)

    figure = draw.draw(SimpleNamespace(project=project, cone=cone))
    pairs = {(layer, rule) for layer in draw.LAYERS for rule in draw.RULES}
    assert set(asked) == pairs | {"cone"}
    assert len(figure.axes) == len(draw.CLASSES) * (1 + len(pairs))
    assert plots.png_bytes(figure, dpi=40)[:4] == b"\x89PNG"
