"""Networks in and out: ONNX, the format in which frameworks exchange networks.

    wire.py         how messages are bytes: the little of protocol buffers that is needed
    messages.py     the fields of ONNX's messages
"""
