"""ONNX files taken apart with the standard library: protobuf's wire format, and the fields that the tests look at."""

import struct

# Field numbers of onnx.proto.
MODEL = {1: "ir_version", 2: "producer", 3: "producer_version", 6: "documentation", 7: "graph", 8: "operator_sets",
         14: "metadata"}
GRAPH = {1: "nodes", 2: "name", 5: "tensors", 11: "inputs", 12: "outputs"}
NODE = {1: "inputs", 2: "outputs", 3: "name", 4: "op", 5: "attributes"}
TENSOR = {1: "shape", 2: "type", 8: "name", 9: "data"}
FLOAT = 1


def number_at(data, position):
    """A number of variable length and the position behind it."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def fields(data, names):
    """The values of a message's fields, lists by name; a field without a name is a mistake."""
    found, position = {name: [] for name in names.values()}, 0
    while position < len(data):
        key, position = number_at(data, position)
        field, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, position = number_at(data, position)
        elif wire_type == 2:
            length, position = number_at(data, position)
            value, position = data[position:position + length], position + length
            assert len(value) == length, "cut off"
        else:
            assert wire_type == 5, f"wire type {wire_type}"
            (value,), position = struct.unpack_from("<f", data, position), position + 4
        found[names[field]].append(value)
    return found


def text(values):
    (value,) = values
    return value.decode()


class OnnxFile:
    @staticmethod
    def names(values):
        return [text(fields(value, {1: "name", 2: "type", 3: "documentation"})["name"]) for value in values]

    def __init__(self, path):
        model = fields(path.read_bytes(), MODEL)
        self.producer, self.producer_version = text(model["producer"]), text(model["producer_version"])
        (self.format_version,) = model["ir_version"]
        (operators,) = model["operator_sets"]
        (self.operator_set,) = fields(operators, {2: "version"})["version"]
        entries = [fields(entry, {1: "key", 2: "value"}) for entry in model["metadata"]]
        self.metadata = {text(entry["key"]): text(entry["value"]) for entry in entries}
        (graph,) = (fields(part, GRAPH) for part in model["graph"])
        self.inputs, self.outputs = (self.names(graph[side]) for side in ("inputs", "outputs"))
        # (operator, inputs, outputs) in their order.
        nodes = [fields(node, NODE) for node in graph["nodes"]]
        self.nodes = [(text(node["op"]), [name.decode() for name in node["inputs"]],
                       [name.decode() for name in node["outputs"]]) for node in nodes]
        tensors = [fields(tensor, TENSOR) for tensor in graph["tensors"]]
        # (type, shape, bytes) by name.
        self.tensors = {text(tensor["name"]): (*tensor["type"], tensor["shape"], *tensor["data"]) for tensor in tensors}
        assert len(self.tensors) == len(tensors), "a name is taken twice"
