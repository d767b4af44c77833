"""The training on one page: short, whole, and it learns."""
import runpy
from pathlib import Path

PAGE = Path(__file__).parent.parent / "tutorials" / "one_page.py"


def test_it_is_one_page_without_the_library_s_loop():
    text = PAGE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert not any(name in text for name in ("train_run", "train_step", "training.train("))


def test_it_learns(capsys):
    """Ten classes of equal size: chance is 10 %. One pass over 3,000 images gets well above."""
    accuracy = runpy.run_path(PAGE)["main"](count=3000, epochs=1)
    assert accuracy > 0.6
    out = capsys.readouterr().out
    assert "epoch 1: mean loss" in out and f"{accuracy:.1%} of 2,000 test images" in out


def test_it_starts_at_chance(capsys):
    """What it learns comes from the steps: without any, it guesses."""
    assert runpy.run_path(PAGE)["main"](epochs=0) < 0.25
