"""`numpyzf onnx check`: the table of a net's layers, or all nodes that can't be read."""
import numpy as np
import pytest
from building import node, random, saved

from numpyzf.cli import main

W = random(4, 3, 3, 3)


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Run the command on a file of these nodes: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(nodes, tensors, *arguments, **more):
        saved(tmp_path, nodes, tensors, **more)
        status = main(["onnx", "check", "net.onnx", *arguments])
        return status, *capsys.readouterr()
    return run


def test_the_table_of_a_net(check):
    status, out, err = check([node("Conv", "x w", "a", name="stem"), node("Relu", "a", "y")],
                             {"w": W})
    first, head, *rest, last = out.splitlines()
    assert (status, err) == (0, "")
    assert first == ("net.onnx: ONNX of IR version 7, operators of version 13, written by tests; "
                     "2 nodes")
    assert head.split()[:2] == ["layer", "operation"]
    assert any(line.startswith("stem   convolution 3×3  4×6×6") for line in rest)
    # what a model file doesn't say has to be asked for elsewhere
    assert last == ("It can be read. It doesn't say how an image becomes its input (mean, scale, "
                    "order of channels), nor what the classes are called.")


def test_all_that_is_wrong_and_a_way_out(check):
    nodes = [node("HardSwish", "x", "a", name="one"), node("Conv", "a w", "b", strides=[0, 1]),
             node("HardSwish", "b", "y", name="two")]
    status, out, err = check(nodes, {"w": W})
    assert status == 2
    assert err == "numpyzf: net.onnx: 3 nodes, listed above, can't be read\n"
    lines = out.splitlines()[1:]
    assert lines[0] == ("  HardSwish 'one', 'two': numpyzf has no such operator (replace it before "
                        "you export, or end below it, with output=)")
    assert lines[1] == ("  Conv number 1: its attribute strides is [0, 1]; read here are numbers "
                        "of at least 1")
    assert lines[2].startswith("Operators that are read: Add, AveragePool, ")


def test_options(check):
    nodes = [node("Conv", "x w", "a"), node("BatchNormalization", "a s s s s", "b"),
             node("Relu", "b", "c"), node("Mish", "c", "y")]
    tensors = {"w": W, "s": np.ones(4, np.float32)}
    status, out, _ = check(nodes, tensors, "--size", "9", "--output", "c", "--fold",
                           shape=("N", 3, "H", "W"))
    assert status == 0 and "4×7×7" in out and "normalization" not in out
    status, out, _ = check(nodes, tensors, "--size", "9", "--output", "c", shape=("N", 3, "H", "W"))
    assert status == 0 and "batch normalization" in out
    status, _, err = check(nodes, tensors, shape=("N", 3, "H", "W"))
    assert status == 2 and "say the side of the images, size=224" in err and err.count("\n") == 1


def test_what_is_no_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.onnx").write_text("hello\n")
    for name, words in (("text.onnx", "text.onnx: no ONNX model"), (".", ".: a folder"),
                        ("gone.onnx", "no file gone.onnx")):
        assert main(["onnx", "check", name]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith(f"numpyzf: {words}") and err.count("\n") == 1
