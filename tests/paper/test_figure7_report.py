"""Verdicts and choices of images on hand-made results of Figure 7."""
import numpy as np
import pytest
from figure7_planted import blank, image, planted

from numpyzf.data.scenes import Scenes
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.figure7 import report
from numpyzf.paper.figure7.measure import Score


def test_examples_are_those_that_change_most_one_of_a_class():
    results = [blank(probability=probability, label=label)
               for probability, label in [(0.8, 0), (0.2, 1), (0.1, 1), (0.9, 2), (0.4, 3)]]
    assert report.most_changed(results, np.array([10, 11, 12, 13, 14])) == [12, 14, 10]
    assert report.most_changed(results[:1], np.array([10])) == [10]


def test_images_drawn_at_random_are_others_and_always_the_same():
    rows = np.arange(10, 30)
    drawn = report.some_others(rows, [12, 15, 20])
    assert len(set(drawn) - {12, 15, 20}) == report.RANDOM and set(drawn) <= set(rows)
    assert drawn.tolist() == report.some_others(rows, [12, 15, 20]).tolist()
    assert report.some_others(np.array([4, 9]), [9]).tolist() == [4]
    assert drawn.max() > 12 + report.RANDOM             # and not the first ones that are left


def some_scenes(labels):
    """The planted net takes the image for class 0; all scenes show it."""
    count = len(labels)
    parts = {"stem": np.tile([3.0, 4.0, 1.0], (count, 1)), "tip": np.full((count, 3), np.nan)}
    return Scenes(np.stack([image()] * count), np.array(labels), ("fruit", "wheel"),
                  np.ones((count, 20, 24), bool), parts)


def test_images_whose_answer_is_right():
    rows = np.array([1, 2, 3])
    assert report.known_images(planted(), some_scenes([0, 1, 0, 1]), rows).tolist() == [2]
    assert report.known_images(planted(), some_scenes([0, 1, 1, 1]), rows).tolist() == [1, 2, 3]


def test_parts_that_are_there_of_objects_without_symmetry():
    test = some_scenes([0, 1])
    assert report.parts_of(test, 0).tolist() == [[3, 4]]
    assert report.parts_of(test, 1).shape == (0, 2)


def ideal():
    """Three images with which all that the paper says is true; of the last, no part is known."""
    return Score(inside=np.array([0.3, 0.4, 0.5]), outside=np.array([0.1, 0.1, 0.1]),
                 share=np.array([0.6, 0.6, 0.6]), area=np.array([0.2, 0.2, 0.2]),
                 part=np.array([1.0, 2.0, np.nan]), on_object=np.array([3.0, 3.9, np.nan]),
                 covered=np.array([0.5, 0.6, 0.7]), anywhere=np.array([0.2, 0.2, 0.2]))


def nothing():
    """A net that looks for nothing: no difference, wherever the square is."""
    return ideal()._replace(outside=np.array([0.3, 0.4, 0.5]), on_object=np.array([1, 2, np.nan]),
                            anywhere=np.array([0.25, 0.3, 0.35]))


def verdicts(scores, before=None):
    before = before or [nothing()] * len(scores)
    return [claim.verdict for claim in report.claims(scores, before)]


@pytest.mark.parametrize("change, wrong", [({}, None),
                                           ({"outside": np.array([0.8, 0.7, 0.9])}, 0),
                                           ({"anywhere": np.array([0.5, 0.6, 0.7])}, 1),
                                           ({"on_object": np.array([0.2, 0.2, np.nan])}, 2)])
def test_a_number_that_is_wrong_with_both_seeds_is_enough_and_with_one_leaves_it_open(
        change, wrong):
    good, bad = ideal(), ideal()._replace(**change)
    for scores, verdict in (([bad, bad], DOES_NOT_HOLD), ([good, bad], NOT_DECIDED)):
        assert verdicts(scores) == [verdict if i == wrong else HOLDS for i in range(3)]


def test_a_net_that_was_not_trained_passes_nothing():
    assert verdicts([nothing()] * 3) == [NOT_DECIDED] * 3


def test_what_a_net_shows_before_training_was_not_learned():
    """But for the second claim, which says that it is no matter of training."""
    assert verdicts([ideal()] * 3, [ideal()] * 3) == [NOT_DECIDED, HOLDS, NOT_DECIDED]


def test_images_that_differ_as_much_decide_nothing():
    """2.6 points more on average, and 5 points from image to image: four images are too few."""
    drops = 0.026 + 0.05 * np.array([1, -1, 1, -1])
    few = Score(*(np.full(4, np.nan) for _ in range(8)))._replace(inside=drops, outside=0 * drops)
    many = Score(*(np.tile(field, 25) for field in few))
    before = [many._replace(inside=many.outside)] * 2
    assert verdicts([few] * 2, before)[0] == NOT_DECIDED
    assert verdicts([many] * 2, before)[0] == HOLDS


def test_what_was_measured_is_said():
    drop, projection, part = (claim.measured for claim in
                              report.claims([ideal()] * 2, [nothing()] * 2))
    assert drop == ("mean drop, square on the object 40.0 points, off it 10.0 points; 60 % of the "
                    "drop lies on the object, which has 20 % of the places; before training "
                    "40.0 points and 40.0 points; 3 images or more per seed (2 seeds).")
    assert projection == ("drop of the map's sum, square on most of the projection's energy 60 %, "
                          "at an average place 20 %; before training 60 % and 30 % (2 seeds).")
    assert part.startswith("distance of the minimum to the nearest part 1.5 px, of an average "
                           "place on the object 3.5 px")
