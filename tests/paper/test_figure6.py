"""Figure 6 on nets and waves made so that the answer is known: which filters are dead, what is aliased, what is independent."""
import numpy as np
import pytest

from numpyzf.paper import figure6
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network


def waves(periods, size=64, rows=0.0):
    """A map that goes up and down so many periods per pixel along its columns, and `rows` along its rows: (size, size)."""
    i, j = np.indices((size, size))
    return np.sin(2 * np.pi * (periods * j + rows * i) + 0.3)


@pytest.mark.small
@pytest.mark.parametrize("across, down, stride, share", [
    (1 / 16, 0, 4, 0), (3 / 16, 0, 4, 1), (0, 3 / 16, 4, 1), (1 / 16, 3 / 16, 4, 1), (3 / 16, 0, 2, 0), (5 / 16, 0, 2, 1), (7 / 16, 7 / 16, 1, 0),
    (0.1, 0.1, 4, 0)])      # finer than 1/8 on the diagonal, but not along either axis: told apart
def test_a_wave_too_fine_for_the_stride_is_aliased(across, down, stride, share):
    folded, total = figure6.aliased_energy(np.float32(waves(across, rows=down))[None, None], stride)
    assert abs(folded[0] / total[0] - share) < 0.01         # the fading edge blurs its frequency


@pytest.mark.small
def test_what_is_called_aliased_is_a_coarser_wave_when_subsampled():
    """3/16 and 1/16 periods per pixel differ; at every fourth pixel they are the same, but for the sign of the time."""
    x = np.arange(64)
    fine, coarse = np.cos(2 * np.pi * 3 / 16 * x), np.cos(2 * np.pi * 1 / 16 * x)
    assert np.abs(fine - coarse).max() > 1
    np.testing.assert_allclose(fine[::4], coarse[::4], atol=1e-12)


@pytest.mark.small
def test_energies_add_and_the_mean_does_not_count():
    """Map 0: amplitude 1 too fine, 3 not, so a tenth of the energy; map 1: all of it; images count by their energy."""
    maps = np.zeros((2, 2, 64, 64))
    maps[0, 0] = 1 * waves(3 / 16) + 3 * waves(1 / 16) + 100
    maps[:, 1] = waves(5 / 16) - 7
    folded, total = figure6.aliased_energy(maps, 4)
    np.testing.assert_allclose(folded / total, [0.1, 1], atol=0.002)
    maps[1, 0] = 3 * waves(1 / 16)
    folded, total = figure6.aliased_energy(maps, 4)
    np.testing.assert_allclose(folded / total, [1 / 19, 1], atol=0.002)


@pytest.mark.small
def test_independent_maps_are_counted(rng):
    x = np.linalg.qr(rng.standard_normal((100, 5)) - 0)[0].T                          # five that are orthogonal
    assert figure6.independent(x @ x.T) == pytest.approx(5)
    strengths = np.array([1, 10, 0.01, 3, 5])[:, None]
    assert figure6.independent((strengths * x) @ (strengths * x).T) == pytest.approx(5)     # not by how strong they are
    groups = x[[0, 0, 1, 1, 2, 2]] * np.array([1, -2, 3, 4, 5, 6])[:, None]                 # the opposite tells the same
    assert figure6.independent(groups @ groups.T) == pytest.approx(3)
    assert figure6.independent(np.ones((4, 4))) == pytest.approx(1)
    assert figure6.independent(np.diag([1, 2, 0])) == pytest.approx(2)
    assert figure6.independent(np.zeros((3, 3))) == 0


