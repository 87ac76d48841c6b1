"""The table of model families. To add one, add a row: an estimator, its parameters, and its export to ONNX."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fraud.errors import FamilyError
from fraud.training import estimators, networks, onnx_models
from fraud.training.parameters import Parameter

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Family:
    """A row of the table.

    `estimator` makes an untrained one from a seed and the parameters' values, `to_onnx` the graph of a trained one
    for a number of features. `packages` are those whose versions decide what is learned; `environment` is the
    folder of `environments/` that has them, and `[training.environments]` of mlops.toml names it where it is not
    `train`. `distributed` says whether several processes can share the work (`[training.resources]`).
    """

    estimator: Callable[..., Any]
    to_onnx: Callable[[Any, int], "onnx.ModelProto"]
    parameters: tuple[Parameter, ...]
    packages: tuple[str, ...]
    environment: str = "train"
    distributed: bool = False


NETWORK = (
    Parameter("learning_rate", 0.002, 1e-5, 1.0),
    Parameter("epochs", 10, 1, 1000),
    Parameter("batch_size", 1024, 1, 1_000_000),
    Parameter("units", 64, 1, 4096),
    Parameter("hidden_layers", 2, 1, 20),
)

# The defaults were chosen on validation weeks before 2018-08-08; docs/model.md has the table.
FAMILIES: dict[str, Family] = {
    "logistic_regression": Family(
        estimators.logistic_regression,
        onnx_models.from_sklearn,
        (Parameter("C", 1.0, 1e-6, 1e6),),
        ("scikit-learn",),
    ),
    "random_forest": Family(
        estimators.random_forest,
        onnx_models.from_sklearn,
        (
            Parameter("n_estimators", 50, 1, 2000),
            Parameter("max_depth", 10, 1, 50),
            Parameter("min_samples_leaf", 20, 1, 100_000),
            Parameter("max_features", 0.2, 0.01, 1.0),
        ),
        ("scikit-learn",),
    ),
    "hist_gradient_boosting": Family(
        estimators.hist_gradient_boosting,
        onnx_models.from_hist_gradient_boosting,
        (
            Parameter("learning_rate", 0.05, 0.001, 1.0),
            Parameter("max_iter", 200, 1, 5000),
            Parameter("max_leaf_nodes", 15, 2, 1000),
            Parameter("min_samples_leaf", 100, 1, 100_000),
            Parameter("l2_regularization", 1.0, 0.0, 1e6),
        ),
        ("scikit-learn",),
    ),
    "xgboost": Family(
        estimators.xgboost,
        onnx_models.from_xgboost,
        (
            Parameter("learning_rate", 0.05, 0.001, 1.0),
            Parameter("n_estimators", 300, 1, 5000),
            Parameter("max_depth", 3, 1, 20),
            Parameter("min_child_weight", 5.0, 0.0, 1e6),
            Parameter("reg_lambda", 1.0, 0.0, 1e6),
            Parameter("subsample", 1.0, 0.01, 1.0),
        ),
        ("xgboost-cpu",),
    ),
    "lightgbm": Family(
        estimators.lightgbm,
        onnx_models.from_lightgbm,
        (
            Parameter("learning_rate", 0.05, 0.001, 1.0),
            Parameter("n_estimators", 200, 1, 5000),
            Parameter("num_leaves", 15, 2, 1000),
            Parameter("min_child_samples", 100, 1, 100_000),
            Parameter("reg_lambda", 1.0, 0.0, 1e6),
            Parameter("colsample_bytree", 0.4, 0.01, 1.0),
        ),
        ("lightgbm",),
    ),
    "torch_network": Family(
        networks.torch_network,
        onnx_models.from_network,
        NETWORK,
        ("torch",),
        environment="train-torch",
        distributed=True,
    ),
    "keras_network": Family(
        networks.keras_network,
        onnx_models.from_network,
        NETWORK,
        ("keras", "tensorflow-cpu"),
        environment="train-tensorflow",
    ),
}


def family_of(name: str) -> Family:
    """The row of a name; raises FamilyError for a name that none has."""
    if name not in FAMILIES:
        raise FamilyError(f"family {name!r} does not exist; there are {', '.join(FAMILIES)}")
    return FAMILIES[name]


def checked_seed(seed: int) -> int:
    """The seed; raises FamilyError for one that not every family takes."""
    if not 0 <= seed < 2**31:
        raise FamilyError(f"seed must be 0 or more and below 2**31, not {seed}")
    return seed
