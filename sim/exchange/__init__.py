# SPDX-License-Identifier: MIT
"""Networks in and out: graphs of ONNX and QONNX, and arrays of other frameworks."""
