"""tests/benchmarks, without timing: tables from planted times, the busy process, the answers."""
import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
NAMES = ("cores", "nets", "pair", "report")


@pytest.fixture
def bench(monkeypatch):
    """The benchmark's modules, by their names."""
    monkeypatch.syspath_prepend(FOLDER)
    yield SimpleNamespace(**{name: __import__(name) for name in NAMES})
    for name in NAMES:
        del sys.modules[name]


# Seconds on one core. On more they are fewer in proportion, beside a busy loop twice as many.
PLANTED = {"worker_numpyzf.py": 1.0, "worker_torch.py": 4.0, "worker_onnx.py": 2.0}


class Planted:
    """A worker that answers at once; OpenVINO is missing, ONNX Runtime answers something else."""
    busy = False

    def __init__(self, script, threads, NUMPY_FIRST=None):
        self.seconds = PLANTED[script] / threads * (1.02 if NUMPY_FIRST else 1)
        self.scores = [1.0, 2.1 if script == "worker_onnx.py" else 2.0]

    def ask(self, do, runtime=None, **order):
        if runtime == "openvino":
            raise sys.modules["pair"].Missing("No module named 'openvino'")
        return {"choose": {"options": {"memory": "contiguous"}}, "set_up": {"units": 1},
                "export": {}, "check": {"scores": self.scores},
                "run": {"seconds": self.seconds * (1 + Planted.busy)}}[do]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.mark.small
def test_the_table_of_planted_times(bench, monkeypatch):
    @contextmanager
    def busy():
        monkeypatch.setattr(Planted, "busy", True)
        yield
        monkeypatch.setattr(Planted, "busy", False)

    monkeypatch.setattr(bench.pair, "Worker", Planted)
    monkeypatch.setattr(bench.pair, "REST", 0)
    monkeypatch.setattr(bench.cores, "busy", busy)
    monkeypatch.setattr(bench.cores, "CAN_PIN", True)
    monkeypatch.setattr(bench.cores, "pinned", lambda number: nullcontext())
    report = bench.report.Report(threads=3, repeat=2, budget=0)
    bench.cores.measure(report, quick=False)
    lines = report.text({"cores": "what it is"}).splitlines()
    start = lines.index("## More cores, and one of them busy")
    assert lines[start + 2] == "cores: what it is"
    assert lines[start + 4:start + 8] == [
        "| work | library | 1 core | 2 cores | 2 cores, 1 busy |",
        "| --- | --- | --- | --- | --- |",
        "| training step, zfnet, batch 32 | numpyzf | 1.00 s | 500 ms | 1.00 s |",
        "| training step, zfnet, batch 32 | PyTorch | 0.25 (0.25–0.25) of 4.00 s "
        "| 0.25 (0.25–0.25) of 2.00 s | 0.25 (0.25–0.25) of 4.00 s |"]
    last = "forward, zfnet, one image"
    assert lines[start + 18:start + 20] == [
        f"| {last} | ONNX Runtime | 0.50 (0.50–0.50) of 2.00 s | 0.50 (0.50–0.50) of 1.00 s "
        "| 0.50 (0.50–0.50) of 2.00 s |",
        f"| {last} | OpenVINO | not installed | not installed | not installed |"]
    assert any(line.startswith(f"**{last}: ONNX Runtime's answer differs by") for line in lines)
    assert not any("PyTorch's answer differs" in line for line in lines)
    assert lines[-1].startswith("numpy imported first: 1.02 (1.02–1.02) of the time with numpyzf")


@pytest.mark.small
def test_columns(bench, monkeypatch):
    def columns(*arguments):
        return [str(column) for column in bench.cores.conditions(*arguments)]

    monkeypatch.setattr(bench.cores, "CAN_PIN", True)
    assert columns(1, False) == ["1 core"]
    assert columns(6, False) == ["1 core", "2 cores", "4 cores", "2 cores, 1 busy",
                                 "4 cores, 1 busy"]
    assert columns(16, True) == ["16 cores", "4 cores, 1 busy"]
    monkeypatch.setattr(bench.cores, "CAN_PIN", False)
    assert columns(2, False) == ["1 core", "2 cores"]


@pytest.mark.small
def test_long_work_gets_fewer_rounds(bench, monkeypatch):
    monkeypatch.setattr(bench.pair, "REST", 0)
    work = (Planted("worker_numpyzf.py", 1), "run")
    assert len(bench.pair.take_turns([work], 7)[work]) == 7
    assert len(bench.pair.take_turns([work], 7, limit=0)[work]) == 3


@pytest.mark.small
def test_the_busy_process_ends_after_an_error(bench):
    with pytest.raises(ZeroDivisionError):
        with bench.cores.busy() as process:
            assert process.poll() is None
            if hasattr(os, "getsid"):
                assert os.getsid(process.pid) == process.pid
            1 / 0
    assert process.returncode is not None


@pytest.mark.small
@pytest.mark.skipif(not hasattr(os, "fork"), reason="on Windows, a process doesn't see that")
def test_the_busy_process_ends_when_the_benchmark_is_killed():
    code = "import os, signal, cores\nwith cores.busy(): os.kill(os.getpid(), signal.SIGKILL)"
    # both hold the pipe: run() returns when both have ended
    subprocess.run([sys.executable, "-c", code], cwd=FOLDER, stdout=subprocess.PIPE, timeout=60)


@pytest.mark.small
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only on Linux")
def test_pinned_also_after_an_error(bench):
    before = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError):
        with bench.cores.pinned(1):
            assert len(os.sched_getaffinity(0)) == 1
            1 / 0
    assert os.sched_getaffinity(0) == before
    assert sorted(bench.cores.apart(before)) == sorted(before)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_runtime_answers_what_numpyzf_answers(bench, tmp_path, runtime):
    pytest.importorskip(runtime)
    case = {"case": "forward", "net": "labnet28", "batch": 2}
    model = str(tmp_path / "net.onnx")
    with (bench.pair.Worker("worker_numpyzf.py", 2) as ours,
          bench.pair.Worker("worker_onnx.py", 2) as theirs):
        ours.ask("export", net="labnet28", path=model)
        ours.ask("set_up", **case)
        theirs.ask("set_up", **case, runtime=runtime, model=model)
        assert bench.pair.difference(ours.ask("check"), theirs.ask("check")) < 1e-4
