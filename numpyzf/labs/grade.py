"""The grader: a process for each task, watched; the report is whole after every check."""
import contextlib
import queue
import shutil
import signal
import tempfile
import time
from pathlib import Path

from . import report as reports
from .child import PROCESSES, Child
from .marking import FAILED, NOT_RUN
from .student import Unreadable, read
from .submissions import candidates, said_lab
from .tasks import load

TIME_LIMIT = 10             # seconds for one task
MEMORY = 2 << 30            # bytes for one task
COMPILING = 60              # seconds more for a file that uses Numba
STARTING = 300              # seconds until a process is ready: the library's kernels are compiled
DRAWING = 180               # seconds for the figure
AT_ONCE = 2                 # processes
GRACE = 0.5                 # seconds from the end of time until a process is ended


def find(path, names, lab=None):
    """The lab and the file that a path stands for.

    path: a student's file, or a folder that holds it.
    names: of the labs.
    lab: the lab's name, if it is known.
    Returns (name, Path, note): the note says that there are other files, "" if there are none.
    Raises ValueError if no lab can be seen.
    """
    path, note = Path(path), ""
    if lab is not None and lab not in names:
        raise ValueError(f"there is no lab {lab!r}; there are {', '.join(names)}")
    if path.is_dir():
        found = candidates(path, names, lab)
        if len(found) > 1:
            note = (f"of the {len(found)} files here that may be it, {found[0].name} was graded; "
                    "numpyzf lab grade grades all in a folder")
        if not (found or lab):
            raise ValueError(f"{path}: there is no .py or .ipynb file in it")
        path = found[0] if found else path / f"{lab}.py"
    lab = lab or said_lab(path, names) or next((name for name in names if name in path.stem), None)
    if lab is None and not path.exists():
        raise ValueError(f"there is no file {path}")
    if lab is None:
        raise ValueError(f"{path} doesn't say which lab it is; there are {', '.join(names)}: give "
                         "one as --lab")
    return lab, path, note


def check(path, *, lab=None, task=None, seed=0, time_limit=TIME_LIMIT, memory_limit=MEMORY,
          hold_back=(), changed=None):
    """Grade a student's file.

    path: the file, or the folder that it is in.
    lab: the lab's name; without it, the file's first line or its name says it.
    task: the number of one task; all if not given.
    seed: of the inputs.
    time_limit, memory_limit: seconds and bytes for each task.
    hold_back: tasks ("2.1") and checks ("2.1/ties") whose results students see later.
    changed: a function that gets the Report before the first check and after every one.
    Returns a Report. Whatever is wrong with the file stands in it. Raises ValueError if it can't
    be seen which lab it is, or if the lab has no such task.
    """
    from . import LABS
    name, path, note = find(path, LABS, lab)
    lab = load(name)
    tasks = [lab.task(task)] if task else lab.tasks
    check_held(lab, hold_back)
    report = reports.empty(lab, tasks, path, seed, hold_back)
    changed = changed or (lambda report: None)
    changed(report)
    try:
        text, notes = read(path)
    except Unreadable as error:
        results = [result._replace(status=FAILED, text=str(error)) for result in report.results]
        report = report._replace(results=results, problem=str(error))
        changed(report)
        return report
    report.notes.extend([*filter(None, [note]), *notes])
    with _folder() as folder:
        order = {"lab": name, "seed": seed, "memory": memory_limit,
                 "beside": str(path.parent.absolute())}
        _Grading(report, changed, time_limit, folder, order, text).run([t.number for t in tasks])
    return report


def check_held(lab, hold_back):
    """Refuse what the lab has no task or check of."""
    known = {task.number for task in lab.tasks} | {
        f"{task.number}/{check.name}" for task in lab.tasks for check in task.checks}
    for name in hold_back:
        if name not in known:
            raise ValueError(f"lab {lab.name} has nothing called {name!r} to hold back; it has "
                             f"tasks, such as 1.1, and checks, such as {max(known, key=len)}")


