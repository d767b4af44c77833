"""Figure 4 on filters and nets that change at a known epoch."""
import numpy as np
import pytest

from numpyzf import data, runs, training
from numpyzf.geometry import ReceptiveField
from numpyzf.layers import Conv
from numpyzf.network import Network
from numpyzf.paper.claims import (BY_CONSTRUCTION, DOES_NOT_HOLD, HOLDS, NOT_DECIDED,
                                  NOT_TESTABLE)
from numpyzf.paper.figure4.draw import draw, draw_courses
from numpyzf.paper.figure4.measure import Course, before_training, course, measure, settled
from numpyzf.paper.figure4.report import claims, sections
from numpyzf.runs import Run


def prepare(images):
    return images.astype(np.float32)


def net(*weights):
    """One layer of 1×1 filters over three colors, one map per row of weights."""
    made = Network([("conv1", Conv(3, len(weights), 1))], (3, 8, 8))
    made.layers["conv1"].params["w"][:, :, 0, 0] = weights
    return made


def run_of(*weights):
    return Run(net(*weights), prepare, ())


def colored():
    """Image 0 has a red pixel, image 1 a green one, image 2 one that is a little of both."""
    images = np.zeros((3, 3, 8, 8), np.uint8)
    images[0, :, 1, 1], images[1, :, 5, 6] = (200, 0, 0), (0, 200, 0)
    images[2, :, 3, 2] = 90, 90, 0
    return images


# Map 0 turns from red to green after the second epoch. Map 1 keeps to red. Map 2 doesn't fire at
# first.
START = net([0, 0, 1], [0, 0, 0], [0, 0, 0])
RUNS = [run_of([1, 0, 1], [1, 0, 0], [-1, -1, 0]), run_of([0.8, 0.6, 1], [2, 0, 0], [1, 0, 0]),
        run_of([0.6, 0.8, 1], [2, 0, 0], [0, 1, 0]), run_of([0, 1, 1], [3, 0, 0], [0, 1, 0])]


@pytest.fixture
def evolution():
    (found,) = measure(RUNS, START, colored())
    return found


# ---- numbers ------------------------------------------------------------------------------------

@pytest.mark.small
def test_the_strongest_image_at_each_epoch(evolution):
    assert evolution.layer == "conv1" and evolution.field == ReceptiveField(1, 1, 0)
    found = evolution.found
    np.testing.assert_array_equal([epoch.units[0, 0] for epoch in found],
                                  [[0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 5, 6], [1, 0, 5, 6]])
    np.testing.assert_array_equal([epoch.units[1, 0, 0] for epoch in found], 0)
    np.testing.assert_allclose([epoch.values[0, 0] for epoch in found], [200, 160, 160, 200])
    np.testing.assert_array_equal(found[2].patches[0, 0, :, 0, 0], [0, 200, 0])
    np.testing.assert_allclose(found[1].projections[0, 0, :, 0, 0], 160 * np.array([0.8, 0.6, 1]),
                               rtol=1e-6)


@pytest.mark.small
def test_the_course_known_by_hand(evolution):
    """Two maps fire always. Blue was in the weights from the start and counts as no change."""
    found = course(evolution)
    np.testing.assert_array_equal(found.images, [0.5, 0.5, 1, 1])
    v = np.array([[1, 0, 1], [0.8, 0.6, 1], [0.6, 0.8, 1], [0, 1, 1]])
    np.testing.assert_allclose(found.pictures, (v @ v[-1] / 2 + 1) / 2, rtol=1e-5)
    steps = 1 - (v[1:] * v[:-1]).sum(axis=1) / 2
    np.testing.assert_allclose(found.jump_with_image, steps[1], atol=1e-6)
    np.testing.assert_allclose(found.jump_without_image, (steps[0] + steps[2] + 0 + 0 + 0) / 5,
                               atol=1e-6)
    np.testing.assert_allclose(found.new_images, 1 / 6)
    change = np.array([[1, 0, 0, 1, 0, 0, -1, -1, 0], [0.8, 0.6, 0, 2, 0, 0, 1, 0, 0],
                       [0.6, 0.8, 0, 2, 0, 0, 0, 1, 0], [0, 1, 0, 3, 0, 0, 0, 1, 0]])
    length = np.linalg.norm(change, axis=1)
    np.testing.assert_allclose(found.filters, change @ change[-1] / length / length[-1], rtol=1e-5)


