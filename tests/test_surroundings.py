"""The command where people run it: into files and pipes, without a terminal, in a notebook's
environment, ended by a batch system.
"""
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

import numpyzf
from numpyzf import __main__, cli, plots, progress, runs
from numpyzf.bench import ladder
from numpyzf.paper import reproduce

ROOT = Path(numpyzf.__file__).parent.parent
TRAINING = "; started again, a training goes on from its last finished epoch"


def environment(**settings):
    return os.environ | {"PYTHONPATH": str(ROOT)} | settings


def start(*arguments, cwd, program=None, **settings):
    """The process of `numpyzf ARGUMENTS`, or of a Python program."""
    words = ["-c", program] if program else ["-m", "numpyzf", *arguments]
    return subprocess.Popen([sys.executable, *words], cwd=cwd, stderr=subprocess.PIPE, text=True,
                            **{"stdout": subprocess.PIPE, "env": environment(), **settings})


# ---- streams ------------------------------------------------------------------------------------

def test_a_log_shows_signs_of_life_once_a_minute(monkeypatch, capsys):
    """An epoch may take hours. Five lines a second are for a terminal."""
    now = 0
    monkeypatch.setattr(progress, "_logged", -1000)         # this process has done other things
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    progress.show_progress("")
    for now in range(200):
        progress.show_progress(f"{now}")
    assert capsys.readouterr().err.split() == ["61", "122", "183"]
    for now in range(200, 400):
        progress.show_progress(f"{now}")
        if now % 40 == 0:
            progress.show_progress("")          # the line about an epoch goes to stdout
    assert capsys.readouterr().err == ""


def test_a_command_in_an_old_process_tells_of_no_progress_at_once(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_logged", -1000)
    assert cli.main(["data"]) == 0
    progress.show_progress("1 of 9")
    assert capsys.readouterr().err == ""


WAITS = """if True:
    import sys, time
    from numpyzf import cli, data
    def available():
        yield "first", "one", "here"
        time.sleep({seconds})
        yield from 1000 * [("next", "one", "here")]
    data.available = available
    sys.exit(cli.main(["data"]))"""


def test_a_log_shows_each_line_at_once(tmp_path):
    with open(tmp_path / "log", "w") as log:
        process = start(cwd=tmp_path, program=WAITS.format(seconds=60), stdout=log)
    try:
        begin = time.monotonic()
        while "first" not in (tmp_path / "log").read_text() and time.monotonic() < begin + 30:
            assert process.poll() is None
            time.sleep(0.1)
        assert "first" in (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("program", [WAITS.format(seconds=0.5), None], ids=["data", "--help"])
def test_a_closed_pipe_ends_it_quietly(program, tmp_path):
    process = start("--help", cwd=tmp_path, program=program)
    if program:
        process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == (141 if program else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_under_the_log_is_one_line(tmp_path):
    with open("/dev/full", "w") as full:
        process = start("data", cwd=tmp_path, stdout=full)
    assert process.communicate()[1] == "numpyzf: No space left on device\n"
    assert process.returncode == 2


@pytest.mark.parametrize("streams", ["sys.stderr", "sys.stdout = sys.stderr"])
def test_a_program_without_a_console(streams, tmp_path):
    """Windows gives a windowed program no streams at all."""
    process = start(cwd=tmp_path, program="import sys; from numpyzf import cli\n"
                    f"{streams} = None\n"
                    "codes = [cli.main(['data']), cli.main(['features', 'nowhere'])]\n"
                    "assert codes == [0, 2]")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "") and bool(out) == (streams == "sys.stderr")


# ---- interrupts and signals ---------------------------------------------------------------------

STATUSES = [(name, status) for name, status in [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)]
            if hasattr(signal, name)]       # Windows has no SIGHUP

@pytest.fixture(autouse=True)
def signals_are_on():
    """A shell switches Ctrl-C off for its background jobs, and nohup SIGHUP."""
    before = {}
    for name, _ in STATUSES:
        number = getattr(signal, name)
        default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
        before[number] = signal.signal(number, default)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command, module, name, message", [
    (["train", "--out", "run"], runs, "train_run", TRAINING),
    (["demo", "--out", "run"], runs, "train_run", TRAINING),
    (["reproduce", "fig1", "--out", "paper"], reproduce, "compute", TRAINING),
    (["bench"], ladder, "measure", ""),
    (["features", "run"], runs, "load_run", "")],
    ids=["train", "demo", "reproduce", "bench", "features"])
