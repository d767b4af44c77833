"""Checkpoints that are damaged, or something else: a ValueError that names the file, never less."""
import json
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest

from numpyzf import checkpoints
from numpyzf.layers import Conv, Flatten, Linear
from numpyzf.network import Network
from numpyzf.checkpoints import load_checkpoint, read_npz, save_checkpoint, write_npz
from numpyzf.training import State

pytestmark = pytest.mark.small


def build(about=None, filters=2):
    return Network([("conv1", Conv(1, filters, 3)), ("flatten", Flatten()),
                    ("fc2", Linear(16 * filters, 3))], (1, 6, 6))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.npz"


@pytest.fixture
def saved(path, rng):
    about = {"mean": np.zeros(2, np.float32), "note": "…"}
    save_checkpoint(path, State(build().initialize(rng), rng, 0.1), about)
    load_checkpoint(path, build)


def refused(path, *words):
    """Loading fails with a ValueError, in one line that begins with the file's name."""
    with pytest.raises(ValueError) as caught:
        load_checkpoint(path, build)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("keep", [0, 1, 4, 100, 0.3, 0.7, -200, -1])
def test_a_file_cut_short(path, saved, keep):
    content = path.read_bytes()
    path.write_bytes(content[:int(keep * len(content)) if isinstance(keep, float) else keep])
    refused(path, "can't be read as .npz", "move it away and make it anew")


def test_no_flipped_bits_go_unnoticed(tmp_path):
    """At every byte of a small file: it is refused by name, or what is read is what was written."""
    path = tmp_path / "a.npz"
    arrays = {"first": np.arange(3, dtype=np.float32), "b": np.array("text")}
    write_npz(path, arrays)
    content, refusals = path.read_bytes(), 0
    for i in range(len(content)):
        for mask in (0x01, 0xFF):
            path.write_bytes(content[:i] + bytes([content[i] ^ mask]) + content[i + 1:])
            try:
                loaded = read_npz(path)
            except ValueError as error:
                assert str(error).startswith(str(path))
                refusals += 1
            else:
                assert list(map(str, loaded.values())) == list(map(str, arrays.values()))
    assert refusals > len(content)


def test_the_checksum_of_every_member_is_looked_at(tmp_path):
    """A header whose length is damaged shifts what follows; only the end of the member tells."""
    path, weights = tmp_path / "a.npz", np.arange(3000, dtype=np.float32).reshape(50, 60)
    write_npz(path, {"w": weights, "info": np.array("text" * 50)})
    content, silent = path.read_bytes(), []
    rng = np.random.default_rng(17)
    for bit in [*range(8 * 200), *rng.integers(0, 8 * len(content), 400).tolist()]:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            loaded = read_npz(path)
        except ValueError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        else:
            same = [name for name in loaded if name in ("w", "info")]
            if "w" in same and not np.array_equal(loaded["w"], weights):
                silent.append(bit)
            if "info" in same and str(loaded["info"]) != "text" * 50:
                silent.append(bit)
    assert silent == []


def with_member(path, name, content, method=zipfile.ZIP_STORED):
    """An .npz of one member, whose checksum is right whatever its content is."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, content)


def npy(header, data=b""):
    """A .npy whose header is this text."""
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


SOUND = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


@pytest.mark.parametrize("content", [
    npy(SOUND), npy(SOUND, bytes(7)), npy(SOUND, bytes(9)),
    npy(SOUND.replace("2", "10" * 9), bytes(8)), npy(SOUND.replace("2,", "-2,"), bytes(8)),
    npy(SOUND.replace("(2,)", "(2,"), bytes(8)), npy("{'" + SOUND[2:].replace("}", "'"), bytes(8)),
    npy(SOUND.replace("<f4", "f4,f4"), bytes(16)), npy(SOUND.replace("<f4", "|V4"), bytes(8)),
    npy("(" * 110), npy("-" * 110), npy("{}"), npy("'" * 3), npy("[0x"), b"\x93NUMPY\x09\x00", b"",
], ids=range(16))
def test_a_damaged_header_is_no_other_error(path, content):
    with_member(path, "info.npy", content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused(path, "can't be read as .npz, it is damaged")


def test_what_is_no_array_is_named(path):
    with_member(path, "notes.txt", "notes")
    refused(path, "'notes.txt' in it is no array")


def test_a_bomb_is_refused_before_it_is_unpacked(path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SMALL", 100_000)
    np.savez_compressed(path, zeros=np.zeros(10_000))
    assert read_npz(path)["zeros"].nbytes == 80_000
    np.savez_compressed(path, zeros=np.zeros(20_000))
    refused(path, "bytes that say they hold 160,128")


def test_the_order_of_axes_in_the_file_does_not_matter(path):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez(path, array=array, number=np.array(5.0))
    loaded = read_npz(path)
    assert loaded["array"].flags.c_contiguous and loaded["number"].shape == ()
    np.testing.assert_array_equal(loaded["array"], array)


def test_another_user_s_file_is_not_to_be_moved_away(path, saved, monkeypatch):
    def closed(path, mode):
        raise PermissionError(13, "Permission denied", str(path))
    monkeypatch.setattr(checkpoints, "open", closed, raising=False)
    with pytest.raises(PermissionError, match=str(path)):
        read_npz(path)


@pytest.mark.parametrize("content", [b"epoch 1  loss 0.5\n", b"\x93NUMPY", b"PK\x03\x04",
                                     b"\x80\x04N.", bytes(3000)])
def test_a_file_that_is_something_else(path, content):
    path.write_bytes(content)
    refused(path, "can't be read as .npz")


def test_a_single_array_is_no_npz(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    refused(path, "can't be read as .npz")


class Bomb:
    """Pickled, it makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickles_are_never_read(path, saved, tmp_path):
    arrays = read_npz(path)
    np.savez(path, **arrays, bomb=np.array([Bomb(tmp_path / "made")], dtype=object))
    refused(path, "holds pickled Python objects, which are never read")
    assert not (tmp_path / "made").exists()
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "made")))
    refused(path)
    assert not (tmp_path / "made").exists()


