"""The messages of an ONNX file that a 2-D convnet needs: {number: (name, kind)}, see wire.py.

Numbers that stand here for no field are skipped: documentation, types of values in between, what
is for training. Source: onnx/onnx.proto, https://github.com/onnx/onnx.
"""
# Types of a tensor's numbers, data_type.
FLOAT, UINT8, INT8, INT32, INT64, BOOL, FLOAT16, DOUBLE, BFLOAT16 = 1, 2, 3, 6, 7, 9, 10, 11, 16

PAIR = {1: ("key", "text"), 2: ("value", "text")}

TENSOR = {
    1: ("dims", ["int"]),
    2: ("data_type", "int"),
    4: ("float_data", "four"),
    5: ("int32_data", "varints"),       # INT32, UINT8, INT8, BOOL; bit patterns of FLOAT16
    7: ("int64_data", "varints"),
    8: ("name", "text"),
    9: ("raw_data", "bytes"),           # any type: little-endian, row-major
    10: ("double_data", "eight"),
    13: ("external_data", [PAIR]),      # keys: location, offset, length
    14: ("data_location", "int"),       # EXTERNAL: the numbers are in another file
}
EXTERNAL = 1

# What `type` of an attribute says, and the field that holds its value.
ATTRIBUTE_TYPES = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints", 8: "strings"}
ATTRIBUTE = {
    1: ("name", "text"),
    2: ("f", "float"),
    3: ("i", "int"),
    4: ("s", "bytes"),
    5: ("t", TENSOR),
    6: ("g", "bytes"),                  # a graph in the graph, which no convnet needs
    7: ("floats", "four"),
    8: ("ints", ["int"]),
    9: ("strings", ["bytes"]),
    20: ("type", "int"),
}

NODE = {
    1: ("input", ["text"]),
    2: ("output", ["text"]),
    3: ("name", "text"),
    4: ("op_type", "text"),
    5: ("attribute", [ATTRIBUTE]),
    7: ("domain", "text"),
}

DIM = {1: ("dim_value", "int"), 2: ("dim_param", "text")}
SHAPE = {1: ("dim", [DIM])}
TENSOR_TYPE = {1: ("elem_type", "int"), 2: ("shape", SHAPE)}
VALUE_INFO = {1: ("name", "text"), 2: ("type", {1: ("tensor_type", TENSOR_TYPE)})}

GRAPH = {
    1: ("node", [NODE]),
    2: ("name", "text"),
    5: ("initializer", [TENSOR]),
    11: ("input", [VALUE_INFO]),
    12: ("output", [VALUE_INFO]),
    15: ("sparse_initializer", ["bytes"]),
}

OPSET = {1: ("domain", "text"), 2: ("version", "int")}

MODEL = {
    1: ("ir_version", "int"),
    2: ("producer_name", "text"),
    4: ("domain", "text"),
    7: ("graph", GRAPH),
    8: ("opset_import", [OPSET]),
    14: ("metadata_props", [PAIR]),
}
