"""Five fields of cron, as everywhere, for Kubeflow Pipelines, which reads six."""

import re

from serving.errors import ConfigError

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_FIELD = re.compile(r"[0-9A-Za-z*?/,\-]+")


def six_fields(expression: str) -> str:
    """The same times with seconds first: at second 0.

    Kubeflow counts the days of the week from 0 to 6, where Sunday is no 7.

    Raises:
        ConfigError: There are not five fields, or one of them holds what no field can.
    """
    fields = expression.split()
    if len(fields) != len(FIELDS):
        raise ConfigError(
            f"The schedule '{expression}' has {len(fields)} fields and not five: "
            f"{', '.join(FIELDS)}, such as '0 3 * * *' for every night at three."
        )
    for name, field in zip(FIELDS, fields, strict=True):
        if not _FIELD.fullmatch(field):
            raise ConfigError(f"The schedule '{expression}' has '{field}' for its {name}.")
    days = ",".join(_from_sunday(part) for part in fields[-1].split(","))
    return " ".join(["0", *fields[:-1], days])


def _from_sunday(part: str) -> str:
    days, slash, step = part.partition("/")
    if days == "7":
        return "0"
    if not days.endswith("-7"):
        return part
    if slash:
        listed = range(int(days[0]), 8, int(step))
        return ",".join(str(day % 7) for day in listed)
    first = days.partition("-")[0]
    return "0" if first == "7" else "*" if first in "01" else f"{first}-6,0"