def planted(stride=4):
    """Five filters of 3×3: a copy, the same once more, three times larger, one too weak to be more than noise, one that can't fire,
    one that is zero. conv2 has a map that copies the first, and one the third."""
    net = Network([("conv1", Conv(1, 5, 3, stride=stride, pad=1)), ("relu1", ReLU()), ("conv2", Conv(5, 2, 1)), ("flatten", Flatten()),
                   ("fc8", Linear(2 * (32 // stride) ** 2, 2))], (1, 32, 32))
    w = net.layers["conv1"].params["w"]
    w[:, 0, 1, 1] = 0.15, 0.45, 0.045, 1, 0        # RMS a third of it: 0.05, 0.15, 0.015, 1/3, 0
    net.layers["conv1"].params["b"][...] = 0, 0, 0, -1000, 0
    net.layers["conv2"].params["w"][:, :, 0, 0] = [[1, 0, 0, 0, 0], [0, 0, 2, 0, 0]]
    net.layers["fc8"].params["b"][...] = 1, 0      # all images are of class 0
    return net


def prepare(images):
    return images.astype(np.float32) - 100


def pictures(periods, count=6):
    return np.repeat((100 + 90 * waves(periods, 32)).round().astype(np.uint8)[None, None], count, axis=0)


def measure(periods=3 / 16, stride=4, count=6, **options):
    return figure6.compute(planted(stride), pictures(periods, count), np.array([0, 1, 0] * (count // 3)), prepare, **options)


def test_the_planted_net():
    result = measure()
    np.testing.assert_array_equal(result.silent, [False, False, False, True, True])
    np.testing.assert_array_equal(result.unmoved, [False, False, True, False, True])
    np.testing.assert_array_equal(result.dead, [False, False, True, True, True])
    np.testing.assert_allclose(result.rms, [0.05, 0.15, 0.015, 1 / 3, 0], rtol=1e-6)
    assert result.spread == pytest.approx((1 / 3) / 0.05)
    assert result.stride == 4 and result.accuracy == pytest.approx(4 / 6)
    assert result.different == pytest.approx(1)                             # all that vary are the same map
    assert result.bands[0, 2] > 0.79 and not result.bands[4].any()          # dots: every frequency; nothing


@pytest.mark.parametrize("periods, stride, share", [(3 / 16, 4, 1), (3 / 16, 2, 0), (1 / 16, 4, 0), (5 / 16, 2, 1)])
def test_aliasing_of_a_net_on_waves(periods, stride, share):
    aliased = measure(periods, stride).aliased
    np.testing.assert_allclose(aliased[:4], share, atol=0.02)
    assert aliased[4] == 0                                                  # a filter that is zero has no variation


def test_the_second_layer_is_projected():
    """Map 1 is fired by the third filter: twice its output. A unit copies a pixel that is 190 at most, 90 above the mean."""
    result = measure(1 / 16, 2, k=2)
    assert result.second.layer == "conv2" and result.second.values.shape == (2, 2)
    top = max(0.15 * (pictures(1 / 16)[0, 0, ::2, ::2].max() - 100.0), 0)
    assert result.second.values[list(result.second.channels).index(0), 0] == pytest.approx(top)
    assert result.second_high == pytest.approx(result.bands[0, 2])          # a projection is the filter, a dot


def test_images_beyond_the_first_batch_count_too():
    images = np.full((7, 1, 32, 32), 100, np.uint8)
    images[2, 0, 8, 8] = 200
    result = figure6.compute(planted(), images, np.zeros(7, int), prepare, batch=2)
    np.testing.assert_array_equal(result.silent, [False, False, False, True, True])
    assert result.aliased[0] > 0.5                                          # a dot is mostly too fine


def test_responses_of_all_batches_count():
    """Three images of a coarse wave, then three of a fine one, equally strong: half of the energy is aliased."""
    images = np.concatenate([pictures(1 / 16, 3), pictures(3 / 16, 3)])
    result = figure6.compute(planted(), images, np.zeros(6, int), prepare, batch=3)
    np.testing.assert_allclose(result.aliased[:4], 0.5, atol=0.02)


def test_a_mean_is_no_relation(rng):
    """A filter that copies a pixel and one that copies its neighbor, on bright noise: two things, though both are always large."""
    net = planted(1)
    net.layers["conv1"].params["w"][...] = 0
    net.layers["conv1"].params["w"][[0, 1], 0, 1, [1, 2]] = 1
    result = figure6.compute(net, rng.integers(150, 250, (6, 1, 32, 32), np.uint8), np.zeros(6, int), prepare)
    assert result.different == pytest.approx(2, abs=0.01)


def test_drawings():
    results = {"one": measure(stride=2), "two": measure(stride=4)}
    figure = figure6.draw(results)
    assert [axes.get_title("left") for axes in figure.axes] == [f"{name}: largest RMS 6.7 times the median, 3 of 5 dead" for name in results]
    assert figure.axes[0].images[0].get_array().shape == (45, 5 * (45 + 4) - 4)
    second = figure6.draw_second(results)
    assert len([axes for axes in second.axes if axes.images]) == 2 * 2 * 2
    measures = figure6.draw_measures({"one": [results["one"]] * 2, "two": [results["two"]]})
    assert [axes.get_xlabel().split("\n")[0] for axes in measures.axes] == ["largest RMS / median", "dead filters", "energy in middle",
                                                                            "aliased energy (%)", "independent maps"]
    np.testing.assert_allclose(measures.axes[1].lines[0].get_xdata(), [3, 3])
    assert [label.get_text() for label in measures.axes[0].get_yticklabels()] == ["one", "two"]


def test_filters_of_one_net_share_a_scale_and_come_strongest_first():
    w = np.zeros((2, 1, 3, 3), np.float32)
    w[0], w[1] = 0.1, -1
    image = figure6._filters_image(w)
    np.testing.assert_allclose([image[0, 0], image[0, -1]], [0.55, 0])
    drawn = figure6.draw({"net": measure()}).axes[0].images[0].get_array()
    assert drawn[22, 22] == 1 and drawn[22, -22] == 0.5                     # the strongest at the left, the zero filter at the right


def with_spread(*spreads):
    return [measure(count=3)._replace(rms=np.array([1, 1, 1, 1, spread])) for spread in spreads]


@pytest.mark.parametrize("small, free, holds", [((1.5, 1.5), (2.1, 2.1), True), ((1.5, 2.5), (2.1, 2.4), False),     # each with its own
                                                ((1.5, 1.5), (2.1, 1.9), False)])
def test_the_claim_about_renormalization(small, free, holds):
    results = {figure6.SMALL: with_spread(*small), figure6.FREE: with_spread(*free), figure6.LARGE: []}
    claim = figure6._claim(results, *figure6.CLAIMS[0])
    assert (claim.verdict == "holds") == holds and claim.measured.count("2 seeds") == 2
    assert f"{np.mean(free):.2f} ±" in claim.measured


def test_the_claims_about_size():
    """The larger filters with a smaller share of middle frequencies, more dead, more aliasing, fewer things told, less accurate."""
    better = measure(count=3)
    worse = better._replace(bands=0.9 * better.bands, silent=np.ones(5, bool), aliased=better.aliased * 2, different=0.5, accuracy=0.1)
    for small, large, holds in (better, worse, True), (worse, better, False), (better, better, False):       # equal is not better
        results = {figure6.SMALL: [small] * 2, figure6.FREE: [], figure6.LARGE: [large] * 2}
        assert [figure6._claim(results, *row).verdict == "holds" for row in figure6.CLAIMS[1:]] == [holds] * 5


@pytest.mark.parametrize("layers", [[("flatten", Flatten())], [("conv1", Conv(1, 2, 3)), ("conv2", Conv(2, 2, 3))],
                                    [("conv1", Conv(1, 2, 3)), ("relu1", ReLU()), ("flatten", Flatten())]])
def test_refuses_other_nets(layers):
    with pytest.raises(ValueError, match="convolution"):
        figure6.compute(Network(layers, (1, 32, 32)), pictures(0.1), np.zeros(6, int), prepare)


def test_refuses_no_images():
    with pytest.raises(ValueError, match="no images"):
        figure6.compute(planted(), pictures(0.1)[:0], np.zeros(0, int), prepare)
