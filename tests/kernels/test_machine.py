"""Pieces of work on several threads, memory that is kept, batches cut into blocks."""
import os
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from numpyzf import kernels
from numpyzf.kernels import machine
from numpyzf.kernels.machine import blocks, product, run, scratch

pytestmark = pytest.mark.small


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch):
    monkeypatch.setattr(machine, "THREADS", request.param)
    return request.param


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(machine, "THREADS", 2)


def piece(start, stop):
    return start, stop


# ---- run ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("items", [0, 1, 2, 7, 100])
def test_each_item_is_in_one_piece_and_results_come_in_order(items, threads):
    """As many pieces as are asked for, whatever the number of threads."""
    pieces = run(piece, items, pieces=5)
    assert [n for start, stop in pieces for n in range(start, stop)] == list(range(items))
    assert len(pieces) == max(1, min(items, 5))
    sizes = [stop - start for start, stop in pieces]
    assert max(sizes) - min(sizes) <= 1


def test_arguments_come_first(threads):
    expected = [("a", 2, *part) for part in run(piece, 7, pieces=4)]
    assert run(lambda *arguments: arguments, 7, "a", 2, pieces=4) == expected


@pytest.mark.parametrize("nbytes, items, pieces",
                         [(0, 9, 1), (99, 9, 1), (100, 9, 1), (200, 9, 2), (799, 9, 7),
                          (5000, 9, 9), (799, 3, 3), (99_999, 999, 32)])
