"""`mlops.toml`: read once, checked whole, with the key and the line of what is wrong."""

from __future__ import annotations

import math
import os
import re
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from .errors import BadInput

FILE = "mlops.toml"
PORT = "AZUREML_LOCAL_PORT"
"""The variable that names another port for the local Azure ML than the file does."""
HIGHEST_PORT = 65_535
Positive = Annotated[int, Field(gt=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=100)]
Entry = Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be finite")
    if not isinstance(value, bool | int | float | str | date | time):
        raise ValueError("must be a text, a number, true, false, a date or a time")
    return value


def _word(value: Any) -> Any:
    """A scalar that a step's command line takes as one word, whatever shell reads it."""
    if isinstance(value, bool | int | float | str) and re.fullmatch(r"[\w.,:+-]+", str(_scalar(value)), re.ASCII):
        return value
    raise ValueError("must be a number, true, false, or a text of letters, digits and .,:+-_")


Scalar = Annotated[Any, AfterValidator(_scalar)]
Word = Annotated[Any, AfterValidator(_word)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
Free = dict[str, Scalar]
"""A table whose keys are the project's own: `mlops` hands it on and knows none of them."""


def _margin(value: float | str) -> float | str:
    if isinstance(value, str):
        if not re.fullmatch(r"\d+(\.\d+)? ?%", value):
            raise ValueError(f'is neither a number nor a share such as "5%": {value!r}')
    elif not (math.isfinite(value) and value >= 0):
        raise ValueError(f"must be 0 or more: {value}")
    return value


Margin = Annotated[float | str, AfterValidator(_margin)]
"""How much worse is still no harm: in the metric's own unit, or in percent of the champion's value."""


def _one_of_the_levels(confidence: float) -> float:
    """The one-sided confidences that an evaluation has intervals for."""
    levels = (0.9, 0.95, 0.975, 0.99, 0.995)
    if confidence not in levels:
        raise ValueError(f"must be one of {', '.join(map(str, levels))}")
    return confidence


class Section(BaseModel):
    """Frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Project(Section):
    model: Name
    contract: Entry
    sources: Entry | None = None
    generator: Entry
    scoring: str


class Local(Section):
    port: Annotated[int, Field(ge=0, le=HIGHEST_PORT)] = 10443
    state: str = ".azureml-local"


class Source(Section):
    """Where data lands: files in storage (`blob`), or a kind of the project's own with settings of its own."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: Name
    uri: str = ""
    files: Annotated[list[str], Field(min_length=1)] = ["*"]


class Data(Section):
    """`contract` holds keyword arguments of the project's contract, which `mlops` does not know."""

    asset: Name
    max_age_days: Positive | None = None
    max_landing_age_days: Positive | None = None
    contract: dict[str, Any] = {}
    source: Source | None = None


BOUNDS, BELL = ("min_value", "max_value"), ("mu", "sigma")
DISTRIBUTIONS = {
    "choice": ("values",),
    "randint": ("upper",),
    **dict.fromkeys(("uniform", "loguniform"), BOUNDS),
    **dict.fromkeys(("quniform", "qloguniform"), (*BOUNDS, "q")),
    **dict.fromkeys(("normal", "lognormal"), BELL),
    **dict.fromkeys(("qnormal", "qlognormal"), (*BELL, "q")),
}
"""What each distribution is given, in the words of Azure ML's YAML."""


class Distribution(Section):
    """What a parameter may be in a sweep."""

    type: str
    values: Annotated[list[Word], Field(min_length=1)] | None = None
    upper: Positive | None = None
    min_value: float | None = None
    max_value: float | None = None
    mu: float | None = None
    sigma: Annotated[float, Field(gt=0)] | None = None
    q: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = DISTRIBUTIONS.get(self.type)
        if needed is None:
            raise ValueError(f"type must be one of {', '.join(DISTRIBUTIONS)}")
        if self.model_fields_set != {"type", *needed}:
            raise ValueError(f"{self.type} takes {', '.join(needed)}")
        return self


class Termination(Section):
    """When a trial that promises little is ended."""

    type: Literal["bandit", "median_stopping", "truncation_selection"]
    evaluation_interval: Positive = 1
    delay_evaluation: Annotated[int, Field(ge=0)] = 0
    slack_factor: Annotated[float, Field(gt=0)] | None = None
    slack_amount: Annotated[float, Field(gt=0)] | None = None
    truncation_percentage: Annotated[int, Field(ge=1, le=99)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        own = {"bandit": {"slack_factor", "slack_amount"}, "truncation_selection": {"truncation_percentage"}}
        of_type = own.get(self.type, set())
        given = self.model_fields_set & {"slack_factor", "slack_amount", "truncation_percentage"}
        if not given <= of_type or len(given) != (1 if of_type else 0):
            raise ValueError(f"{self.type} takes {' or '.join(sorted(of_type)) or 'neither slack nor percentage'}")
        return self


class Sweep(Section):
    """A search over a family's parameters: its best trial has the best value of a metric that training logs."""

    metric: str
    goal: Literal["maximize", "minimize"] = "maximize"
    sampling: Literal["grid", "random", "sobol", "bayesian"] = "random"
    max_total_trials: Annotated[int, Field(ge=1, le=1000)] = 10
    max_concurrent_trials: Annotated[int, Field(ge=1, le=1000)] = 2
    early_termination: Termination | None = None
    space: Annotated[dict[Identifier, Distribution], Field(min_length=1)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        kinds = {each.type for each in self.space.values()}
        if self.sampling == "grid" and kinds != {"choice"}:
            raise ValueError("grid sampling takes choices only")
        if self.sampling == "bayesian" and kinds - {"choice", "uniform", "quniform"}:
            raise ValueError("bayesian sampling takes choice, uniform and quniform only")
        if self.sampling == "bayesian" and self.early_termination:
            raise ValueError("bayesian sampling takes no early termination")
        return self


class Training(Section):
    experiment: str
    families: Annotated[list[Name], Field(min_length=1)]
    seed: int = 0
    step_timeout_seconds: Positive = 1800
    environments: dict[Name, Name] = {}
    settings: Free = {}
    parameters: dict[Name, dict[Identifier, Word]] = {}
    sweep: dict[Name, Sweep] = {}

    @field_validator("families")
    @classmethod
    def _different(cls, families: list[str]) -> list[str]:
        if twice := [name for name in families if families.count(name) > 1]:
            raise ValueError(f"names {twice[0]} twice")
        return families


class Slices(Section):
    margin: Margin | None = None
    not_assessed: Literal["report", "approval", "undecided"] = "report"


class Latency(Section):
    """Milliseconds of one request."""

    ratio: PositiveNumber = 5.0
    ignore_below: NotNegative = 0.05
    limit: PositiveNumber = 50.0


class Size(Section):
    """Megabytes of what is registered."""

    ratio: PositiveNumber = 10.0
    ignore_below: NotNegative = 20.0
    limit: PositiveNumber = 500.0


class Drift(Section):
    psi: PositiveNumber = 0.25


class Gate(Section):
    """The policy of the gate; docs/gate.md says what each rule reads and how it judges."""

    mode: Literal["enforce", "dry_run"] = "enforce"
    primary: str | None = None
    rule: Literal["non-inferiority", "superiority", "any"] = "non-inferiority"
    any_of: list[str] = []
    margin: Margin = 0.02
    confidence: Annotated[float, AfterValidator(_one_of_the_levels)] = 0.95
    minimum_events: Annotated[int, Field(ge=0)] = 30
    floors: Annotated[dict[str, Number], Field(min_length=1)]
    guardrails: dict[str, Margin] = {}
    calibration: dict[str, Margin] = {}
    slices: Slices = Slices()
    latency: Latency = Latency()
    size: Size = Size()
    drift: Drift = Drift()
    approvals: list[Literal["first-model", "every-model"]] = []

    @model_validator(mode="after")
    def _any_of_something(self) -> Gate:
        if self.rule == "any" and not self.any_of:
            raise ValueError('rule = "any" needs any_of, the metrics of which any will do')
        return self


class Infra(Section):
    workload: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,6}$")] = "fraud"
    location: Name = "westeurope"


class Target(Section):
    subscription_id: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    resource_group: str
    workspace: str
    compute: str
    endpoint: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]$")]
    instance_type: str
    instance_count: Positive = 1
    allow_dirty: bool = False


class Config(Section):
    """The whole file. `root` is the folder of the project, `file` what was read."""

    root: Path
    file: Path
    project: Project
    local: Local = Field(default_factory=Local)
    data: Data
    training: Training
    gate: Gate
    demo: Free = {}
    infra: Infra = Infra()
    targets: Annotated[dict[str, Target], Field(min_length=1)]

    def target(self, name: str) -> Target:
        """The target of this name. Raises BadInput, naming those there are."""
        if name not in self.targets:
            raise BadInput(f"there is no target {name!r} in {FILE}", f"the targets are: {', '.join(self.targets)}")
        return self.targets[name]

    @property
    def local_home(self) -> Path:
        """Where the local Azure ML keeps its state. AZUREML_LOCAL_HOME names another place."""
        return Path(os.environ.get("AZUREML_LOCAL_HOME") or self.root / self.local.state)

    @property
    def demo_files(self) -> Path:
        """What the demo makes. A reset of the local Azure ML forgets it, the endpoint's key first of all."""
        return self.local_home / "project"

    @property
    def local_port(self) -> int:
        """Where the local Azure ML listens. AZUREML_LOCAL_PORT names another port; 0 takes a free one."""
        text = os.environ.get(PORT)
        if text is None:
            return self.local.port
        if not text.isdigit() or int(text) > HIGHEST_PORT:
            raise BadInput(f"{PORT} must be a number from 0 to {HIGHEST_PORT}, it is {text!r}")
        return int(text)


def find_root(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, that has the file. Raises BadInput."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise BadInput(f"there is no {FILE} in {here} or above it", "run mlops inside the project")


def load(path: Path | None = None) -> Config:
    """Read the configuration. Raises BadInput with the key and the line of the first thing that is wrong.

    MLOPS_CONFIG names another file for the same project.
    """
    root = path.resolve().parent if path else find_root()
    file = path or Path(os.environ.get("MLOPS_CONFIG") or root / FILE)
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not text in UTF-8: {error.reason} at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
    try:
        return Config(root=root, file=file, **content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [str(part) for part in first["loc"] if part != "[key]"]
        line = _line_of(text, keys)
        where = f"{file.name}, line {line}" if line else file.name
        what = "is not a known key" if first["type"] == "extra_forbidden" else first["msg"]
        what = what.removeprefix("Value error, ")
        raise BadInput(f"{where}: {'.'.join(keys)}: {what}") from error
    except TypeError as error:
        raise BadInput(f"{file.name}: a key of the first level is not known: {error}") from error


def _line_of(text: str, keys: list[str]) -> int:
    """The line on which a key stands; that of its table where the key is missing; 0 if neither is there."""
    table: list[str] = []
    best = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[+\s*([\w.\-\"]+)\s*\]+", line):
            table = found[1].replace('"', "").split(".")
            if keys[: len(table)] == table:
                best = number
        elif (found := re.match(r"\s*([\w\-\"]+)\s*=", line)) and keys[: len(table) + 1] == [
            *table,
            found[1].strip('"'),
        ]:
            return number
    return best