@contextlib.contextmanager
def _folder():
    """A temporary folder, removed at the end."""
    folder = tempfile.mkdtemp(prefix="numpyzf-lab-")
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Grading:
    """One run over the tasks of a file: what is known, and the children that find out more."""

    def __init__(self, report, changed, time_limit, folder, order, text):
        self.report, self.changed, self.time_limit = report, changed, time_limit
        self.folder, self.order, self.text = folder, order, text
        self.messages, self.running, self.problem = queue.SimpleQueue(), [], ""
        self.file_runs = False          # once a child has loaded the file, two may run at a time

    def run(self, numbers):
        """Mark the tasks with these numbers."""
        waiting = list(numbers)
        try:
            while waiting or self.running:
                if self.problem:        # of the file: it is the same in every task
                    for number in waiting:
                        self.settle(number, FAILED, self.problem)
                    waiting = []
                while waiting and len(self.running) < (AT_ONCE if self.file_runs else 1):
                    self.running.append(self.start(waiting.pop(0)))
                self.listen()
                for child in list(self.running):
                    self.watch(child)
        finally:
            for child in self.running:
                child.kill()
                child.wait()

    def start(self, number):
        """A child for one task, in a folder of its own with a copy of the file."""
        folder = self.folder / number
        folder.mkdir()
        file = folder / f"{self.order['lab']}.py"
        file.write_text(self.text, encoding="utf-8")
        limit = self.time_limit + COMPILING * ("numba" in self.text)
        order = self.order | {"task": number, "file": str(file), "seconds": limit,
                              "traces": str(self.folder / f"{number}.txt")}
        child = Child(order, folder, self.messages)
        child.deadline = time.monotonic() + STARTING
        return child

    def listen(self):
        """Take what the children have said; wait a moment if it is nothing."""
        with contextlib.suppress(queue.Empty):
            child, message = self.messages.get(timeout=0.05)
            while True:
                if child in self.running:
                    self.hear(child, message)
                child, message = self.messages.get_nowait()

    def hear(self, child, message):
        """One message; None at the end of all."""
        if message is None:
            self.end(child)
        elif "ready" in message:
            child.deadline = time.monotonic() + child.order["seconds"] + GRACE
            child.memory_at_start = message["memory"]
        elif "loaded" in message:
            child.loaded = self.file_runs = True
            for note in message["notes"]:
                if note not in self.report.notes:
                    self.report.notes.append(note)
        elif "begins" in message:
            child.check = message["begins"]
        elif "mark" in message:
            check, status, text, hint = message["mark"]
            child.check = None
            self.settle(child.order["task"], status, text, hint, check)
        elif "done" in message:
            child.done = True
            child.kill()

    def watch(self, child):
        """End a child that takes too much, or that has ended but for what it started."""
        if child.killed_at:
            if time.monotonic() > child.killed_at + 5:      # something still holds its pipe
                self.end(child)
            return
        if time.monotonic() > child.deadline:
            where = child.where()
            child.reason = (f"It takes longer than {self.time_limit:g} s, and was stopped"
                            f"{' ' + where if where else '.'}")
            if child.memory_at_start is None:
                child.reason = "it could not start in time"
            child.kill()
        elif child.memory_at_start is not None:
            # what a copy made by os.fork shares with the first is not taken twice
            more = [nbytes - child.memory_at_start for nbytes in child.usage()]
            if sum(nbytes for nbytes in more if nbytes > 0) > child.order["memory"]:
                child.reason = (f"It takes more than {child.order['memory'] / 2**30:.2g} GiB of "
                                "memory.")
            elif len(more) > PROCESSES:
                child.reason = "It starts more and more processes."
            if child.reason:
                child.kill()
        if not child.killed_at and child.ended():
            child.kill()

    def end(self, child):
        """A child is over: settle what it has left open."""
        child.kill()
        status = child.wait()
        self.running.remove(child)
        number = child.order["task"]
        if child.printed:
            self.report.printed[number] = child.printed
        if child.done:
            self.changed(self.report)
            return
        reason = child.reason or _how_it_ended(status, child)
        if child.memory_at_start is None:
            self.report.printed.pop(number, None)
            self.settle(number, NOT_RUN, f"the grader itself failed, which is not your mistake: "
                        f"{child.reason or child.printed.strip()[-300:]}")
            return
        if not child.loaded:
            self.problem = f"When the file is read: {reason[0].lower()}{reason[1:]}"
            self.settle(number, FAILED, self.problem)
            return
        self.settle(number, FAILED, reason, "", child.check)
        self.settle(number, NOT_RUN, "the check before it was stopped")

    def settle(self, number, status, text, hint="", check=None):
        """Set the results of one check, or of all of a task that are still open."""
        for place, result in enumerate(self.report.results):
            is_open = result.status == NOT_RUN if check is None else result.check == check
            if result.number == number and is_open:
                self.report.results[place] = result._replace(status=status, text=text, hint=hint)
        self.changed(self.report)


def draw(path, lab, figure):
    """Put a student's functions into a working net, and write the figure that it makes.

    path: the student's file, which has passed.
    lab: the lab's name.
    figure: the picture to write.
    Returns a line that says why there is no figure, or "".
    """
    text, _ = read(path)
    messages, deadline = queue.SimpleQueue(), time.monotonic() + DRAWING
    with _folder() as folder:
        file = folder / f"{lab}.py"
        file.write_text(text, encoding="utf-8")
        order = {"lab": lab, "task": "draw", "file": str(file),
                 "figure": str(Path(figure).absolute())}
        child = Child(order, folder, messages)
        try:
            while time.monotonic() < deadline:
                with contextlib.suppress(queue.Empty):
                    _, message = messages.get(timeout=0.2)
                    if message is None:
                        return (child.printed.strip().splitlines() or ["it ended too early"])[-1]
                    if "done" in message:
                        return ""
            return f"drawing takes longer than {DRAWING} s"
        finally:
            child.kill()
            child.wait()


def _how_it_ended(status, child):
    """In words, why a process ended in the middle."""
    where = child.where()
    tail = f"\n{where}" if where else ""
    if status < 0:
        with contextlib.suppress(ValueError):
            name = signal.Signals(-status).name
            if name == "SIGKILL":
                return "The system ended the process: did it take too much memory?"
            return f"The interpreter crashed ({name}).{tail}"
    return f"The program ended in the middle of this check, with exit status {status}: os._exit?"
