"""The training on one page, in lesson 5: short, whole, and without the library's loop.

That it learns, and that without steps it guesses, the lesson asserts itself.
"""
from pathlib import Path

import pytest

from numpyzf.lessons import source

LESSON = Path(__file__).parent.parent / "tutorials" / "05-training.py"


@pytest.mark.small
def test_the_training_is_one_page_without_the_library_s_loop():
    (page,) = [cell.text for cell in source.read(LESSON).shown
               if cell.kind == "code" and "def train_net" in cell.text]
    assert len(page.splitlines()) <= 60
    for part in ("net.forward(", "net.backward(", "softmax_cross_entropy(", "momentum", "radius"):
        assert part in page
    every = LESSON.read_text(encoding="utf-8")
    assert "numpyzf.training" not in every and "train_run" not in every
