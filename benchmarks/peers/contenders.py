"""The contenders' names."""

ATTUNE = "attune"
EAGER, COMPILED = "PyTorch eager", "torch.compile"
ONNX_RUNTIME, OPENVINO = "ONNX Runtime", "OpenVINO"
