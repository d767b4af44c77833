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


class BatchNormalization(OpRun):
    """The operator at inference; onnx 1.22's own, before opset 14, normalizes by the batch."""
    op_domain = ""

    def _run(self, x, scale, shift, mean, variance, epsilon=None, **training):
        assert not training.get("training_mode")
        scale, shift, mean, variance = (value.reshape(-1, *[1] * (x.ndim - 2))
                                        for value in (scale, shift, mean, variance))
        return ((scale * (x - mean) / np.sqrt(variance + epsilon) + shift).astype(x.dtype),)


class OldSoftmax(OpRun):
    """Softmax before opset 13: the axes from `axis` on are one; onnx 1.22's own is the new one."""
    op_domain = ""
    __qualname__ = "Softmax"

    def _run(self, x, axis=None):
        axis = 1 if axis in (None, -1) else axis        # the evaluator gives the new default
        flat = x.reshape(int(np.prod(x.shape[:axis])), -1)
        y = np.exp(flat - flat.max(axis=1, keepdims=True))
        return ((y / y.sum(axis=1, keepdims=True)).reshape(x.shape),)


OldSoftmax.__name__ = "Softmax"         # the evaluator goes by the class's name


def mended(model):
    """The operators of a model in which onnx 1.22's evaluator departs from their definition."""
    old = model.opset_import[0].version < 13
    return [LRN, BatchNormalization, *([OldSoftmax] if old else [])]


def evaluate(path, x, evaluator="reference"):
    """The first output that a file gives for images, after ONNX's checker has accepted it.

    evaluator: "reference", or "runtime" for ONNX Runtime, which must be installed.
    """
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    name = model.graph.input[0].name
    if evaluator == "reference":
        return ReferenceEvaluator(model, new_ops=mended(model)).run(None, {name: x})[0]
    import onnxruntime
    return onnxruntime.InferenceSession(path).run(None, {name: x})[0]
