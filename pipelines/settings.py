"""The one schema of a run config, and how a run config is read."""

import re
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from pipelines.attempts import RetrySettings, Seconds, require_known, step_options, steps_of
from serving.errors import ConfigError, near_miss
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


class RunConfig(Settings):
    """Everything that decides what a run computes, and nothing about where it runs."""

    model: str
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
        """The values that decide what a run computes: not how often it tries to."""
        return self.model_dump(mode="json", exclude={"retry", "timeout"})


def known_configs() -> list[str]:
    """The names of the run configs that come with the project."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def config_path(name: str) -> Path:
    """The file behind a config's name or path."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else CONFIGS / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(f"There is no run config '{name}'. {near_miss(name, known_configs())}")
    return path


def read_config(path: Path) -> dict[str, Any]:
    """Parse a run config into plain values."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is not YAML: {error}") from error
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
        if not separator or not key:
            raise ConfigError(f"--set takes KEY=VALUE, such as tuning.trials=2, not '{pair}'.")
        overrides[key] = yaml.safe_load(value)
    return overrides


def build_config(content: dict[str, Any], overrides: dict[str, Any]) -> RunConfig:
    """Validate a run config's values with the command line's laid over them."""
    for key, value in overrides.items():
        content = overlay(content, key, value)
    try:
        return RunConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from error


def model_name(data: str, target: str) -> str:
    """The registered model's name for a table that no config names."""
    stem = Path(data.split("?")[0].rstrip("/")).name.split(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", f"{stem}-{target}".lower()).strip("-") or "model"


def _explain(error: ValidationError) -> str:
    """One line for each wrong key, with near misses for the unknown ones."""
    return "\n".join(_explain_one(dict(detail)) for detail in error.errors())


def _explain_one(detail: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in detail["loc"])
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] != "extra_forbidden":
        stop = "" if message.endswith(("?", ".")) else "."
        return f"Run config key '{path}': {message}{stop}" if path else f"{message}{stop}"
    known = _fields_at(detail["loc"][:-1])
    return f"Run config key '{path}' is unknown. {near_miss(str(detail['loc'][-1]), known)}"


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
