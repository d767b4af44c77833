"""Items computed in processes of their own, several at a time.

No process outlives the command that started it, even if that is killed.
"""
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from ..kernels import THREADS
from .study import INDENT

ITEM_NBYTES = 3 << 29       # of memory for each process: they took 1.2 GB at most


def how_many():
    """How many items are computed at the same time: as cores and memory allow."""
    return max(1, min(THREADS, min(free_memory(), allowed_memory()) // ITEM_NBYTES))


def free_memory():
    """Bytes of memory that programs can still have; half of all where the system doesn't tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        sizes = dict(line.split(":") for line in lines)
        return int(sizes["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):       # Windows
        return 4 * ITEM_NBYTES


def allowed_memory(groups=Path("/sys/fs/cgroup"), own=Path("/proc/self/cgroup")):
    """Bytes that a container's limit leaves, or a job's: what is in use but for files counts.

    groups: the folder of Linux's control groups, version 2.
    own: the file that says which of them is this process's.
    """
    least = sys.maxsize
    try:
        name = own.read_text(encoding="utf-8").splitlines()[-1].removeprefix("0::/")
        for group in (groups / name, *(groups / name).parents):
            if group.is_relative_to(groups) and (group / "memory.max").exists():
                limit, used = ((group / f"memory.{word}").read_text(encoding="ascii").strip()
                               for word in ("max", "current"))
                lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
                files = int(dict(line.split() for line in lines)["inactive_file"])
                if limit != "max":
                    least = min(least, int(limit) - int(used) + files)
    except (OSError, IndexError, KeyError, ValueError):     # none, or another version
        pass
    return max(least, 0)


def compute_in_processes(study, items, again, count):
    """Compute items, each by the command `numpyzf reproduce`; yields each when it is finished.

    study: a Study.
    items: reproduce.Item each, in the order in which they are begun.
    again: compute them even if they are finished.
    count: how many at the same time.
    Raises ChildProcessError if one fails; then no other is begun.
    """
    # What comes out of our kernels and products is the same on any number of threads. NumPy's own
    # linear algebra has one, so that its last bits are the same, too.
    count = max(1, min(count, len(items)))
    own_processes = _Processes(os.environ | {
        "NUMBA_NUM_THREADS": str(max(1, THREADS // count)), "OPENBLAS_NUM_THREADS": "1",
        "PYTHONIOENCODING": "utf-8"})
    with ThreadPoolExecutor(count) as pool:
        waiting = {pool.submit(_compute_one, study, item, again, own_processes) for item in items}
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:        # all are through, or one has failed, or someone has interrupted
            own_processes.end()
            for future in waiting:
                future.cancel()


def end_with_the_starter():
    """End this process, as SIGTERM does, when the one that started it has ended.

    That one holds the other end of standard input, and writes nothing into it.
    """
    def watch():
        os.read(sys.stdin.fileno(), 1)      # returns at the end of the input
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=watch, daemon=True).start()


class _Processes:
    """Processes that several threads start, and that one thread ends.

    Once they are ended, no other is started: a thread whose item has failed takes the next item
    before anyone can tell it not to.
    """

    def __init__(self, environment):
        self._environment, self._lock = environment, threading.Lock()
        self._started, self._ended = [], False

    def start(self, command):
        """Start a process whose output can be read; None once they are ended."""
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(command, env=self._environment, text=True, encoding="utf-8",
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
            self._started.append(process)
            return process

    def end(self):
        """End all that are running."""
        with self._lock:
            self._ended = True
            for process in self._started:
                process.terminate()


def _compute_one(study, item, again, processes):
    """Compute one item in a process of its own; returns it."""
    process = processes.start(_command(study, item, again))
    if process is None:
        return item         # no one waits for it any more
    study.report(item.heading)
    last = ""
    with process:
        for line in process.stdout:
            last = line.strip() or last
            if line.startswith(INDENT):     # a step; what else it says is said here already
                study.step(f"{item.name}: {last}")
    status = process.returncode
    if status < 0:
        raise ChildProcessError(f"{item.name} could not be computed: signal {-status} ended it "
                                "(9 is also what Linux sends when memory runs out); run this "
                                "again to go on")
    if status:
        raise ChildProcessError(f"{item.name} could not be computed: "
                                f"{last.removeprefix('numpyzf: ')}")
    return item


def _command(study, item, again):
    """The command that computes one item of this study."""
    command = [sys.executable, "-u", "-m", "numpyzf", "reproduce", item.name, "--part",
               "--out", str(study.out)]
    for option, value in study.source.items():
        if value is not None:
            command += [f"--{option}", str(value)]
    if again:
        command.append("--again")
    if study.quick:
        command.append("--quick")
    return command
