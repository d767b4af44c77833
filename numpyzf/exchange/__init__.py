"""Networks in and out: ONNX, the format in which frameworks exchange networks.

    wire.py         how messages are bytes: the little of protocol buffers that is needed
    messages.py     the fields of ONNX's messages
    graph.py        a model file as plain tuples
    tensors.py      tensors as NumPy arrays
    read.py         read_onnx: a file as a Network; and what its nodes ask of the next three
    call.py         one node, asked for its inputs and attributes
    fold.py         constants that a file computes
    operators.py    operators as layers; shapes.py: those that join outputs or change shapes
    write.py        write_onnx: a Network as a file
    model.py        a file as a runs.Run, with what a JSON file beside it says; and the way back
    command.py      `numpyzf onnx check`
"""
from .model import export, load_model
from .read import read_onnx
from .write import write_onnx

__all__ = ["export", "load_model", "read_onnx", "write_onnx"]
