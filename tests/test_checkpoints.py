"""Checkpoints: what is saved comes back to the bit, and a training goes on from one as if nothing
had happened. One that could not be written leaves the one before.
"""
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from numpyzf import runs, training
from numpyzf.layers import Conv, Dropout, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.checkpoints import load_checkpoint, save_checkpoint, write_npz
from numpyzf.training import Recipe, State, train

pytestmark = pytest.mark.small
RECIPE = Recipe(epochs=4, batch=8, rate=0.05, radius=0.5, patience=1, settle=1)


def build(about=None, filters=2):
    return Network([("conv1", Conv(1, filters, 3)), ("relu1", ReLU()), ("flatten", Flatten()),
                    ("drop1", Dropout()), ("fc2", Linear(16 * filters, 3))], (1, 6, 6))


def prepare(images, rng=None):
    x = images.astype(np.float32) / 255
    return x if rng is None else x + rng.standard_normal(x.shape, np.float32) / 10


def new_state(seed=0):
    rng = np.random.default_rng(seed)
    return State(build().initialize(rng), rng, RECIPE.rate)


@pytest.fixture
def data():
    rng = np.random.default_rng(9)
    images, labels = rng.integers(0, 256, (30, 1, 6, 6), np.uint8), rng.integers(0, 3, 30)
    return images[:20], labels[:20], (images[20:], labels[20:])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.npz"


@pytest.fixture
def saved(path, data):
    """The state after two epochs, saved."""
    return train(new_state(), *data, prepare=prepare, recipe=RECIPE._replace(epochs=2),
                 save=lambda state: save_checkpoint(path, state, {"note": "…"}))


def same(a, b):
    """All of two states is equal, bit for bit."""
    for x, y in ((a.net.parameters, b.net.parameters), (a.velocity, b.velocity)):
        assert list(x) == list(y)
        for name in x:
            np.testing.assert_array_equal(x[name], y[name], strict=True)
    assert (a.rate, a.history) == (b.rate, b.history)
    assert a.rng.bit_generator.state == b.rng.bit_generator.state


# ---- there and back -----------------------------------------------------------------------------

def test_what_is_saved_comes_back_to_the_bit(path, saved):
    mean = np.float32([[1, 2.5], [np.pi, 0]])
    save_checkpoint(path, saved, {"mean": mean, "classes": ["a", "ü"], "size": None, "scale": 0.1})
    state, about = load_checkpoint(path, build)
    same(state, saved)
    assert len(state.history) == 2 and any(value.any() for value in state.velocity.values())
    np.testing.assert_array_equal(about.pop("mean"), mean, strict=True)
    assert about == {"classes": ["a", "ü"], "size": None, "scale": 0.1}
    assert os.listdir(path.parent) == ["checkpoint.npz"]


def test_the_network_is_built_from_what_was_saved_about_it(path, saved):
    save_checkpoint(path, saved, {"filters": 2})
    load_checkpoint(path, lambda about: build(filters=about["filters"]))


def test_a_state_without_velocity_begins_with_none():
    state = new_state()
    assert list(state.velocity) == list(state.net.parameters)
    assert not any(value.any() for value in state.velocity.values())


# ---- stopped and started again ------------------------------------------------------------------

def run_on(state, data, path, prepare=prepare):
    return train(state, *data, prepare=prepare, recipe=RECIPE,
                 save=lambda state: save_checkpoint(path, state, {}))


# three steps and a validation, four calls of `prepare`, are an epoch
@pytest.mark.parametrize("stop", [1, 3, 4, 7, 8, 9])
def test_stopped_anywhere_and_started_again_gives_the_same_bits(path, data, stop):
    whole = run_on(new_state(), data, path.with_name("whole.npz"))
    calls = []

    def prepare_or_stop(images, rng=None):
        calls.append(rng)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return prepare(images, rng)

    with pytest.raises(KeyboardInterrupt):
        run_on(new_state(), data, path, prepare_or_stop)
    finished = (stop - 1) // 4
    assert path.exists() == (finished > 0)
    state = load_checkpoint(path, build)[0] if finished else new_state()
    assert len(state.history) == finished
    same(run_on(state, data, path), whole)
    assert whole.rate < RECIPE.rate         # the rate that the schedule has lowered is part of it