@pytest.mark.parametrize("number, status", STATUSES)
def test_a_signal_acts_as_ctrl_c(command, module, name, message, number, status, monkeypatch,
                                 capsys, tmp_path):
    """Only a command that trains speaks of a training."""
    monkeypatch.chdir(tmp_path)
    number = getattr(signal, number)

    def interrupt(*_, **__):
        signal.raise_signal(number)
        time.sleep(5)
    monkeypatch.setattr(module, name, interrupt)
    before = signal.getsignal(number)
    assert cli.main(command) == status
    assert capsys.readouterr().err == f"\ninterrupted{message}\n"
    assert signal.getsignal(number) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_nohup_stays_in_force(monkeypatch):
    seen = []

    def note(_):
        seen.extend(signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM))
    monkeypatch.setattr(cli.images, "run_data", note)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert cli.main(["data"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert seen[0] == signal.SIG_IGN and callable(seen[1])


def test_in_a_thread_of_a_host_program(capsys):
    """Only the main thread may say what signals do."""
    found = []
    thread = threading.Thread(target=lambda: found.append(cli.main(["data"])))
    thread.start()
    thread.join()
    assert found == [0] and "fashion-mnist" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows ends processes otherwise")
def test_a_training_that_is_terminated_keeps_its_epochs(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(8):
            Image.new("L", (28, 28), 20 * number).save(tmp_path / "images" / name / f"{number}.png")
    process = start("train", "--data", "images", "--out", "run", "--epochs", "10000", cwd=tmp_path)
    while not process.stdout.readline().startswith("epoch"):
        assert process.poll() is None
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143 and err.splitlines()[-1] == f"interrupted{TRAINING}"
    assert os.listdir(tmp_path / "run") == ["checkpoint.npz"]


@pytest.mark.parametrize("number, status", STATUSES)
def test_a_signal_while_importing_is_one_line(number, status, tmp_path):
    """A module of that name stands before the real one, and sends the signal.

    It makes of an interrupt what C code makes of it that imports: another error.
    """
    (tmp_path / "numba.py").write_text(
        f"import signal\ntry:\n    signal.raise_signal(signal.{number})\n"
        "except KeyboardInterrupt:\n    raise SystemError")
    process = start("data", cwd=tmp_path,
                    env=environment(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"))
    assert process.communicate() == ("", "\ninterrupted\n")
    assert process.returncode == status


@pytest.mark.parametrize("number", [number for number, _ in STATUSES])
def test_a_signal_after_the_work_changes_nothing(number, tmp_path):
    """What is registered before the command runs at the very end of the process."""
    process = start(cwd=tmp_path, program=f"""if True:
        import atexit, signal, sys
        sys.argv = ["numpyzf", "--version"]
        atexit.register(signal.raise_signal, signal.{number})
        from numpyzf import __main__
        sys.exit(__main__.main())""")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "") and out.startswith("numpyzf")


def test_a_command_in_a_host_program_leaves_its_signals_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["numpyzf", "data"])
    numbers = [getattr(signal, number) for number, _ in STATUSES]
    before = [signal.getsignal(number) for number in numbers]
    found = []
    thread = threading.Thread(target=lambda: found.append(__main__.main()))
    thread.start()
    thread.join()
    assert found + [__main__.main()] == [0, 0]
    assert [signal.getsignal(number) for number in numbers] == before


def test_the_installed_command_is_the_one_that_catches_it():
    assert f"numpyzf = {__main__.__name__}:main" in (ROOT / "setup.cfg").read_text(encoding="utf-8")


# ---- what can be known before the work ----------------------------------------------------------

@pytest.mark.parametrize("command", [["bench"], ["features", "run"], ["explain", "photo.png"]])
@pytest.mark.parametrize("out, words", [
    ("a.xyz", "a.xyz: .xyz is no kind of picture; use .png, .pdf or .svg"),
    ("nowhere/a.png", "nowhere/a.png can't be written: nowhere is no folder that can be"),
    ("file/a.png", "file is no folder that can be written to"),
    (".", "is a folder")])
def test_where_the_picture_cannot_go_nothing_is_computed(command, out, words, monkeypatch, capsys,
                                                         tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for module, name in ((ladder, "measure"), (runs, "load_run"), (runs, "pretrained")):
        monkeypatch.setattr(module, name, None)
    assert cli.main([*command, "--out", out]) == 2
    assert words in capsys.readouterr().err and os.listdir(tmp_path) == ["file"]
    with pytest.raises((ValueError, OSError)):
        plots.check_path(Path(out))


def test_settings_that_numba_does_not_take_are_named(tmp_path):
    process = start("--version", cwd=tmp_path,
                    env=environment(NUMBA_NUM_THREADS="0", NUMPYZF_TRACEBACK=""))
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "") and len(err.splitlines()) == 1
    assert err.startswith("numpyzf: could not start: ") and "NUMBA_NUM_THREADS=0" in err


# ---- memory -------------------------------------------------------------------------------------

MEMORY = """if True:
    import os, numpy as np, numpyzf
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20    # MB
    def use():
        arrays = [np.ones(10 << 20, np.uint8) for _ in range(20)]       # in the way of one another
        stays = np.ones(1000)
        return stays
    before = resident()
    stays = use()
    print(resident() - before, end=" ")
    numpyzf.give_memory_back()
    print(resident() - before)"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="not Linux")
@pytest.mark.parametrize("keep, kept", [("1", True), ("0", False)])
def test_a_host_program_can_have_its_memory_back(keep, kept, tmp_path):
    """200 MB, allocated and freed."""
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this C library keeps nothing")
    process = start(cwd=tmp_path, program=MEMORY, env=environment(NUMPYZF_KEEP_MEMORY=keep))
    out, err = process.communicate()
    after_use, given_back = map(int, out.split())
    assert (after_use > 150) == kept and given_back < 50, err
