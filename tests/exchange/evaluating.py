"""What others make of an ONNX file: the format's reference evaluator, and ONNX Runtime."""
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun


class LRN(OpRun):
    """The operator as it is defined; onnx 1.22's own normalizes as many maps as there are images.

    Its loop over the maps runs to x.shape[0].
    """
    op_domain = ""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        sums = np.zeros_like(x)
        for c in range(x.shape[1]):
            near = x[:, max(0, c - (size - 1) // 2):c + size // 2 + 1]
            sums[:, c] = (near ** 2).sum(axis=1)
        return ((x / (bias + alpha / size * sums) ** beta).astype(x.dtype),)


def evaluate(path, x, evaluator="reference"):
    """The first output that a file gives for images, after ONNX's checker has accepted it.

    evaluator: "reference", or "runtime" for ONNX Runtime, which must be installed.
    """
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    name = model.graph.input[0].name
    if evaluator == "reference":
        return ReferenceEvaluator(model, new_ops=[LRN]).run(None, {name: x})[0]
    import onnxruntime
    return onnxruntime.InferenceSession(path).run(None, {name: x})[0]