def test_every_epoch_can_be_the_last_one_before_a_stop(path, data):
    whole = run_on(new_state(), data, path)
    for epochs in (1, 2, 3):
        def stop(state):
            if len(state.history) == epochs:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(new_state(), *data, prepare=prepare, recipe=RECIPE, after_epoch=stop,
                  save=lambda state: save_checkpoint(path, state, {}))
        state, _ = load_checkpoint(path, build)
        assert len(state.history) == epochs
        same(run_on(state, data, path), whole)


# ---- saving fails -------------------------------------------------------------------------------

def nothing_was_lost(path, saved):
    assert os.listdir(path.parent) == ["checkpoint.npz"], "the temporary file is gone"
    same(load_checkpoint(path, build)[0], saved)


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_full_disk_leaves_the_earlier_checkpoint(path, saved, function, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")
    message = (f"^{path} could not be written .No space left on device.; an earlier one is "
               "unchanged")
    with monkeypatch.context() as patch, pytest.raises(OSError, match=message):
        patch.setattr(os, function, full)
        save_checkpoint(path, new_state(1), {})
    nothing_was_lost(path, saved)


@pytest.mark.parametrize("limit", [0, 100, 1000, 2500])
def test_a_file_that_cannot_grow_leaves_the_earlier_checkpoint(path, saved, limit):
    """A real failure in the middle of writing, at several places.

    The system lets no file of this process grow any further.
    """
    resource = pytest.importorskip("resource", reason="only POSIX systems have limits on files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert path.stat().st_size > 2500
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        with pytest.raises(OSError, match=f"^{path} could not be written .File too large"):
            save_checkpoint(path, new_state(1), {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    nothing_was_lost(path, saved)


def test_an_interrupt_while_writing_leaves_the_earlier_checkpoint(path, saved, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "fsync", interrupt)
        save_checkpoint(path, new_state(1), {})
    nothing_was_lost(path, saved)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
def test_a_kill_while_writing_leaves_the_earlier_checkpoint(path, saved):
    """By SIGKILL, in another process, when all is written but not yet renamed."""
    program = ("import os, signal, sys; from numpyzf import checkpoints; "
               "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL); "
               "checkpoints.write_npz(sys.argv[1], {'a': checkpoints.np.zeros(9)})")
    killed = subprocess.run([sys.executable, "-c", program, path],
                            cwd=Path(training.__file__).parents[1])
    assert killed.returncode == -signal.SIGKILL
    same(load_checkpoint(path, build)[0], saved)


def test_a_folder_that_is_not_there(tmp_path):
    message = "nowhere/a.npz could not be written .No such file or directory"
    with pytest.raises(OSError, match=message):
        write_npz(tmp_path / "nowhere" / "a.npz", {"a": np.zeros(1)})


# ---- the bytes ----------------------------------------------------------------------------------

def test_a_checkpoint_written_by_what_the_head_of_the_file_says(tmp_path):
    """With NumPy and JSON only: a reader of checkpoints.py can write a run."""
    rng = np.random.default_rng(0)
    shapes = {"conv1.w": (32, 1, 5, 5), "conv1.b": (32,), "conv2.w": (48, 32, 5, 5),
              "conv2.b": (48,), "conv5.w": (8, 48, 3, 3), "conv5.b": (8,), "fc8.w": (2, 8),
              "fc8.b": (2,)}
    arrays = {"about/mean": np.full((1, 12, 12), 100, np.float32)}
    for name, shape in shapes.items():
        arrays[f"parameter/{name}"] = rng.standard_normal(shape, np.float32)
        arrays[f"velocity/{name}"] = np.zeros(shape, np.float32)
    settings = {"model": "labnet", "variant": {"middle": [8], "hidden": []}, "classes": ["a", "b"],
                "input": [1, 12, 12], "flip": False}
    info = {"rng": rng.bit_generator.state, "rate": 0.01, "history": [],
            "about": {"scale": 50.0, "pad": 0, "settings": settings}}
    np.savez(tmp_path / "checkpoint.npz", info=np.array(json.dumps(info)), **arrays)
    run = runs.load_run(tmp_path)
    assert run.classes == ("a", "b") and run.settings == settings and run.history == []
    for name, value in run.net.parameters.items():
        np.testing.assert_array_equal(value, arrays[f"parameter/{name}"], strict=True)
    image = np.full((1, 1, 12, 12), 150, np.uint8)
    np.testing.assert_array_equal(run.prepare(image), np.ones((1, 1, 12, 12), np.float32))
