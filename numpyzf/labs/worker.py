"""The process in which one task is marked: `python -m numpyzf.labs.worker ORDER`.

ORDER is JSON: what `grade` asks for. Each line that goes to standard output is JSON too, a message
for `grade`; what a student's file prints goes to standard error. `grade` watches the clock, and
ends this process and all that came of it.
"""
import contextlib
import ctypes
import faulthandler
import io
import json
import os
import sys
from pathlib import Path

from . import marking, student, world
from .tasks import load

try:
    import resource
except ImportError:         # Windows
    resource = None


def main(order):
    """Mark one task.

    order: a dictionary with
        lab, task, seed: what to mark; task is its number, or "draw" for the figure
        file: the student's text, in UTF-8
        beside: the folder that the student's file lies in
        memory: bytes that it may take
        traces: the file that says where it was when time was over, or it crashed
        seconds: when to write that
        figure: of "draw", the picture to write
    """
    tell = _channel()
    _end_with_parent()
    lab = load(order["lab"])
    if order["task"] == "draw":
        return _draw(order, tell, lab)
    task = lab.task(order["task"])
    with contextlib.redirect_stderr(io.StringIO()):     # "compiling": not printed by a student
        _rehearse(lab, task, order["seed"])
    kept = world.keep()
    text = Path(order["file"]).read_text(encoding="utf-8")
    _guard(order, text)
    tell(ready=True, memory=_memory()[1])
    found = student.run(text, order["file"])
    changed = world.put_back(kept)
    if changed:
        found.notes.append(f"the file changes {', '.join(changed[:4])}: this was put back")
    tell(loaded=True, notes=found.notes)
    for mark in marking.mark(lab, task, found, order["seed"], kept,
                             begins=lambda check: tell(begins=check)):
        tell(mark=mark)
    tell(done=True)


def _channel():
    """A function that sends a message; what is printed from now on goes to standard error."""
    file = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**message):
        file.write(json.dumps(message) + "\n")
        file.flush()
    return tell


def _end_with_parent():
    """On Linux: end when the grader does, even if it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, 9)       # PR_SET_PDEATHSIG, SIGKILL


def _rehearse(lab, task, seed):
    """Mark the solution first: what has to be compiled is, and an error in the grader is no
    student's fault."""
    for found in marking.mark(lab, task, student.run(lab.solution, "solution.py"), seed):
        if found.status != marking.PASSED:
            raise RuntimeError(f"the solution of {lab.name} {task.number} fails {found.check}: "
                               f"{found.text}")


def _guard(order, text):
    """Limits, from here on; and where files and modules are found."""
    traces = open(order["traces"], "w")
    faulthandler.enable(traces)
    faulthandler.dump_traceback_later(order["seconds"], file=traces)
    sys.path.append(order["beside"])
    numba = sys.modules.get("numba")
    if numba:                               # what the student's file compiles isn't to stay
        numba.config.CACHE_DIR = ""
    if resource and hasattr(resource, "RLIMIT_AS"):
        taken, _ = _memory()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (taken + order["memory"], most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _memory():
    """Bytes of address space that this process has taken, and bytes in memory, which are fewer."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[:2]
        return [int(count) * resource.getpagesize() for count in pages]
    except OSError:                         # not Linux
        return 1 << 36, 0


def _draw(order, tell, lab):
    """Put the student's functions into a working net, and write the figure."""
    from importlib import import_module
    from types import SimpleNamespace

    from .. import plots
    tell(ready=True)
    kept = world.keep()
    text = Path(order["file"]).read_text(encoding="utf-8")
    found = student.run(text, order["file"])
    world.put_back(kept)
    tell(loaded=True, notes=[])
    room = import_module(f"{__package__}.{lab.name}.draw")
    plots.save(room.draw(SimpleNamespace(**found.names)), order["figure"])
    tell(done=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
    sys.stderr.flush()
    os._exit(0)             # not waiting for threads of the student's file
