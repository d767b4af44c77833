"""Items in processes of their own: all on as many threads, and none outlives the command."""
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from numpyzf import cli
from numpyzf.paper import command as command_of, processes, reproduce
from numpyzf.paper.study import Study

ITEMS = [reproduce.Item(name, f"Heading of {name}", None) for name in ("fig3", "table1", "fig1")]


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path / "paper", quick=True, report=lambda text: None)


@pytest.fixture
def begun(monkeypatch):
    """The (command, environment) of every process begun; in its place runs the code of its item."""
    popen, found = subprocess.Popen, []
    code = dict.fromkeys((item.name for item in ITEMS), "")

    def start(command, **options):
        found.append((command, options["env"]))
        name = command[command.index("reproduce") + 1]
        return popen([sys.executable, "-c", code[name]], **options)
    monkeypatch.setattr(subprocess, "Popen", start)
    return SimpleNamespace(found=found, code=code)


def computed(study, items, again=False, count=2):
    return list(processes.compute_in_processes(study, items, again, count))


@pytest.mark.parametrize("cores, one, of_three", [(2, "2", "1"), (3, "3", "1"), (8, "8", "4")])
def test_items_have_their_share_of_the_threads(study, begun, monkeypatch, cores, one, of_three):
    """The one item that is missing has them all. NumPy's linear algebra always has one."""
    monkeypatch.setattr(processes, "THREADS", cores)
    monkeypatch.setattr(reproduce, "ITEMS", ITEMS)
    reproduce.compute(study, ["fig3"], processes=2)
    reproduce.compute(study, ["all"], processes=2)
    numbers = [(environment["NUMBA_NUM_THREADS"], environment["OPENBLAS_NUM_THREADS"])
               for _, environment in begun.found]
    assert numbers == [(one, "1"), *[(of_three, "1")] * 3]


@pytest.mark.parametrize("cores, gigabytes, count", [(1, 64, 1), (2, 64, 2), (16, 64, 16),
                                                     (16, 8, 5), (8, 1, 1)])
def test_as_many_processes_as_cores_and_memory_allow(cores, gigabytes, count, monkeypatch):
    monkeypatch.setattr(processes, "THREADS", cores)
    monkeypatch.setattr(processes, "free_memory", lambda: gigabytes << 30)
    monkeypatch.setattr(processes, "allowed_memory", lambda: sys.maxsize)
    assert processes.how_many() == count


@pytest.mark.parametrize("name, left", [("", 700), ("a", 700), ("a/b", 300), ("a/c", 0)])
def test_the_least_that_a_container_and_its_groups_allow(name, left, tmp_path):
    """What files take can be had back; a group without a limit allows all."""
    for folder, limit, used, files in [("", "1000", 500, 200), ("a", "max", 9000, 0),
                                       ("a/b", "400", 100, 0), ("a/c", "10", 20, 0)]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "memory.max").write_text(f"{limit}\n", encoding="ascii")
        (tmp_path / folder / "memory.current").write_text(f"{used}\n", encoding="ascii")
        (tmp_path / folder / "memory.stat").write_text(f"anon 1\ninactive_file {files}\n",
                                                       encoding="ascii")
    own = tmp_path / "own"
    own.write_text(f"0::/{name}\n", encoding="utf-8")
    assert processes.allowed_memory(tmp_path, own) == left


@pytest.mark.parametrize("text", ["", "0::/elsewhere\n", "11:memory:/docker/1\n1:name=systemd:/\n"])
def test_without_groups_there_is_no_limit(text, tmp_path):
    own = tmp_path / "own"
    assert processes.allowed_memory(tmp_path, own) == sys.maxsize
    own.write_text(text, encoding="utf-8")
    assert processes.allowed_memory(tmp_path, own) == sys.maxsize


def test_a_container_has_its_limit_whatever_the_machine_has(monkeypatch):
    monkeypatch.setattr(processes, "THREADS", 8)
    monkeypatch.setattr(processes, "free_memory", lambda: 64 << 30)
    monkeypatch.setattr(processes, "allowed_memory", lambda: 4 << 30)
    assert processes.how_many() == 2


def test_the_free_memory_is_a_part_of_the_machine_s():
    assert 1 << 28 < processes.free_memory() < os.sysconf("SC_PAGE_SIZE") * os.sysconf(
        "SC_PHYS_PAGES")


def test_items_that_others_wait_for_come_first(study, begun, monkeypatch):
    monkeypatch.setattr(reproduce, "ITEMS", ITEMS)
    reproduce.compute(study, ["all"], processes=2)
    assert begun.found[0][0][4:6] == ["reproduce", "fig1"]


def test_the_command_of_one_item_computes_it_in_its_own_process(tmp_path, monkeypatch):
    """Whatever the number of cores: it would begin itself for ever."""
    study = Study(tmp_path / "paper", data="scenes", size=32, quick=True, report=lambda text: None)
    command = processes._command(study, ITEMS[0], again=True)
    assert command[:4] == [sys.executable, "-u", "-m", "numpyzf"]
    asked = []
    monkeypatch.setattr(command_of, "end_with_the_starter", lambda: asked.append("end"))
    monkeypatch.setattr(command_of, "how_many", lambda: 8)
    monkeypatch.setattr(reproduce, "compute", lambda study, items, **options: asked.append(
        (study.source, study.quick, items, options)) or study.out)
    assert cli.main(command[4:]) == 0
    assert asked == ["end", ({"data": "scenes", "folder": None, "size": 32}, True, ["fig3"],
                             {"again": True, "processes": 1})]


def test_an_item_whose_process_was_killed_says_so(study, begun):
    """The last line that it printed would be no reason."""
    begun.code["fig3"] = ("import os; print('  net one', flush=True); "
                          "os.kill(os.getpid(), 9)")
    with pytest.raises(ChildProcessError, match=r"could not be computed: signal 9 ended it \(9 is "
                                                "also what Linux sends when memory runs out"):
        computed(study, ITEMS[:1])


def test_after_an_item_has_failed_no_other_is_begun(study, begun):
    """The first one fails at once; the thread that waited for it takes the third."""
    begun.code.update(fig3="raise SystemExit('no')", table1="import time; time.sleep(30)",
                      fig1="import time; time.sleep(30)")
    since = time.monotonic()
    with pytest.raises(ChildProcessError, match="fig3 could not be computed: no"):
        computed(study, ITEMS)
    assert time.monotonic() - since < 20


@pytest.mark.parametrize("how", [subprocess.Popen.kill, lambda starter: starter.stdin.close()],
                         ids=["killed", "ended"])
def test_a_process_ends_with_the_one_that_started_it(how):
    """The starter begins an item, says its number, and is killed: the item gets a SIGTERM."""
    item = ("import time; from numpyzf.paper.processes import end_with_the_starter as e; e(); "
            "print('watching', flush=True); time.sleep(120)")
    starter = ("import subprocess, sys\n"
               f"item = subprocess.Popen([sys.executable, '-c', {item!r}], stdin=-1, stdout=-1)\n"
               "item.stdout.readline()\n"
               "print(item.pid, flush=True)\n"
               "sys.stdin.read()\n")
    process = subprocess.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    number = int(process.stdout.readline())
    how(process)
    process.wait()
    process.stdout.close()
    for _ in range(600):
        if not _is_running(number):
            return
        time.sleep(0.1)
    os.kill(number, signal.SIGKILL)
    pytest.fail("the item went on")


def _is_running(number):
    """Does a process of this number run? One that has ended may still wait for its parent."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True)
    return done.stdout.strip()[:1] not in ("", "Z")
