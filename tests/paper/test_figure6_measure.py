"""Figure 6 on nets and waves made so that the answer is known.

Which filters are dead, what is aliased, what is independent?
"""
import numpy as np
import pytest
from figure6_planted import measured, pictures, planted, prepare, waves

from numpyzf.layers import Conv, Flatten, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.paper.figure6 import measure as figure6
from numpyzf.paper.figure6.measure import aliased_energy, independent, measure
from numpyzf.runs import Run

NO_LABELS = np.zeros(6, int)


@pytest.mark.small
@pytest.mark.parametrize("across, down, stride, share", [
    (1 / 16, 0, 4, 0), (3 / 16, 0, 4, 1), (0, 3 / 16, 4, 1), (1 / 16, 3 / 16, 4, 1),
    (3 / 16, 0, 2, 0), (5 / 16, 0, 2, 1), (7 / 16, 7 / 16, 1, 0),
    (0.1, 0.1, 4, 0)])      # finer than 1/8 on the diagonal, but not along either axis
def test_a_wave_too_fine_for_the_stride_is_aliased(across, down, stride, share):
    folded, total = aliased_energy(np.float32(waves(across, rows=down))[None, None], stride)
    assert abs(folded[0] / total[0] - share) < 0.01         # the fading edge blurs its frequency


@pytest.mark.small
def test_what_is_called_aliased_is_a_coarser_wave_when_subsampled():
    """3/16 and 1/16 periods per pixel differ; at every fourth pixel they are the same."""
    x = np.arange(64)
    fine, coarse = np.cos(2 * np.pi * 3 / 16 * x), np.cos(2 * np.pi * 1 / 16 * x)
    assert np.abs(fine - coarse).max() > 1
    np.testing.assert_allclose(fine[::4], coarse[::4], atol=1e-12)


@pytest.mark.small
def test_energies_add_and_the_mean_does_not_count():
    """Map 0: amplitude 1 too fine, 3 not, so a tenth of the energy; map 1: all of it.

    Images count by their energy.
    """
    maps = np.zeros((2, 2, 64, 64))
    maps[0, 0] = 1 * waves(3 / 16) + 3 * waves(1 / 16) + 100
    maps[:, 1] = waves(5 / 16) - 7
    folded, total = aliased_energy(maps, 4)
    np.testing.assert_allclose(folded / total, [0.1, 1], atol=0.002)
    maps[1, 0] = 3 * waves(1 / 16)
    folded, total = aliased_energy(maps, 4)
    np.testing.assert_allclose(folded / total, [1 / 19, 1], atol=0.002)


@pytest.mark.small
def test_independent_maps_are_counted(rng):
    x = np.linalg.qr(rng.standard_normal((100, 5)))[0].T            # five that are orthogonal
    assert independent(x @ x.T) == pytest.approx(5)
    strong = np.array([1, 10, 0.01, 3, 5])[:, None] * x             # not by how strong they are
    assert independent(strong @ strong.T) == pytest.approx(5)
    groups = x[[0, 0, 1, 1, 2, 2]] * np.array([1, -2, 3, 4, 5, 6])[:, None]
    assert independent(groups @ groups.T) == pytest.approx(3)       # the opposite tells the same
    assert independent(np.ones((4, 4))) == pytest.approx(1)
    assert independent(np.diag([1, 2, 0])) == pytest.approx(2)
    assert independent(np.zeros((3, 3))) == 0


def test_the_planted_net():
    result = measured()
    np.testing.assert_array_equal(result.silent, [False, False, False, True, True])
    np.testing.assert_array_equal(result.unmoved, [False, False, True, False, True])
    np.testing.assert_array_equal(result.dead, [False, False, True, True, True])
    np.testing.assert_allclose(result.rms, [0.05, 0.15, 0.015, 1 / 3, 0], rtol=1e-6)
    assert result.stride == 4 and result.accuracy == pytest.approx(4 / 6)
    assert result.different == pytest.approx(1)             # all that vary are the same map
    assert result.bands[0, 2] > 0.79                        # dots: every frequency
    assert not result.bands[4].any()                        # nothing


