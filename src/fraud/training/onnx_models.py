"""Trained estimators as ONNX graphs: `features` (rows × features, float32) to `probabilities` (rows × 2, float32).

A row each in the table of families; whoever scores with the graph needs ONNX Runtime and nothing else.
"""

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

    from fraud.training.networks import Network

INPUT, OUTPUT, SAMPLED = "features", "probabilities", "sampled_probabilities"
OPSET = 15


def from_sklearn(estimator: Any, features: int) -> "onnx.ModelProto":
    """An estimator or pipeline of scikit-learn."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    # Without ZipMap the probabilities are a plain tensor, not a list of dictionaries.
    types = [(INPUT, FloatTensorType([None, features]))]
    return _probabilities_only(
        to_onnx(estimator, initial_types=types, options={"zipmap": False}, target_opset=OPSET)
    )


def from_hist_gradient_boosting(estimator: Any, features: int) -> "onnx.ModelProto":
    """Gradient boosting of scikit-learn, exactly: its thresholds are doubles, as LightGBM's are."""
    copied = deepcopy(estimator)
    for predictors in copied._predictors:  # what skl2onnx reads
        for predictor in predictors:
            predictor.nodes["num_threshold"] = floored(predictor.nodes["num_threshold"])
    return from_sklearn(copied, features)


def from_xgboost(estimator: Any, features: int) -> "onnx.ModelProto":
    """A booster of XGBoost, the thresholds of which are float32 as they are."""
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    types = [(INPUT, FloatTensorType([None, features]))]
    return _probabilities_only(convert_xgboost(estimator, initial_types=types, target_opset=OPSET))


def from_lightgbm(estimator: Any, features: int) -> "onnx.ModelProto":
    """A booster of LightGBM, exactly: its thresholds are floored."""
    from lightgbm import Booster
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    def exact(line: re.Match[str]) -> str:
        return "threshold=" + " ".join(repr(value) for value in floored(np.array(line[1].split(), float)).tolist())

    text = re.sub("^threshold=(.*)$", exact, estimator.booster_.model_to_string(), flags=re.MULTILINE)
    # The sizes of the trees' texts are no longer right; without them LightGBM reads to each tree's end.
    booster = Booster(model_str=re.sub("^tree_sizes=.*\n", "", text, flags=re.MULTILINE))
    types = [(INPUT, FloatTensorType([None, features]))]
    return _probabilities_only(convert_lightgbm(booster, initial_types=types, zipmap=False, target_opset=OPSET))


def from_network(estimator: "Network", features: int) -> "onnx.ModelProto":
    """A network, whichever framework learned it: squeeze, standardise, its layers, and a logistic function."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {"one": np.ones(1, np.float32), "mean": estimator.mean, "scale": estimator.scale}
    steps = [
        ("Sign", [INPUT], "sign"),
        ("Abs", [INPUT], "size"),
        ("Add", ["size", "one"], "above_one"),
        ("Log", ["above_one"], "logarithm"),
        ("Mul", ["sign", "logarithm"], "squeezed"),
        ("Sub", ["squeezed", "mean"], "centred"),
        ("Mul", ["centred", "scale"], "layer_0"),
    ]
    for number, (weights, biases) in enumerate(estimator.layers, start=1):
        constants |= {f"weights_{number}": weights, f"biases_{number}": biases}
        before = f"rectified_{number - 1}" if number > 1 else "layer_0"
        steps.append(("Gemm", [before, f"weights_{number}", f"biases_{number}"], f"layer_{number}"))
        steps.append(("Relu", [f"layer_{number}"], f"rectified_{number}"))
    odds = f"layer_{len(estimator.layers)}"
    # Of the odds and of their inverse: 1 - p would lose what is near 1.
    steps += [
        ("Neg", [odds], "inverse"),
        ("Sigmoid", [odds], "fraud"),
        ("Sigmoid", ["inverse"], "genuine"),
        ("Concat", ["genuine", "fraud"], OUTPUT),
    ]
    graph = helper.make_graph(
        [
            helper.make_node(kind, inputs, [output], **({"axis": 1} if kind == "Concat" else {}))
            for kind, inputs, output in steps
        ],
        OUTPUT,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 2])],
        [
            numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name)
            for name, value in constants.items()
        ],
    )
    # The version of the format that this opset came with: what serves may be older than what trains.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return _probabilities_only(model)


def floored(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """For each threshold the largest float32 that is not above it.

    ONNX compares float32. Rounded to the nearest one, as converters do, a threshold may pass a value that lay just
    above it; but a float32 is not above a double exactly if it is not above that largest one.
    """
    nearest = thresholds.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > thresholds, below, nearest).astype(np.float64)


def _probabilities_only(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The graph, changed in place, of what leads to the probabilities: where to cut is for those who act.

    Converters also leave nodes out of order and tensors without a type, which ONNX's checker refuses.
    """
    from onnx import TensorProto
    from onnx.checker import check_model
    from onnx.helper import make_tensor_value_info

    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    needed: list[onnx.NodeProto] = []

    def visit(name: str) -> None:
        node = makers.get(name)
        if node is not None and node not in needed:
            for each in node.input:
                visit(each)
            needed.append(node)

    visit(OUTPUT)
    del graph.node[:], graph.value_info[:], graph.output[:]
    graph.node.extend(needed)
    graph.name = OUTPUT  # some give a random one, and the same training would not give the same file
    graph.output.append(make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 2]))
    # Converters gather them in a set: without an order, the same training gives one of several files.
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    check_model(model)
    return model


def corrected(model: "onnx.ModelProto", share: float) -> "onnx.ModelProto":
    """The graph of a model that learned from a share of the genuine rows, as of one that learned from all.

    It is changed in place: its last step multiplies the odds by the share, as imbalance.corrected does.
    """
    from onnx import helper, numpy_helper
    from onnx.checker import check_model

    if share == 1:
        return model
    graph = model.graph
    for node in graph.node:
        node.input[:] = [SAMPLED if name == OUTPUT else name for name in node.input]
        node.output[:] = [SAMPLED if name == OUTPUT else name for name in node.output]
    weights = np.array([[1.0, share]], dtype=np.float32)
    graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    graph.initializer.append(numpy_helper.from_array(weights.T.copy(), "weights_column"))
    graph.node.append(helper.make_node("Mul", [SAMPLED, "weights"], ["weighted"]))
    graph.node.append(helper.make_node("MatMul", [SAMPLED, "weights_column"], ["total"]))
    graph.node.append(helper.make_node("Div", ["weighted", "total"], [OUTPUT]))
    if not any(opset.domain in ("", "ai.onnx") for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", OPSET))
    check_model(model)
    return model