def numbers(found):
    """All that a Course says of projections and images."""
    return [*found.pictures, *found.images, found.jump_with_image, found.jump_without_image,
            found.new_images]


@pytest.mark.small
def test_maps_that_never_fire_give_no_course():
    dark = [run_of([-1, 0, 0]), run_of([-1, -1, 0])]
    (evolution,) = measure(dark, START, colored())
    found = course(evolution._replace(filters=np.array([[0, 1.0], [0, 2.0]])))
    np.testing.assert_array_equal(found.filters, [1, 1])
    assert np.isnan(numbers(found)).all()


def test_one_epoch_is_its_own_end():
    (evolution,) = measure(RUNS[:1], START, colored())
    found = course(evolution)
    np.testing.assert_allclose([found.filters, found.pictures, found.images], 1, rtol=1e-6)
    assert np.isnan(numbers(found)[2:]).all()
    assert len(draw([evolution], [1]).axes) == 1
    draw_courses([[found]], [1])


@pytest.mark.parametrize("series, epoch", [
    ([0.1, 0.8, 1, 0.95, 1], 3.5), ([0.95, 0.91, 0.95, 1, 1], 1), ([0.95, 0.5, 0.7, 1.1, 1], 7.5),
    ([0.9, 0.9, 0.9, 1, 1], 5), ([1, 1, 1, 0.9, 1], np.inf), ([np.nan] * 5, np.inf)])
def test_settled(series, epoch):
    assert settled([1, 2, 5, 10, 11], series, 0.9) == epoch


def test_the_end_is_like_itself_and_settles_nothing():
    """0.36 at the last epoch before it: the layer has not settled, however near the end is."""
    assert settled([1, 25, 30], [0.1, 0.36, 1], 0.9) == np.inf
    assert settled([30], [1], 0.9) == np.inf


def test_before_training_is_where_training_began(tmp_path, rng):
    images, labels = rng.integers(0, 256, (40, 1, 28, 28), np.uint8), np.arange(40) % 4
    run = runs.train_run(tmp_path / "run", data=data.Dataset(images, labels, tuple("abcd")),
                         recipe=training.Recipe(epochs=1, rate=1e-12), seed=3,
                         report=lambda text: None)
    start, other = before_training(run, labels, 3), before_training(run, labels, 4)
    for name, value in start.parameters.items():
        np.testing.assert_allclose(value, run.net.parameters[name], atol=1e-9)
    w = start.parameters["conv2.w"]
    assert np.abs(other.parameters["conv2.w"] - w).max() > 0.01
    assert start is not run.net and w is not run.net.parameters["conv2.w"]


# ---- the pictures -------------------------------------------------------------------------------

@pytest.mark.small
def test_drawing_frames_what_is_of_another_image(evolution):
    """Of the two most active maps, 1 keeps its image, and that of 0 changes at the third epoch."""
    figure = draw([evolution, evolution], [1, 2, 3, 5], maps=2, shown=(1, 3))
    assert len(figure.axes) == 2
    first = figure.axes[0]
    texts = [text.get_text() for text in first.texts]
    epochs = [text for text in first.texts if text.get_text().startswith("epoch")]
    assert [text.get_text() for text in epochs] == ["epoch 1", "epoch 3", "epoch 5"]
    assert [text for text in texts if text.startswith("map")] == ["map 1", "map 0"]
    assert "conv1" in texts
    (frame,) = first.patches
    pixels = np.asarray(first.images[0].get_array())
    height, width = pixels.shape[:2]
    places = [text.get_position()[0] / width for text in epochs]
    np.testing.assert_allclose(places, [1 / 6, 1 / 2, 5 / 6], atol=0.02)    # the columns' middles
    # The frame is the right half of the second of three columns, in the lower row.
    left, top = (frame.get_x() + 0.5) / width, (frame.get_y() + 0.5) / height
    assert 0.5 < left < 0.55 and 0.5 < top < 0.55
    row = int(frame.get_y() + frame.get_height() / 2)
    column = int(frame.get_x() + frame.get_width() / 2)
    np.testing.assert_allclose(pixels[row, column], [0, 200 / 255, 0])
    assert figure.get_size_inches()[0] <= 9


