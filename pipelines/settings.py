"""The one schema of a run config, and how a run config is read."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from pipelines.attempts import RetrySettings, Seconds, require_known, step_options, steps_of
from serving.errors import ConfigError, near_miss
from serving.written import is_file, parse_yaml, read_yaml
from steps.config import Settings
from steps.data.settings import SourceSettings, SplitSettings, ValidationSettings
from steps.deployment.settings import RolloutSettings
from steps.evaluation.settings import CardSettings, GateSettings
from steps.labelling.settings import LabelSettings
from steps.monitoring.settings import MonitoringSettings, ReportSettings
from steps.training.settings import (
    CandidateSettings,
    EnsembleSettings,
    TuningSettings,
    default_candidates,
)

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
DEFAULT_CONFIG = "demo"
# Where pydantic speaks of JSON, and what is read is YAML.
WORDS = {
    "tuple_type": "Input should be a list such as [a, b]",
    "list_type": "Input should be a list such as [a, b]",
    "dict_type": "Input should be a mapping such as {key: value}",
    "model_type": "Input should be a mapping such as {key: value}",
    "model_attributes_type": "Input should be a mapping such as {key: value}",
}


# A model's name is a folder's, a part of URLs and a registry's: one that no deployer takes is told
# before anything is trained.
LONGEST_NAME = 100
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=LONGEST_NAME)]


class RunConfig(Settings):
    """Everything that decides what a run computes, and nothing about where it runs."""

    model: ModelName
    data: SourceSettings
    labels: LabelSettings = LabelSettings()
    validation: ValidationSettings = ValidationSettings()
    split: SplitSettings = SplitSettings()
    candidates: tuple[CandidateSettings, ...] = Field(default_candidates(), min_length=1)
    tuning: TuningSettings = TuningSettings()
    ensemble: EnsembleSettings = EnsembleSettings()
    gate: GateSettings = GateSettings()
    card: CardSettings = CardSettings()
    report: ReportSettings = ReportSettings()
    rollout: RolloutSettings = RolloutSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    retry: dict[str, RetrySettings] = Field(default_factory=dict)
    timeout: dict[str, Seconds] = Field(default_factory=dict)
    seed: int = 0

    def reading(self, data: str) -> Self:
        """The same with its table at another place."""
        source = self.data.model_copy(update={"data": data})
        return self.model_copy(update={"data": source})

    @field_validator("candidates")
    @classmethod
    def _names_differ(cls, given: tuple[CandidateSettings, ...]) -> tuple[CandidateSettings, ...]:
        """A step is named for its candidate."""
        names = [candidate.name for candidate in given]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two candidates are named '{twice[0]}'")
        return given

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        """Without a target no step could begin: say so before any does."""
        _ = self.data.columns
        return self

    @model_validator(mode="after")
    def _windows_of_ordered_rows(self) -> Self:
        """What a window is has to be known before any step begins."""
        known = [candidate.name for candidate in self.candidates]
        for name in self.ensemble.windowed:
            if name not in known:
                raise ValueError(
                    f"ensemble.windowed: no candidate '{name}'. {near_miss(name, known)}"
                )
        names = [member.name for member in self.members]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two candidates are named '{twice[0]}', one for its window")
        windows = any(member.window < 1 for member in self.members)
        if windows and self.ordered_tuning.order is False:
            raise ValueError(
                "ensemble.windows need rows in the order of time: split.by: time, or tuning.order "
                "(a column, or true where the table's own order is that)"
            )
        return self

    @model_validator(mode="after")
    def _tries_known_steps(self) -> Self:
        """A policy for a step that is not there would never be followed."""
        for group in ("retry", "timeout"):
            require_known(group, getattr(self, group), self._steps)
        return self

    @property
    def members(self) -> tuple[CandidateSettings, ...]:
        """The candidates, and behind each itself on the more recent rows alone."""
        found: list[CandidateSettings] = []
        for candidate in self.candidates:
            found.append(candidate)
            if not self.ensemble.windowed or candidate.name in self.ensemble.windowed:
                found.extend(candidate.on(share) for share in self.ensemble.shorter)
        return tuple(found)

    @property
    def ordered_tuning(self) -> TuningSettings:
        """How candidates are judged: where windows are compared, by later rows than they saw."""
        windows = any(member.window < 1 for member in self.members)
        if self.tuning.order is not False or self.split.by != "time" or not windows:
            return self.tuning
        content = {**self.tuning.model_dump(), "order": self.split.column}
        return TuningSettings.model_validate(content)

    @property
    def _steps(self) -> list[str]:
        return steps_of([member.name for member in self.members])

    @property
    def attempts(self) -> dict[str, dict[str, Any]]:
        """What ZenML is told of each step's tries and time."""
        return step_options(self.retry, self.timeout, self._steps)

    @property
    def computed(self) -> dict[str, Any]:
        """The values that decide what a run computes: not how often it tries to, nor how fast."""
        found = self.model_dump(mode="json", exclude={"retry", "timeout"})
        del found["tuning"]["workers"]
        return found


