"""Tiles of large images, and whether what is said of their grids is so."""
import numpy as np
import pytest

from numpyzf import data, plots
from numpyzf.deconvnet import RULES, descend
from numpyzf.exchange.model import load_model
from numpyzf.layers import Conv, Rule
from numpyzf.look.many import project_many, top_activations
from numpyzf.network import Network
from numpyzf.tour import tiles


@pytest.mark.small
def test_a_second_rule_for_large_images_only():
    small, large = (Network([("conv1", Conv(1, 1, 3))], (1, side, 20)) for side in (100, 101))
    assert tiles.second_rule(small, "deconvnet") is None
    assert [tiles.second_rule(large, rule) for rule in ("deconvnet", "gradient", "guided")] == [
        "guided", "guided", "deconvnet"]


@pytest.mark.small
@pytest.mark.parametrize("side", [4, 2])
def test_pixels_are_magnified_or_averaged(side):
    x = np.array([[[1, 3], [-5, 8]]], np.float32)
    expected = x.repeat(2, axis=1).repeat(2, axis=2) if side == 4 else x
    np.testing.assert_array_equal(plots.fit(x, side), expected)
    grid = np.tile(np.array([[0, 4], [0, 0]], np.float32), (3, 8, 8))
    np.testing.assert_allclose(plots.fit(grid, 8), np.full((3, 8, 8), 1), rtol=1e-6)
    assert plots.fit(np.zeros((1, 10, 5)), 20).shape == (1, 20, 10)


@pytest.fixture(scope="module")
def projected():
    """The net, a trace of three photographs, and the strongest units of fire5 and fire9."""
    run = load_model()
    x = run.prepare(data.photographs()[:3])
    tops = top_activations(run.net, x, ["fire5", "fire9"], k=1)
    units = {layer: top.units[np.argsort(-top.values[:, 0])[:4], 0] for layer, top in tops.items()}
    return run.net, run.net.forward(x, until="fire9"), units


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
@pytest.mark.parametrize("layer", ["fire5", "fire9"])
def test_by_either_rule_every_fourth_row_and_column_gets_little(projected, rule, layer):
    """An even share would be 25 %; of ten photographs it was 9 to 11 %."""
    net, trace, units = projected
    energy = np.square(project_many(net, trace, layer, units[layer], rule=rule)[:]).sum(axis=(0, 1))
    assert energy[3::4].sum() < 0.15 * energy.sum()
    assert energy[:, 3::4].sum() < 0.15 * energy.sum()


def test_the_deconvnet_goes_on_to_units_that_did_not_fire(projected):
    net, trace, units = projected
    silent = trace["fire7.relu3"][units["fire9"][:, 0]] <= 0
    shares = []
    for rule in ("deconvnet", "guided"):
        kept, r = {}, np.zeros((4, *net.shapes["fire9"]), np.float32)
        r[(np.arange(4), *units["fire9"][:, 1:].T)] = 1
        descend(net, trace, {"fire9": r}, units["fire9"][:, 0], Rule(*RULES[rule]), kept)
        energy = np.square(kept["fire7.relu3"])
        shares.append(energy[silent].sum() / energy.sum())
    assert shares[0] > 0.5 and shares[1] == 0
