"""The command `numpyzf look`, from outside."""
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from numpyzf import cli, runs, training
from numpyzf.inside import build, command, write

from tiny import tiny_net


@pytest.fixture
def numpyzf(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NUMPYZF_TRACEBACK", raising=False)

    def numpyzf(*arguments):
        capsys.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        return (status, *capsys.readouterr())
    return numpyzf


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two classes of 15 images of noise, and one of no class."""
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("images")
    for name, low in (("bright", 150), ("dark", 0)):
        (folder / name).mkdir()
        for i in range(15):
            pixels = rng.integers(low, low + 100, (20, 24, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02} <b>ü.png")
    return folder


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    """The folder of a run of three epochs on these images, of which the first is kept."""
    out = tmp_path_factory.mktemp("run")
    runs.train_run(out, data=images, size=16, variant={"middle": (6,), "hidden": (8,)}, keep=(1, 3),
                   recipe=training.Recipe(epochs=3, batch=8), report=str, progress=None)
    return out


@pytest.fixture
def written(monkeypatch):
    """What is written: {"data": …, "path": …}; the file itself holds no sheets."""
    kept, real = {}, write.write

    def keep(path, data, sheets):
        kept.update(data=data, path=path)
        return real(path, data, sheets)
    monkeypatch.setattr(write, "write", keep)
    return kept


def test_a_run_s_own_test_images_its_epochs_and_where_it_comes_from(numpyzf, run, written):
    status, out, err = numpyzf("look", run, "--seed", 3)
    assert (status, err) == (0, "")
    path, data = written["path"], written["data"]
    assert path == run / f"{run.name}-look.html" and f"Look at it: {path}" in out
    assert f"The page has {path.stat().st_size / 1e6:.1f} MB and needs no other file." in out
    assert data["versions"] == ["trained", "random weights", "epoch 1"]     # 3 is the trained one
    made = dict(data["made"])
    assert made["Images"].startswith("6 test images of images") and "seed 3" in str(made)
    assert str(run.parent) not in path.read_text(encoding="utf-8")
    assert data["classes"] == ["bright", "dark"]
    assert data["images"]["labels"] == [0, 0, 0, 1, 1, 1]
    assert data["images"]["names"][0] == "bright/04 <b>ü.png"
    assert sorted(os.listdir(run)) == [
        "checkpoint.npz", "epoch-001.npz", "epoch-003.npz", path.name]
    # the tops of the kept epoch are that epoch's
    net, images = runs.load_run(runs.epoch_file(run, 1)).net, runs.run_data(runs.load_run(run))
    scores = net.predict(runs.load_run(run).prepare(images.images))
    values = [row[0] for row in data["layers"][-1]["tops"][2]["values"]]
    np.testing.assert_allclose(values, scores.max(axis=0), rtol=1e-3)
    path.unlink()


def test_a_folder_of_images_with_and_without_the_classes_names(numpyzf, run, images, written,
                                                               tmp_path):
    assert numpyzf("look", run, "--images", images, "--out", "a.html")[0] == 0
    data = written["data"]
    assert data["images"]["searched"] == 30
    assert data["images"]["labels"] == [0] * 15 + [1] * 15
    assert [*tmp_path.iterdir()] == [tmp_path / "a.html"]
    shutil.copytree(images / "dark", tmp_path / "other" / "things")
    assert numpyzf("look", run, "--images", tmp_path / "other", "--out", "b.html")[0] == 0
    data = written["data"]
    assert data["images"]["labels"] == [-1] * 15
    assert dict(data["made"])["Images"] == "15 images of a folder called other"
    statistics = data["layers"][0]["statistics"]
    assert (statistics["bars"], statistics["common"]) == (None, None)


def test_a_folder_is_read_a_batch_at_a_time(run, images, monkeypatch, tmp_path):
    """Never more images than a batch are in memory, but for those that the page shows."""
    sizes = []
    read = command.Files.__getitem__

    def counting(self, rows):
        found = read(self, rows)
        sizes.append(len(found))
        return found
    monkeypatch.setattr(command.Files, "__getitem__", counting)
    monkeypatch.setitem(build.BATCH, True, 4)
    assert cli.main(["look", str(run), "--images", str(images), "--out",
                     str(tmp_path / "a.html")]) == 0
    assert max(sizes[:8]) == 4


@pytest.mark.parametrize("arguments, words", [
    (["--images", "nowhere"], "nowhere"),
    (["--images", "empty"], "has no images"),
    (["--out", "empty"], "empty is a folder; give the name of the page's file"),
    (["--out", "file/page.html"], "can't be written to"),
    (["--size", "20"], "--size is for ONNX files")])
def test_what_goes_wrong_is_told_before_anything_is_computed(arguments, words, numpyzf, run,
                                                             tmp_path, monkeypatch):
    monkeypatch.setattr(build.search, "search", None)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    status, out, err = numpyzf("look", run, *arguments)
    assert status == 2 and words in err and err.count("\n") == 1 and err.startswith("numpyzf: ")
    assert sorted(os.listdir(tmp_path)) == ["empty", "file"]


def test_a_damaged_image_is_named(numpyzf, run, images, tmp_path):
    shutil.copytree(images / "dark", tmp_path / "some")
    (tmp_path / "some" / "x.png").write_bytes(b"no image")
    status, out, err = numpyzf("look", run, "--images", "some", "--out", "a.html")
    assert status == 2 and "x.png" in err
    assert sorted(os.listdir(tmp_path)) == ["some"]


LOOK = """
import signal, sys, threading, os
from numpyzf import cli
from numpyzf.inside import search
search.KEEP_EVERY = -1
take, calls = search.count, []
def slow(*arguments):
    calls.append(1)
    if len(calls) == 8:     # where the tests run in the background, SIGINT is switched off
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return take(*arguments)
search.count = slow
from numpyzf.inside import build
build.BATCH[True] = 4
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143)])
def test_stopped_it_says_that_it_goes_on_and_does(name, status, run, images, tmp_path):
    out = tmp_path / "a.html"
    words = ["look", str(run), "--images", str(images), "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", LOOK, name, *words], capture_output=True,
                          text=True)
    assert done.returncode == status
    last = done.stderr.splitlines()[-1]
    assert last == "interrupted; started again, the page goes on from there"
    assert not out.exists() and (tmp_path / "a.html.parts" / "search.npz").exists()
    assert cli.main(words) == 0
    assert out.exists() and not (tmp_path / "a.html.parts").exists()


def test_labels_by_folders():
    classes = ("cat", "dog")
    assert command.labels_by_folders(["test/cat/1", "dog/2"], classes).tolist() == [0, 1]
    assert command.labels_by_folders(["cat.jpg"], classes) is None
    assert command.labels_by_folders(["cat/1", "2"], classes) is None


def test_at_most_twelve_epochs_evenly(tmp_path, monkeypatch, run):
    folder = tmp_path / "long"
    folder.mkdir()
    for epoch in range(1, 31):
        runs.epoch_file(folder, epoch).write_text("")
    history = [{}] * 30
    monkeypatch.setattr(runs, "load_run", lambda path: runs.Run(path.name, None, ()))
    names = [name for name, _ in command._epochs(folder, runs.Run(tiny_net(), None, (), history))]
    assert len(names) == 12 and names[0] == "epoch 1" and names[-1] == "epoch 29"
    monkeypatch.undo()
    assert command._epochs("labnet-cifar10", runs.Run(tiny_net(), None, (), history)) == []