def test_courses_are_drawn_as_means_over_seeds(evolution):
    found = course(evolution)
    other = found._replace(images=found.images - 0.5)
    figure = draw_courses([[found, found._replace(layer="conv2")], [other, other]], [1, 2, 5, 10])
    filters, pictures, images = figure.axes
    np.testing.assert_allclose(images.lines[0].get_ydata(), [25, 25, 75, 75])
    np.testing.assert_allclose(pictures.lines[0].get_ydata(), found.pictures)
    np.testing.assert_array_equal(filters.lines[0].get_xdata(), [1, 2, 5, 10])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["conv1", "conv2"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch"] * 3
    assert [axes.lines[-1].get_ydata()[0] for axes in figure.axes] == [0.9, 0.9, 50]


# ---- words and verdicts -------------------------------------------------------------------------

EPOCHS = [1, 2, 5, 10, 12]


def series(settles):
    return np.array([0.2 if epoch < settles else 0.95 for epoch in EPOCHS[:-1]] + [1])


def courses():
    """Two seeds in which all is as the paper says.

    The higher the layer, the later it settles; where images change, pictures jump.
    """
    return [[Course(f"conv{i}", series(at), series(at), series(at), 0.8, 0.2, 0.4)
             for i, at in enumerate((1, 1, 2, 5, 10), 1)] for _ in range(2)]


@pytest.mark.small
def test_claims_follow_from_the_courses():
    found = claims(courses(), EPOCHS, 2000)
    assert [claim.verdict for claim in found] == [HOLDS] * 3 + [BY_CONSTRUCTION, NOT_TESTABLE]
    assert found[0].measured == (
        "conv1: 1.0 and 1.0; conv2: 1.0 and 1.0; conv3: 1.9 and 1.9; conv4: 4.8 and 4.8; "
        "conv5: 9.7 and 9.7 (epoch of 12, interpolated) (2 seeds).")
    assert "more than 50 % of the maps" in found[2].paper
    assert "a cosine above 0.9 with" in found[0].paper
    assert found[3].measured.startswith(
        "conv2: 0.80 against 0.20, and the image changes in 40 % of cases; conv3")
    assert "here there are 2,000 images" in found[4].measured


@pytest.mark.small
@pytest.mark.parametrize("number, name", [(0, "filters"), (1, "pictures"), (2, "images")])
def test_one_seed_in_which_a_low_layer_settles_late_leaves_it_open(number, name):
    mixed = courses()
    mixed[1][1] = mixed[1][1]._replace(**{name: series(12)})
    verdicts = [claim.verdict for claim in claims(mixed, EPOCHS, 2000)]
    expected = [NOT_DECIDED if i == number else HOLDS for i in range(3)]
    assert verdicts == [*expected, BY_CONSTRUCTION, NOT_TESTABLE]


@pytest.mark.small
def test_layers_that_never_settle_are_all_alike():
    """Only the end is above the limit: nothing settles before anything else."""
    restless = [[layer._replace(filters=series(12), pictures=series(12), images=series(12))
                 for layer in of_seed] for of_seed in courses()]
    found = claims(restless, EPOCHS, 2000)
    assert [claim.verdict for claim in found[:3]] == [NOT_DECIDED] * 3
    assert "conv5: not before the end and not before the end" in found[0].measured


@pytest.mark.small
def test_upper_layers_that_settle_first_contradict_the_paper():
    upside_down = [of_seed[::-1] for of_seed in courses()]
    verdicts = [claim.verdict for claim in claims(upside_down, EPOCHS, 2000)]
    assert verdicts[:3] == [DOES_NOT_HOLD] * 3


@pytest.mark.small
def test_pictures_that_jump_where_the_image_stays_would_be_a_mistake():
    wrong = courses()
    wrong[1][1] = wrong[1][1]._replace(jump_with_image=0.2, jump_without_image=0.3)
    assert claims(wrong, EPOCHS, 2000)[3].verdict == DOES_NOT_HOLD


@pytest.mark.parametrize("rates, words", [
    ((0.01, 0.01), "the rate never fell."),
    ((0.01, 0.001), "the rate fell before epoch 2 to 0.001.")])
def test_the_words_say_when_the_rate_fell(rates, words):
    history = [{"epoch": epoch, "rate": rate} for epoch, rate in enumerate(rates, 1)]
    pictures, curves, images = sections(None, history, courses(), EPOCHS)
    assert words in curves.text
    assert images.rows[0] == ("layer", "epoch 1", "epoch 2", "epoch 5", "epoch 10",
                              "epoch 12")
    assert images.rows[3] == ("conv3", "20 %", "95 %", "95 %", "95 %", "100 %")
    assert pictures.alt and curves.alt