def test_a_file_that_is_not_there(path):
    with pytest.raises(FileNotFoundError, match=f"no file {path}"):
        load_checkpoint(path, build)


# ---- files that were made otherwise -------------------------------------------------------------

def rewrite(path, change):
    """Change what a checkpoint holds: change(arrays, info), where info is its text as a dictionary.
    """
    arrays = read_npz(path)
    info = json.loads(str(arrays["info"]))
    change(arrays, info)
    write_npz(path, arrays | {"info": np.array(json.dumps(info))})


def spoil(name, value):
    def change(arrays, info):
        arrays[name] = arrays[name].copy()
        arrays[name].flat[-1] = value
    return change


@pytest.mark.parametrize("change, words", [
    (lambda arrays, info: arrays.pop("parameter/fc2.b"),
     "another architecture: parameter fc2.b is (3,) in this network, absent"),
    (lambda arrays, info: arrays.pop("velocity/fc2.b"),
     "its momentum doesn't match the network's parameters"),
    (lambda arrays, info: arrays.update({"velocity/fc2.b": np.zeros(3)}),
     "its momentum doesn't match the network's parameters"),
    (spoil("parameter/conv1.w", np.nan), "parameter/conv1.w holds NaN or infinite values"),
    (spoil("velocity/fc2.w", -np.inf), "velocity/fc2.w holds NaN or infinite values"),
    (lambda arrays, info: arrays.update({"about/mean": np.array([np.nan])}),
     "about/mean holds NaN or infinite values"),
    (lambda arrays, info: arrays.update({"parameter/fc2.b": np.array(["a", "b", "c"])}),
     "parameter fc2.b must be float32 or float64"),
    (lambda arrays, info: info.pop("rng"), "is no checkpoint of numpyzf: it has no 'rng'"),
    (lambda arrays, info: info.pop("history"), "is no checkpoint of numpyzf: it has no 'history'"),
    (lambda arrays, info: info.clear(), "is no checkpoint of numpyzf: it has no 'about'"),
    (lambda arrays, info: info["rng"].update(bit_generator="MT19937"), "PCG64"),
    (lambda arrays, info: info.update(about=[]), ""),
    (lambda arrays, info: info.update(rate="0.1"), "its rate is damaged: '0.1'"),
    (lambda arrays, info: info.update(rate=-1), "its rate is damaged: -1"),
    (lambda arrays, info: info.update(history={}), "its history is damaged: {}"),
    (lambda arrays, info: info.update(history=[1]), "its history is damaged: 1"),
    (lambda arrays, info: info.update(history=[{"epoch": 1}]), "its history is damaged: {'epoch"),
], ids=range(17))
def test_a_checkpoint_of_the_wrong_content(path, saved, change, words):
    rewrite(path, change)
    refused(path, words)


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError("1/0"), SyntaxError("?")])
def test_whatever_a_damaged_one_breaks_names_it(path, saved, error):
    def broken(about):
        raise error
    with pytest.raises(ValueError, match=str(path)):
        load_checkpoint(path, broken)


def test_a_checkpoint_of_another_architecture(path, saved):
    message = (f"^{path}: another architecture: parameter conv1.w is .5, 1, 3, 3. in this network, "
               ".2, 1, 3, 3.")
    with pytest.raises(ValueError, match=message):
        load_checkpoint(path, lambda about: build(filters=5))


@pytest.mark.parametrize("arrays", [{"x": np.zeros(3)}, {}, {"info": np.array("no JSON")},
                                    {"info": np.array("[1]")}, {"info": np.zeros(2)}])
def test_an_npz_that_is_no_checkpoint(path, arrays):
    write_npz(path, arrays)
    refused(path)


def test_a_folder_is_not_to_be_deleted(tmp_path):
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        read_npz(tmp_path)
