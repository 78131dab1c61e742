#!/usr/bin/env python3
"""attune export writes whole ONNX files; what they compute is compared with ONNX Runtime by tests/onnx/compare."""

import json
import math
import struct
import unittest

import onnx_file
import program

FAILED, USAGE, INPUT = 1, 2, 3
FUSIONS = ["none", "instance", "internal", "external", "learned"]


def weights_of(model):
    """(shape, floats) by name, from a safetensors file."""
    data = model.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    weights = {}
    for name, tensor in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in tensor["data_offsets"])
            weights[name] = tensor["shape"], struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    return weights


class ExportTest(program.ProgramTest):
    def export(self, *arguments):
        out = self.folder / "out.onnx"
        self.succeed("export", "--onnx", out, *arguments)
        return out

    def model(self, name, options):
        """Of a network with these options, after one step."""
        config = {**program.CONFIG, "model": {"channels": [4, 6], **options}, "loss": {"contrast": {"weight": 0, "levels": [0]}},
                  "train": {**program.CONFIG["train"], "steps": 1}}
        path = program.write_config(self.data / "model.json", config)
        self.succeed("train", path, "--out", self.folder / name, "--threads", 1)
        return self.folder / name / "last.safetensors"

    def expect_whole(self, file):
        """Every operator reads what stands before it, and every constant has its bytes."""
        self.assertEqual((file.inputs, file.outputs), (["composite", "mask"], ["harmonized"]))
        known = {"", *file.inputs, *file.tensors}
        for op, inputs, outputs in file.nodes:
            self.assertLessEqual(set(inputs), known, op)
            self.assertFalse(set(outputs) & known, op)
            known.update(outputs)
        self.assertIn("harmonized", known)
        for name, (kind, shape, data) in file.tensors.items():
            self.assertEqual(len(data), math.prod(shape) * (4 if kind == onnx_file.FLOAT else 8), name)

    def expect_weights(self, file, model):
        """All of them, and all in use."""
        read = {name for _, inputs, _ in file.nodes for name in inputs}
        for name, (shape, values) in weights_of(model).items():
            kind, onnx_shape, data = file.tensors[name]
            self.assertEqual((kind, math.prod(onnx_shape)), (onnx_file.FLOAT, math.prod(shape)))
            self.assertEqual(sorted(struct.unpack(f"<{len(values)}f", data)), sorted(values), name)
            self.assertIn(name, read)

    def test_the_shipped_model(self):
        file = onnx_file.OnnxFile(self.export("--model", program.SHIPPED_MODEL))
        self.expect_whole(file)
        self.expect_weights(file, program.SHIPPED_MODEL)
        self.assertEqual((file.format_version, file.operator_set), (8, 17))
        version = self.succeed("--version").stdout.split()[1]
        self.assertEqual((file.producer, file.producer_version), ("attune", version))
        self.assertEqual(json.loads(file.metadata["attune.model"])["inference_size"], 256)

    def test_weights_of_a_convolution_are_turned(self):
        file = onnx_file.OnnxFile(self.export("--model", program.SHIPPED_MODEL))
        (outputs, rows, columns, inputs), values = weights_of(program.SHIPPED_MODEL)["head.weights"]
        _, shape, data = file.tensors["head.weights"]
        self.assertEqual(shape, [outputs, inputs, rows, columns])
        turned = struct.unpack(f"<{len(values)}f", data)
        for output, row, column, channel in ((0, 0, 0, 1), (3, 2, 0, 5), (11, 1, 2, inputs - 1)):
            self.assertEqual(turned[((output * inputs + channel) * rows + row) * columns + column],
                             values[((output * rows + row) * columns + column) * inputs + channel])

    def test_every_kind_of_network(self):
        kinds = {"blend": {"head": "blend"}, "blend_global": {"head": "blend", "global": True}, "global": {"global": True},
                 "map_at_full_size": {"head_level": 0}, "no_fusion": {"fusion": "none", "slope": 0},
                 "every_fusion": {"channels": [3, 4, 5, 6, 7], "fusion": FUSIONS, "head_level": 0}}
        for name, options in kinds.items():
            with self.subTest(name):
                model = self.model(name, options)
                file = onnx_file.OnnxFile(self.export("--model", model))
                self.expect_whole(file)
                self.expect_weights(file, model)

    def test_the_same_bytes_again(self):
        first = program.digest(self.export("--model", program.SHIPPED_MODEL))
        self.assertEqual(program.digest(self.export("--model", program.SHIPPED_MODEL)), first)

    def test_what_cannot_be_done(self):
        missing = self.folder / "missing"
        out = self.folder / "out.onnx"
        for arguments, code, fragment in (
                (("--onnx", missing / "out.onnx"), FAILED, missing), (("--onnx", "/proc/out.onnx"), FAILED, "/proc/out.onnx"),
                (("--onnx", self.folder), FAILED, self.folder), (("--onnx", out, "--model", missing), INPUT, missing),
                (("--onnx", out, "--model", self.composite), INPUT, self.composite), ((), USAGE, "--onnx"),
                (("--onnx", out, "--modle", missing), USAGE, "did you mean '--model'")):
            named = () if "--model" in arguments else ("--model", program.SHIPPED_MODEL)
            result = program.run("export", *arguments, *named)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertEqual((result.stdout, len(result.stderr.splitlines())), ("", 1), result.stderr)
            self.assertIn(str(fragment), result.stderr)
            self.assertEqual(program.files_in(self.folder), {})

    def test_help(self):
        text = self.succeed("export", "--help").stdout
        for option in ("--onnx", "--model"):
            self.assertIn(option, text)


if __name__ == "__main__":
    unittest.main()
