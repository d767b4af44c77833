"""Verdicts and choices of images on hand-made results of Figure 7."""
import numpy as np
import pytest
from figure7_planted import blank, image, planted

from numpyzf.data.scenes import Scenes
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS
from numpyzf.paper.figure7 import report
from numpyzf.paper.figure7.measure import Score


def test_examples_are_those_that_change_most_one_of_a_class():
    results = [blank(probability=probability, label=label)
               for probability, label in [(0.8, 0), (0.2, 1), (0.1, 1), (0.9, 2), (0.4, 3)]]
    assert report.most_changed(results, np.array([10, 11, 12, 13, 14])) == [12, 14, 10]
    assert report.most_changed(results[:1], np.array([10])) == [10]


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


def verdicts(scores):
    return [claim.verdict for claim in report.claims(scores)]


@pytest.mark.parametrize("change, falls", [({}, None),
                                           ({"outside": np.array([0.3, 0.6, 0.2])}, 0),
                                           ({"covered": np.array([0.4, 0.4, 0.39])}, 1),
                                           ({"on_object": np.array([3.0, 2.1, np.nan])}, 2)])
def test_one_wrong_number_with_one_seed_is_enough(change, falls):
    scores = [ideal(), ideal()._replace(**change)]
    assert verdicts(scores) == [DOES_NOT_HOLD if i == falls else HOLDS for i in range(3)]


def test_what_was_measured_is_said():
    drop, projection, part = (claim.measured for claim in report.claims([ideal(), ideal()]))
    assert drop == ("mean drop, square on the object 40.0 ± 0.0 points (2 seeds), off it "
                    "10.0 ± 0.0 points (2 seeds); 60 ± 0 % (2 seeds) of the drop lies on the "
                    "object, which has 20 ± 0 % (2 seeds) of the places; 3 images or more per seed")
    assert projection == ("drop of the map's sum, square on most of the projection's energy "
                          "60 ± 0 % (2 seeds), at an average place 20 ± 0 % (2 seeds)")
    assert part.startswith("distance of the minimum to the nearest part 1.5 ± 0.0 px (2 seeds), of "
                           "an average place on the object 3.5 ± 0.0 px (2 seeds)")
