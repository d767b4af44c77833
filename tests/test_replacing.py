"""A file is replaced whole, or not at all; and one process at a time is let in."""
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from numpyzf import files
from numpyzf.files import locked, replacing


def test_the_new_file_takes_the_name_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with replacing(path) as file:
        file.write(b"later")
        file.flush()
        assert path.read_text() == "earlier"
    assert path.read_text() == "later" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_leaves_the_earlier_one_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with pytest.raises(error), replacing(path) as file:
        file.write(b"half")
        raise error
    assert path.read_text() == "earlier" and os.listdir(tmp_path) == ["a.txt"]


def test_what_can_not_be_written_is_named(tmp_path):
    path = tmp_path / "nowhere" / "a.txt"
    message = (f"^{path} could not be written .No such file or directory.; an earlier one is "
               "unchanged")
    with pytest.raises(OSError, match=message):
        with replacing(path):
            pass


def test_two_threads_may_write_one_file(tmp_path):
    path, half, written = tmp_path / "a.txt", threading.Barrier(2, timeout=20), []

    def write(text):
        with replacing(path) as file:
            file.write(text[:1])
            file.flush()
            half.wait()
            file.write(text[1:])
        written.append(text)
    texts = [b"one", b"two"]
    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(written) == texts
    assert path.read_bytes() in texts and os.listdir(tmp_path) == ["a.txt"]


def test_what_a_killed_writer_left_is_swept_but_not_what_a_living_one_writes(tmp_path):
    path = tmp_path / "a.npz"
    code = (f"import os\nfrom numpyzf.files import replacing\n"
            f"with replacing({str(path)!r}) as file:\n    file.write(b'half')\n    os._exit(3)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 3
    left = os.listdir(tmp_path)
    assert len(left) == 1 and left[0].startswith(".a.npz.") and left[0].endswith(".part")
    (tmp_path / ".a.npz.4711.140.part").write_bytes(b"of an earlier version")
    (tmp_path / "data.part").write_bytes(b"of a download")
    with replacing(path) as living:
        assert sorted(os.listdir(tmp_path)) == sorted([Path(living.name).name, "data.part"])
        living.write(b"first")
        living.flush()
        with replacing(path) as file:
            file.write(b"second")
        assert path.read_bytes() == b"second" and Path(living.name).exists()
    assert path.read_bytes() == b"first"
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "data.part"]


def test_many_threads_write_one_path_and_read_whole_files(tmp_path):
    path, errors = tmp_path / "a.bin", []

    def work(value):
        try:
            for _ in range(100):
                with replacing(path) as file:
                    file.write(bytes([value]) * 5000)
                assert len(set(path.read_bytes())) == 1
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == [] and os.listdir(tmp_path) == ["a.bin"]


def test_the_error_that_matters_is_told(tmp_path, monkeypatch):
    """Not that of deleting the temporary file, which fails for the same reason."""
    def full(file):
        raise OSError(28, "No space left on device")

    def read_only(path, missing_ok=False):
        raise OSError(30, "Read-only file system", str(path))
    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(OSError, match="a.txt could not be written .No space left on device"):
        with replacing(tmp_path / "a.txt") as file:
            file.write(b"new")


@pytest.mark.skipif(files.fcntl is None, reason="Windows doesn't delete what is open")
@pytest.mark.parametrize("sweeper", ["holds it", "is done"])
def test_a_file_swept_before_its_writer_has_locked_it(tmp_path, monkeypatch, sweeper):
    lock, times = files.fcntl.flock, []

    def late(file, how):
        times.append(file.name)
        if len(times) == 1:
            if sweeper == "holds it":
                raise BlockingIOError(11, "Resource temporarily unavailable")
            os.unlink(file.name)
        lock(file, how)
    monkeypatch.setattr(files.fcntl, "flock", late)
    with replacing(tmp_path / "a.txt") as file:
        assert times[0] != times[1] == file.name
        file.write(b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def none(file, how):
        raise OSError(38, "Function not implemented")
    monkeypatch.setattr(files.fcntl, "flock", none)
    (tmp_path / ".a.txt.1.part").write_bytes(b"perhaps someone's")
    with replacing(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert sorted(os.listdir(tmp_path)) == [".a.txt.1.part", "a.txt"]


@pytest.mark.parametrize("name", ["a" * 238, "ü" * 120, "文" * 80])
def test_a_long_name(tmp_path, name):
    with replacing(tmp_path / name) as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file or directory", "b.txt"),
                                   OSError("b.txt could not be downloaded")])
def test_an_error_of_the_block_about_another_file_stays_as_it_is(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with pytest.raises(OSError) as caught, replacing(path):
        raise error
    assert caught.value is error
    assert path.read_text() == "earlier" and os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_in_its_place_is_named(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError, match="a.txt could not be written .Is a directory"):
        with replacing(tmp_path / "a.txt") as file:
            file.write(b"new")
    with pytest.raises(OSError, match="b.txt could not be written .Not a directory"):
        (tmp_path / "file").write_bytes(b"")
        with replacing(tmp_path / "file" / "b.txt"):
            pass


def test_one_at_a_time_is_let_in(tmp_path):
    inside, told = threading.Event(), threading.Event()

    def enter():
        with locked(tmp_path / "new" / "a.lock", told.set):
            inside.set()
    with locked(tmp_path / "new" / "a.lock"):
        other = threading.Thread(target=enter)
        other.start()
        assert told.wait(20) and not inside.wait(0.2)
        with locked(tmp_path / "b.lock", pytest.fail):          # another one is free
            pass
    other.join(20)
    assert inside.is_set()


def test_a_process_that_has_died_keeps_no_one_out(tmp_path):
    code = ("import os\nfrom numpyzf.files import locked\n"
            f"with locked({str(tmp_path / 'a.lock')!r}):\n    os._exit(3)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 3
    with locked(tmp_path / "a.lock"):
        pass
