"""ONNX Runtime's side, and OpenVINO's: the scores of a model file that numpyzf wrote.

float32, on the number of threads that they are told; all else as they come. Imports nothing of
numpyzf.
"""
import os

import nets
from worker import serve

THREADS = int(os.environ["OMP_NUM_THREADS"])


def forward(net, batch, runtime, model):
    """Scores of a batch.

    runtime: "onnxruntime" or "openvino"
    model: the file
    """
    x, _ = nets.batch(net, batch)
    run = {"onnxruntime": onnxruntime_run, "openvino": openvino_run}[runtime](model, x)
    return {"run": run, "check": lambda: {"scores": nets.sample(run())}}


def onnxruntime_run(model, x):
    """A function that returns ONNX Runtime's scores of x."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": x})[0]


def openvino_run(model, x):
    """A function that returns OpenVINO's scores of x; it knows the size of the batch."""
    import openvino
    read = openvino.Core().read_model(model)
    read.reshape(list(x.shape))
    # without the precision, some processors would use bfloat16
    compiled = openvino.compile_model(read, "CPU", {"INFERENCE_NUM_THREADS": THREADS,
                                                    "INFERENCE_PRECISION_HINT": "f32"})
    return lambda: compiled([x])[0]


def cases(case, **options):
    """Set a case up."""
    return {"forward": forward}[case](**options)


if __name__ == "__main__":
    serve(cases)