def known_configs() -> list[str]:
    """The names of the run configs that come with the project."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def config_path(name: str) -> Path:
    """The file behind a config's name or path."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else CONFIGS / f"{name}.yaml"
    if not is_file(path):
        raise ConfigError(f"There is no run config '{name}'. {near_miss(name, known_configs())}")
    return path


def read_config(path: Path) -> dict[str, Any]:
    """Parse a run config into plain values."""
    content = read_yaml(path, path.name)
    if not isinstance(content, dict):
        raise ConfigError(f"{path.name} must hold a mapping such as 'model: NAME'.")
    return content


def overlay(base: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a copy in which the dotted key has that value."""
    head, _, rest = key.partition(".")
    if not rest:
        return {**base, head: value}
    inner = base.get(head)
    return {**base, head: overlay(inner if isinstance(inner, dict) else {}, rest, value)}


def parse_overrides(pairs: list[str]) -> dict[str, Any]:
    """Read `KEY=VALUE` words; a value is YAML, so numbers and lists keep their type."""
    overrides: dict[str, Any] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not all(key.split(".")):
            raise ConfigError(f"--set takes KEY=VALUE, such as tuning.trials=2, not '{pair}'.")
        overrides[key] = parse_yaml(value, f"--set {key}")
    return overrides


def build_config(content: dict[str, Any], overrides: dict[str, Any]) -> RunConfig:
    """Validate a run config's values with the command line's laid over them."""
    for key, value in overrides.items():
        content = overlay(content, key, value)
    try:
        # As JSON, a list may stand for a tuple; nothing else is taken for what it is not.
        return RunConfig.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        raise ConfigError(_explain(error, content)) from error


def model_name(data: str, target: str) -> str:
    """The registered model's name for a table that no config names."""
    stem = Path(data.split("?")[0].rstrip("/")).name.split(".")[0]
    return (
        re.sub(r"[^a-z0-9]+", "-", f"{stem}-{target}".lower()).strip("-")[:LONGEST_NAME].strip("-")
        or "model"
    )


def _explain(error: ValidationError, content: dict[str, Any]) -> str:
    """One line for each wrong key, with near misses for the unknown ones."""
    details = [dict(detail) for detail in error.errors(include_url=False)]
    told: dict[str, list[str]] = {}
    for detail in details:
        path = _written(detail, content)
        # A list is called empty when no entry of it is right.
        if not any(_beneath(detail, other) for other in details):
            told.setdefault(".".join(map(str, path)), []).append(_told(detail))
    return "\n".join(_line(path, messages) for path, messages in told.items())


def _line(path: str, messages: list[str]) -> str:
    """What is wrong with a key; a value that may be of several types is told once."""
    message = ", or ".join(dict.fromkeys(messages)).replace(", or Input should be", ", or")
    stop = "" if message.endswith(("?", ".")) else "."
    if message.startswith("is unknown"):
        return f"Run config key '{path}' {message}{stop}"
    return f"Run config key '{path}': {message}{stop}" if path else f"{message}{stop}"


def _told(detail: dict[str, Any]) -> str:
    if detail["type"] != "extra_forbidden":
        return WORDS.get(detail["type"], str(detail["msg"]).removeprefix("Value error, "))
    known = _fields_at(detail["loc"][:-1])
    return f"is unknown. {near_miss(str(detail['loc'][-1]), known)}"


def _written(detail: dict[str, Any], content: Any) -> list[int | str]:
    """Where a wrong value stands, without the types that it was tried as."""
    path: list[int | str] = []
    for part in detail["loc"]:
        inside = isinstance(content, dict) or (isinstance(content, list) and part != "[key]")
        if not inside or (isinstance(content, list) and not isinstance(part, int)):
            break
        path.append(part)
        content = content.get(part) if isinstance(content, dict) else content[int(part)]
    return path


def _beneath(detail: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the other error lies inside what the first calls too short."""
    place, inner = detail["loc"], other["loc"]
    return detail["type"] == "too_short" and len(inner) > len(place) == len(
        [1 for a, b in zip(place, inner, strict=False) if a == b]
    )


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the group of settings at this place takes."""
    group: type[Settings] = RunConfig
    parts = iter(location)
    for part in parts:
        if isinstance(part, int):
            continue
        annotation = group.model_fields[part].annotation
        inner = getattr(annotation, "__args__", (annotation,))
        if getattr(annotation, "__origin__", None) is dict:
            # By names of the user's own: the next part is one of them.
            inner = inner[1:]
            next(parts, None)
        if not (isinstance(inner[0], type) and issubclass(inner[0], Settings)):
            return []
        group = inner[0]
    return list(group.model_fields)