@pytest.mark.parametrize("light", [False, True])
def test_small_arrays_are_done_in_few_pieces(nbytes, items, pieces, light, threads, monkeypatch):
    """One for each GRAIN of bytes, of all arrays together, or LIGHT_GRAIN; and PIECES at most."""
    monkeypatch.setattr(machine, "LIGHT_GRAIN" if light else "GRAIN", 100)
    first, second = np.zeros(nbytes // 3, np.int8), np.zeros(nbytes - nbytes // 3, np.int8)
    found = run(lambda a, b, c, start, stop: (start, stop), items, first, 8, second, light=light)
    assert len(found) == pieces and sum(stop - start for start, stop in found) == items


def test_flat_kernels_write_their_own_piece_only(two_threads, monkeypatch, rng):
    monkeypatch.setattr(machine, "GRAIN", 100)
    a, b, c = *rng.standard_normal((2, 31)), np.zeros(31)
    kernels.triad(a, b, 3.0, c, 5, 20)
    np.testing.assert_allclose(c[5:20], a[5:20] + 3 * b[5:20])
    assert not c[:5].any() and not c[20:].any()
    run(kernels.triad, 31, a, b, 3.0, c)
    np.testing.assert_allclose(c, a + 3 * b)


def test_pieces_run_on_threads_of_their_own(two_threads):
    both = threading.Barrier(2, timeout=20)         # passes only if both pieces run at one time

    def name(start, stop):
        both.wait()
        return threading.current_thread().name
    names = run(name, 2, pieces=2)
    assert threading.current_thread().name in names and len(set(names)) == 2


def test_a_slow_thread_does_fewer_pieces(two_threads):
    """One thread stays in its piece until the other has done the five that are left."""
    others = threading.Semaphore(0)

    def work(start, stop):
        if start == 0:
            assert all(others.acquire(timeout=20) for _ in range(5))
        else:
            others.release()
        return threading.current_thread().name
    slow, *fast = run(work, 6, pieces=6)
    assert slow not in fast and len(set(fast)) == 1


def test_a_thread_that_comes_too_late_is_not_waited_for(two_threads):
    """The only worker is kept busy: the caller does all, and goes on."""
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def work(start, stop):
        if not start:
            return begun.wait(20)
        begun.set()
        return go_on.wait(20)
    busy = threading.Thread(target=lambda: ended.extend(run(work, 2, pieces=2)))
    busy.start()
    assert begun.wait(20)
    here = threading.current_thread().name
    assert run(lambda start, stop: threading.current_thread().name, 3, pieces=3) == 3 * [here]
    go_on.set()
    busy.join(20)
    assert ended == [True, True]            # it was still busy


def test_threads_are_kept_for_the_next_call(two_threads):
    def thread(start, stop):
        both.wait()
        return threading.current_thread()
    both = threading.Barrier(2, timeout=20)
    first, again = (set(run(thread, 2, pieces=2)) for _ in range(2))
    assert first == again and len(first) == 2


def in_a_process(program, threads="2"):
    """What the program prints; in a process of its own, which is ended if it hangs."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=True,
                          capture_output=True, text=True,
                          env=dict(os.environ, NUMBA_NUM_THREADS=threads))
    return done.stdout


def test_a_nested_call_stays_on_the_thread_that_makes_it():
    """Also on the caller's own thread, which does pieces too; and only while it does one."""
    assert in_a_process("""if True:
        import threading
        from numpyzf.kernels import run
        def piece(start, stop): return start, stop
        def nested(start, stop):
            here = threading.current_thread()
            return run(lambda *part: (part, threading.current_thread() is here), 4, pieces=2)
        print(run(nested, 2, pieces=2), run(nested, 1), run(piece, 4, pieces=2))
        """) == "[[((0, 4), True)], [((0, 4), True)]] [[((0, 4), True)]] [(0, 2), (2, 4)]\n"


def test_there_is_one_pool_of_threads_whatever_the_number_of_pieces():
    """16 threads, this one among them, do 1 piece to 19, and more items than threads."""
    assert in_a_process("""if True:
        import threading, time
        from numpyzf.kernels import run
        for n in [*range(20), 500]:
            pieces = run(lambda start, stop: time.sleep(0.001), n, pieces=n)
            assert len(pieces) == max(1, min(n, 32))
        print(threading.active_count())
        """, threads="16") == "16\n"


def test_many_callers_at_once_get_their_own_results(two_threads):
    """All of them wait for the one worker there is, and none of them forever."""
    found = {}

    def call(n):
        found[n] = [run(piece, n, pieces=2) for _ in range(50)]
    callers = [threading.Thread(target=call, args=(n,)) for n in range(2, 8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    expected = {n: 50 * [[(0, n // 2), (n // 2, n)]] for n in range(2, 8)}
    assert {n: found[n] for n in sorted(found)} == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")
@pytest.mark.parametrize("number", ["os.getpid", "lambda: 7"], ids=["its own", "used before"])
def test_a_forked_process_makes_threads_of_its_own(number):
    """The threads of the process that forked aren't there, and nothing waits for them.

    Also if the system gives the process a number that was used before.
    """
    assert in_a_process(f"""if True:
        import os, threading
        os.getpid = {number}
        from numpyzf.kernels import run
        def piece(start, stop): return start, stop
        run(piece, 2, pieces=2)
        child = os.fork()
        if child == 0:
            print(run(piece, 2, pieces=2), threading.active_count(), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(run(piece, 4, pieces=2))""") == "[(0, 1), (1, 2)] 2\n[(0, 2), (2, 4)]\n"


@pytest.mark.parametrize("before", ["", "run(piece, 4, pieces=2)"], ids=["first", "again"])
def test_what_goes_on_after_the_main_thread_has_ended(before):
    """A thread, and a function of atexit: the same pieces."""
    assert in_a_process(f"""if True:
        import atexit, threading, time
        import numpy as np
        from numpyzf.kernels import run
        def piece(start, stop): return start, stop
        def refuse(start, stop): 1 / start
        def work():
            threading.main_thread().join()
            time.sleep(0.1)
            print(run(piece, 4, pieces=2), flush=True)
            try:
                run(refuse, 4, pieces=2)
            except ZeroDivisionError:
                print("no", flush=True)
            with np.errstate(over="raise"):
                print(run(lambda start, stop: np.geterr()["over"], 2, pieces=2), flush=True)
        {before}
        threading.Thread(target=work).start()
        atexit.register(lambda: print(run(piece, 4, pieces=2)))""") == (
            "[(0, 2), (2, 4)]\nno\n['raise', 'raise']\n[(0, 2), (2, 4)]\n")


def test_where_no_thread_can_be_started_the_caller_does_all_and_nothing_is_kept():
    assert in_a_process("""if True:
        import threading, weakref
        import numpy as np
        def refuse(self): raise RuntimeError("can't start new thread")
        threading.Thread.start = refuse
        from numpyzf.kernels import machine, run
        x = np.ones(9)
        gone = weakref.ref(x)
        print(run(lambda x, start, stop: float(x[start:stop].sum()), 9, x, pieces=3))
        del x
        print(gone(), machine._pool.calls.qsize())""", threads="3") == "[3.0, 3.0, 3.0]\nNone 0\n"


def test_a_worker_that_comes_too_late_holds_no_arrays():
    """All workers are busy, so what they were asked to do stays in their queue for a while."""
    assert in_a_process("""if True:
        import threading, weakref
        import numpy as np
        from numpyzf.kernels import machine, run
        begun, go_on = threading.Event(), threading.Event()
        busy = threading.Thread(target=lambda: run(
            lambda start, stop: (begun.set(), go_on.wait(20)) if start else begun.wait(20), 2,
            pieces=2))
        busy.start()
        begun.wait(20)
        x = np.ones(9)
        gone = weakref.ref(x)
        run(lambda x, start, stop: None, 9, x, pieces=3)
        del x
        print(gone(), machine._pool.calls.qsize())
        go_on.set()
        busy.join(20)""") == "None 1\n"


def test_threads_that_begin_at_one_moment_share_the_workers():
    assert in_a_process("""if True:
        import threading
        from numpyzf.kernels import run
        together = threading.Barrier(4)
        def call():
            together.wait(20)
            run(lambda start, stop: None, 8, pieces=8)
        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers: caller.start()
        for caller in callers: caller.join()
        print(threading.active_count())""", threads="8") == "8\n"


@pytest.mark.parametrize("function", ["run", "_run"])
def test_an_interruption_at_any_line_leaves_no_trace(function, monkeypatch):
    """After the next call, run makes pieces as before, and OpenBLAS has its threads."""
    blas, asked = [3], []

    def openblas():
        return (lambda count: blas.__setitem__(0, count)), (lambda: blas[0])
    monkeypatch.setattr(machine, "_openblas", openblas)
    code = getattr(machine, function).__code__

    def interrupt_at(number):
        """Run, and raise at this one of the function's lines; whether it has so many."""
        seen = []

        def in_function(frame, event, argument):
            # a line comes again where its with-block ends; no signal is looked for there
            if event == "line" and frame.f_lineno not in seen:
                seen.append(frame.f_lineno)
                if len(seen) == number:
                    raise KeyboardInterrupt
            return in_function
        sys.settrace(lambda frame, event, argument:
                     in_function if frame.f_code is code else None)
        try:
            run(piece, 4, pieces=2)
        except KeyboardInterrupt:
            asked.append(number)
        finally:
            sys.settrace(None)
        return len(seen) >= number

    number = 1
    while interrupt_at(number):
        assert not machine._in_a_piece.get() and not machine._inside.lock.locked()
        assert run(piece, 4, pieces=2) == [(0, 2), (2, 4)]
        assert machine._inside.threads == set() and blas == [3]
        number += 1
    assert len(asked) == number - 1 >= 3


def test_an_interruption_that_numba_has_wrapped_is_one(two_threads):
    """As it returns arrays, Numba calls Python, where a signal's error may be raised."""
    def wrapped(start, stop):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise SystemError("returned a result with an exception set") from error
    with pytest.raises(KeyboardInterrupt):
        run(wrapped, 4, pieces=1)
    with pytest.raises(SystemError, match="of another kind"):
        run(lambda start, stop: (_ for _ in ()).throw(SystemError("of another kind")), 4, pieces=1)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's here")
def test_an_interruption_waits_for_who_has_begun_and_is_raised():
    """While the caller waits for a worker that is still in its piece."""
    assert in_a_process("""if True:
        import os, signal, threading, time
        from numpyzf.kernels import run
        # a shell's job in the background is begun with the signal switched off
        signal.signal(signal.SIGINT, signal.default_int_handler)
        here, ended = threading.current_thread(), []
        both = threading.Barrier(2)
        def work(start, stop):
            both.wait(20)
            if threading.current_thread() is here:
                return
            time.sleep(0.2)             # by then the caller waits
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
            ended.append(True)
        try:
            run(work, 2, pieces=2)
        except KeyboardInterrupt:
            print("interrupted", ended)""") == "interrupted [True]\n"


def test_an_error_that_counts_as_false_is_raised(two_threads):
    both = threading.Barrier(2, timeout=20)

    class Empty(Exception):
        def __bool__(self):
            return False

    def work(start, stop):
        both.wait()
        if threading.current_thread() is not threading.main_thread():
            raise Empty
    with pytest.raises(Empty):
        run(work, 2, pieces=2)


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="too slow without Numba")
def test_a_training_goes_on_after_the_main_thread_has_ended():
    """Its weights are those of a training that the main thread waited for."""
    program = """if True:
        import threading, zlib
        import numpy as np
        from numpyzf import models, training
        main, rng = threading.main_thread(), np.random.default_rng(0)
        net = models.labnet().initialize(rng)
        x, labels = rng.standard_normal((4, 1, 28, 28)).astype(np.float32), np.arange(4)
        def work():
            if {wait}:
                main.join()
            state = training.State(net, rng, 0.01)
            for _ in range(2):
                training.train_step(state, x, labels, 0.01, training.Recipe())
            print([zlib.crc32(w) for w in net.parameters.values()], flush=True)
        thread = threading.Thread(target=work)
        thread.start()
        if not {wait}:
            thread.join()"""
    weights = in_a_process(program.format(wait=False))
    assert weights and in_a_process(program.format(wait=True)) == weights


def test_the_number_of_threads_is_that_of_the_environment():
    program = "from numpyzf import kernels; print(kernels.THREADS, kernels.machine.THREADS)"
    assert in_a_process(program, threads="1") == "1 1\n"


def test_numbas_own_threads_are_not_started():
    assert in_a_process("""if True:
        import numpy as np
        from numba.np.ufunc import parallel
        from numpyzf import functional
        x = np.ones((2, 3, 8, 8), np.float32)
        for method in ("direct", "unfold", "shift", "winograd"):
            functional.conv_forward(x, x[:, :, :3, :3].copy(), x[0, 0, 0, :2].copy(), method=method)
        print(parallel._is_initialized)""") == "False\n"


def test_an_error_is_raised_after_the_others_have_ended_and_no_piece_is_begun(two_threads):
    both, ended = threading.Barrier(2, timeout=20), []

    def work(start, stop):
        if start < 2:
            both.wait()             # the first two pieces run at one time
        if start == failing:
            raise ValueError("no")
        ended.append(start)
        if start < 2:
            time.sleep(0.2)         # by then the other thread has raised its error
    for failing in (0, 1):
        with pytest.raises(ValueError, match="no"):
            run(work, 9, pieces=9)
        assert ended == [1 - failing]
        ended.clear()
        assert run(piece, 2, pieces=2) == [(0, 1), (1, 2)]      # and the next call is shared again


def test_what_numpy_is_told_to_ignore_is_ignored_on_all_threads(two_threads):
    both = threading.Barrier(2, timeout=20)

    def overflow(start, stop):
        both.wait()
        return np.float32(1e38) * np.full(2, 1e38, np.float32)
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("error")
        run(overflow, 2, pieces=2)


# ---- products -----------------------------------------------------------------------------------

SHAPES = [((3, 5), (5, 7)), ((300, 40), (40, 1000)), ((40, 300), (300, 129)), ((999, 40), (40, 9)),
          ((9, 3, 5), (9, 5, 70))]


@pytest.mark.parametrize("a_shape, b_shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_product_is_that_of_numpy(a_shape, b_shape, dtype, threads, monkeypatch, rng):
    monkeypatch.setattr(machine, "PRODUCT_GRAIN", 100)
    monkeypatch.setattr(machine, "WIDE", 10)
    a, b = rng.standard_normal(a_shape).astype(dtype), rng.standard_normal(b_shape).astype(dtype)
    y = product(a, b)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, a @ b, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-12)
    out = np.full((*y.shape[:-1], y.shape[-1] + 3), 9, dtype)[..., 1:-2]    # no row after another
    assert product(a, b, out) is out
    np.testing.assert_array_equal(out, y)
    turned = np.ascontiguousarray(b.swapaxes(-1, -2)).swapaxes(-1, -2)
    np.testing.assert_allclose(product(a, turned), y, rtol=0, atol=1e-4)


def test_small_products_are_done_in_one_piece(two_threads, monkeypatch, rng):
    counts = []
    monkeypatch.setattr(machine, "run", lambda *arguments, pieces: counts.append(max(1, pieces)))
    for rows, columns in ((64, 100), (64, 1000), (64, 100_000), (100_000, 64)):
        product(np.zeros((rows, 128), np.float32), np.zeros((128, columns), np.float32))
    product(np.zeros((36, 64, 128), np.float32), np.zeros((36, 128, 32), np.float32))
    assert counts == [1, 3, 195, 195, 4]


def test_products_of_short_sides_are_done_in_up_to_four_narrow_pieces(monkeypatch):
    """Multiply-adds enough for more; 96 rows or columns at least."""
    counts = []
    monkeypatch.setattr(machine, "run", lambda *arguments, pieces: counts.append(pieces))
    for rows, columns in ((169, 95), (169, 200), (384, 169), (300, 676), (300, 2559), (300, 2560)):
        product(np.zeros((rows, 4000), np.float32), np.zeros((4000, columns), np.float32))
    assert counts == [1, 2, 4, 4, 4, 5]


def test_one_matrix_is_multiplied_with_each_of_several(threads, rng, monkeypatch):
    monkeypatch.setattr(machine, "PRODUCT_GRAIN", 100)
    for count in (0, 1, 5):
        a, b = rng.standard_normal((3, 4)), rng.standard_normal((count, 4, 7))
        np.testing.assert_allclose(product(a, b), a @ b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("count", [1, 2, 50])
def test_what_calls_return_is_added_up_in_their_order(own, count, threads):
    """Arrays in place, and numbers; parts are one thread's, or what they run is shared."""
    pieces = []

    def work(part):
        pieces.extend(run(piece, 8, pieces=4))
        return [np.array([part, 1.0]), part ** 0.5]
    sums, roots = machine.add_up(work, list(range(count)), own)
    assert sums.tolist() == [count * (count - 1) / 2, count]
    assert np.isclose(roots, sum(part ** 0.5 for part in range(count)), rtol=1e-12)
    assert pieces == count * [(0, 8)] if own else len(pieces) == 4 * count


def test_a_product_within_a_piece_goes_where_it_should(rng):
    a, b, out = rng.standard_normal((2, 3)), rng.standard_normal((5, 3, 4)), np.zeros((5, 2, 4))
    results = run(lambda start, stop: (product(a, b, out), product(a, b[0])), 1)
    assert results[0][0] is out
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-12)
    np.testing.assert_allclose(results[0][1], a @ b[0], rtol=0, atol=1e-12)


WITH_OPENBLAS = pytest.mark.skipif(not machine._openblas()[1],
                                   reason="this NumPy multiplies without OpenBLAS")


@WITH_OPENBLAS
@pytest.mark.parametrize("first", ["numpy", "numpyzf"])
def test_blas_has_one_thread_in_a_product_and_its_own_number_after_it(first):
    """Whichever was imported first; also after an error, and while two threads multiply."""
    assert in_a_process(f"""if True:
        import {first}
        import threading
        import numpy as np
        from numpyzf.kernels import machine
        (set_threads, count), matmul = machine._openblas(), np.matmul
        x = np.ones((90, 90))           # one piece
        set_threads(3)          # the user's own
        def within(hook):
            def product(*arguments, **named):
                hook()
                return matmul(*arguments, **named)
            np.matmul = product
            machine.product(x, x)
        def refuse(): 1 / 0
        within(lambda: print(count()))
        print(count())
        try:
            within(refuse)
        except ZeroDivisionError:
            print(count())
        inside, go_on = threading.Event(), threading.Event()
        other = threading.Thread(target=within, args=(lambda: (inside.set(), go_on.wait(20)),))
        other.start()
        inside.wait(20)
        np.matmul = matmul
        machine.product(x, x)
        print(count())                  # the other one is still inside
        go_on.set()
        other.join()
        print(count())""") == "1\n3\n3\n1\n3\n"


# ---- memory -------------------------------------------------------------------------------------

def test_an_array_is_reused_until_a_larger_one_is_needed():
    first = scratch("test", (3, 5), np.float64)
    assert first.shape == (3, 5) and first.dtype == np.float64
    for shape, dtype in [((5, 3), np.float64), ((7, 4), np.float32), ((0, 2), np.float32)]:
        again = scratch("test", shape, dtype)
        assert again.shape == shape and again.dtype == dtype
        assert np.shares_memory(again, first) or not again.size
    larger = scratch("test", (31,), np.float32)                 # by one element of 4 bytes
    assert larger.shape == (31,) and not np.shares_memory(larger, first)


def test_arrays_begin_where_a_line_of_the_cache_does():
    for nbytes in range(1, 400, 7):
        assert scratch(f"test {nbytes}", (nbytes,), np.uint8).ctypes.data % 64 == 0


def test_names_and_threads_have_arrays_of_their_own():
    arrays = [scratch("test", (4,), np.float32), scratch("test 2", (4,), np.float32)]
    other = threading.Thread(target=lambda: arrays.append(scratch("test", (4,), np.float32)))
    other.start()
    other.join()
    assert len(arrays) == 3
    assert not any(np.shares_memory(arrays[i], arrays[j]) for i, j in [(0, 1), (0, 2), (1, 2)])


@pytest.mark.parametrize("count, cost, limit, lengths", [
    (7, 10, 70, [7]), (7, 10, 69, [4, 3]), (7, 10, 30, [3, 3, 1]), (8, 10, 39, [3, 3, 2]),
    (9, 10, 40, [3, 3, 3]), (3, 10, 1, [1, 1, 1]), (0, 10, 30, [])])
@pytest.mark.parametrize("start", [0, 5])
def test_blocks_are_few_and_even_and_within_the_limit(start, count, cost, limit, lengths):
    parts = blocks(start, start + count, cost, limit)
    assert [part.stop - part.start for part in parts] == lengths
    numbers = [n for part in parts for n in range(part.start, part.stop)]
    assert numbers == list(range(start, start + count))
