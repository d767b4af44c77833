"""What pictures say of a net and of a unit."""
import numpy as np
import pytest

from numpyzf import runs
from numpyzf.runs import Run
from numpyzf.tour import captions

pytestmark = pytest.mark.small
SETTINGS = {"model": "labnet", "data": "/home/me/my photos"}
HISTORY = [{"validation_accuracy": 0.1}, {"validation_accuracy": 0.746}]


@pytest.mark.parametrize("settings, history, name, text", [
    (SETTINGS, HISTORY, "r2", "r2 (labnet on my photos, 74.6% of the validation images right)"),
    (SETTINGS, [], "r2", "r2 (labnet on my photos)"),
    ({**SETTINGS, "data": None}, [], "r2", "r2 (labnet on images of its own)"),
    ({**SETTINGS, "test accuracy": 0.8}, HISTORY, None,
     "labnet on my photos (80.0% of the test images right)"),
    ({}, (), None, "a net"),
    ({}, (), "a\n\x1b", "a ?")])
def test_a_net_in_a_line(settings, history, name, text):
    assert captions.describe(Run(None, None, (), history, settings), name) == text


def test_the_net_that_comes_along():
    assert captions.describe(runs.pretrained(), "it") == \
        "it (labnet on cifar10, 81.5% of the test images right)"


@pytest.mark.parametrize("value, pixels, scores, text", [
    (1.0, [0, 2], False, ""), (1.0, [0, 0], False, "nothing\ncame down"),
    (0.0, [0, 0], False, "did not\nfire"), (-1.0, [0, -2], False, "did not\nfire"),
    (-1.0, [0, -2], True, "")])
def test_why_a_projection_is_flat(value, pixels, scores, text):
    assert captions.why_flat(value, np.array(pixels), scores) == text


def test_a_rule_without_a_name():
    assert captions.rule_name("guided") == "guided"
    assert captions.rule_name((True, False, True)) == "a rule of its own"