def test_one_number_per_net():
    result = measured()
    assert figure6.dominance(result) == pytest.approx((1 / 3) / 0.05)
    assert figure6.dead_filters(result) == 3
    assert figure6.middle_percent(result) == pytest.approx(100 * result.bands[:, 1].mean())
    assert figure6.aliased_percent(result) == pytest.approx(80, abs=2)      # four of five
    assert figure6.independent_maps(result) == pytest.approx(1)
    assert figure6.accuracy_percent(result) == pytest.approx(100 * 4 / 6)


@pytest.mark.parametrize("periods, stride, share", [(3 / 16, 4, 1), (3 / 16, 2, 0),
                                                    (1 / 16, 4, 0), (5 / 16, 2, 1)])
def test_aliasing_of_a_net_on_waves(periods, stride, share):
    aliased = measured(periods, stride).aliased
    np.testing.assert_allclose(aliased[:4], share, atol=0.02)
    assert aliased[4] == 0                                  # a filter that is zero doesn't vary


def test_the_second_layer_is_projected():
    """Map 1 is fired by the third filter: twice its output. A unit copies a pixel."""
    result = measured(1 / 16, 2, k=2)
    assert result.second.layer == "conv2" and result.second.values.shape == (2, 2)
    brightest = pictures(1 / 16)[0, 0, ::2, ::2].max()
    strongest = result.second.values[list(result.second.channels).index(0), 0]
    assert strongest == pytest.approx(0.15 * (brightest - 100.0))
    assert result.second_high == pytest.approx(result.bands[0, 2])      # the filter, a dot


def test_images_beyond_the_first_batch_count_too():
    images = np.full((7, 1, 32, 32), 100, np.uint8)
    images[2, 0, 8, 8] = 200
    result = measure(planted(), images, np.zeros(7, int), batch=2)
    np.testing.assert_array_equal(result.silent, [False, False, False, True, True])
    assert result.aliased[0] > 0.5                          # a dot is mostly too fine


def test_responses_of_all_batches_count():
    """Three images of a coarse wave, then three of a fine one: half of the energy is aliased."""
    images = np.concatenate([pictures(1 / 16, 3), pictures(3 / 16, 3)])
    result = measure(planted(), images, NO_LABELS, batch=3)
    np.testing.assert_allclose(result.aliased[:4], 0.5, atol=0.02)


def test_a_mean_is_no_relation(rng):
    """A filter copies a pixel, another its neighbor, on bright noise.

    They tell two things, though both are always large.
    """
    run = planted(1)
    w = run.net.layers["conv1"].params["w"]
    w[...] = 0
    w[[0, 1], 0, 1, [1, 2]] = 1
    result = measure(run, rng.integers(150, 250, (6, 1, 32, 32), np.uint8), NO_LABELS)
    assert result.different == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("layers", [
    [("flatten", Flatten())],
    [("pool1", MaxPool(2, stride=2)), ("relu1", ReLU()), ("conv1", Conv(1, 2, 3)),
     ("conv2", Conv(2, 2, 3))],
    [("conv1", Conv(1, 2, 3)), ("conv2", Conv(2, 2, 3))],
    [("conv1", Conv(1, 2, 3)), ("relu1", ReLU()), ("flatten", Flatten())]])
def test_refuses_other_nets(layers):
    run = Run(Network(layers, (1, 32, 32)), prepare, ())
    with pytest.raises(ValueError, match="begin with a convolution and a ReLU"):
        measure(run, pictures(0.1), NO_LABELS)


def test_refuses_no_images():
    with pytest.raises(ValueError, match="no images"):
        measure(planted(), pictures(0.1)[:0], NO_LABELS[:0])
