"""Five fields of cron, as everywhere, for Kubeflow Pipelines, which reads six."""

import re
from dataclasses import dataclass

from serving.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its values and, in their order from the lowest, their names."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def takes(self, text: str) -> bool:
        """Whether each part of a field's list is a value or a range of values it has."""
        return all(self._takes(part) for part in text.split(","))

    def number(self, text: str) -> int | None:
        """The value of a number or a name; None where it has no such value."""
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        known = re.fullmatch("[0-9]{1,2}", text) and self.low <= int(text) <= self.high
        return int(text) if known else None

    def _takes(self, part: str) -> bool:
        values, slash, step = part.partition("/")
        if slash and not re.fullmatch("[1-9][0-9]?", step):
            return False
        if values in ("*", "?"):
            return True
        first, dash, last = values.partition("-")
        low, high = self.number(first), self.number(last if dash else first)
        return low is not None and high is not None and low <= high


MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 0, 7, DAYS),
)


def six_fields(expression: str) -> str:
    """The same times with seconds first: at second 0.

    Kubeflow counts the days of the week from 0 to 6, where Sunday is no 7.

    Raises:
        ConfigError: There are not five fields, or one of them holds what it cannot.
    """
    fields = expression.split()
    if len(fields) != len(FIELDS):
        raise ConfigError(
            f"The schedule '{expression}' has {len(fields)} fields and not five: "
            f"{', '.join(each.name for each in FIELDS)}, such as '0 3 * * *' for every night at "
            "three."
        )
    for field, text in zip(FIELDS, fields, strict=True):
        if not field.takes(text):
            named = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
            raise ConfigError(
                f"The schedule '{expression}' has '{text}' for its {field.name}, which goes from "
                f"{field.low} to {field.high}{named}, with lists, ranges and steps: 1,3-5 or */2."
            )
    days = ",".join(_from_sunday(part) for part in fields[-1].split(","))
    return " ".join(["0", *fields[:-1], days])


def _from_sunday(part: str) -> str:
    days, slash, step = part.partition("/")
    if days == "7":
        return "0"
    if not days.endswith("-7"):
        return part
    first = FIELDS[-1].number(days.partition("-")[0]) or 0
    if slash:
        return ",".join(str(day % 7) for day in range(first, 8, int(step)))
    return "0" if first == 7 else "*" if first in (0, 1) else f"{first}-6,0"
