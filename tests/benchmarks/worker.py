"""The half of a worker that knows no library.

It takes orders as lines of JSON on stdin, and answers each with a line on stdout. A case is a
function that sets it up and returns a dictionary:

    "run"       a function, the work that is timed
    "units"     how much of the work one run does; 1 if absent
    "check"     a function that returns {name: list of numbers} to compare
    "note"      a remark
    others      functions to time, by name
"""
import json
import os
import sys
import time
import traceback


def serve(cases):
    """Answer until stdin ends. cases(name, **options) returns the function that sets a case up."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)                               # whatever a library prints goes to stderr
    case = {}
    for line in sys.stdin:
        order = json.loads(line)
        do = order.pop("do")
        try:
            if do == "set_up":
                case.clear()
                case.update(cases(**order))
                answer = {"units": case.get("units", 1), "note": case.get("note", "")}
            elif do == "check":
                answer = case["check"]()
                reset_peak()
            elif do in ("peak", "reset_peak"):
                if do == "reset_peak":
                    reset_peak()
                answer = {"bytes": peak()}
            elif do in case:
                answer = {"seconds": timed(case[do], order.get("calls", 1))}
            else:
                answer = cases(do=do, **order)
        except ImportError as error:
            answer = {"missing": str(error)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


def timed(function, calls=1):
    """Seconds per call."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def reset_peak():
    """Forget the memory peak so far (Linux; elsewhere the set-up counts too)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def peak():
    """The most memory that this process has held, in bytes."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024
    except OSError:
        import resource
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024        # else it is in kilobytes
