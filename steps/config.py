"""The base of every run setting."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen group of settings that refuses a key it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
