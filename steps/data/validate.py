"""Everything a table is checked for before a row of it is used."""

from __future__ import annotations

from serving.errors import DataError
from serving.schema import TableSchema, Task
from steps.data.columns import find_mixed, kind_of, left_out, refuse_infinite
from steps.data.contract import check_contract, check_target_contract
from steps.data.finding import LABELLED, Checks, Finding, enforce, note, share, warn
from steps.data.hashing import count_hashes, row_hashes
from steps.data.leak import find_leaks
from steps.data.settings import ColumnSettings, ValidationSettings, refuse_absent
from steps.data.stored import Table
from steps.data.target import check_rows, check_target, task_of


def check_table(
    frame: Table,
    asked: ColumnSettings,
    settings: ValidationSettings,
    contract: TableSchema | None = None,
) -> Checks:
    """What is to be predicted from what, and what is odd about the table.

    Raises:
        DataError: The table cannot be trained on, or breaks the champion's contract.
        ConfigError: The settings name a column that the table does not hold.
    """
    target, names = asked.target, list(frame.columns)
    refuse_absent(asked.categorical, names, "categorical")
    refuse_absent(asked.sensitive, names, "sensitive")
    labelled = check_target(frame, target)
    task = task_of(labelled, target, asked.task)
    check_rows(labelled, target, task, settings)
    refuse_infinite(labelled)
    findings = _left_out(labelled, target, asked, settings)
    inputs = [name for name in labelled.columns if name != target]
    findings += find_mixed(labelled, inputs, asked.sensitive)
    useless = {finding.column for finding in findings if finding.kind != "mixed"}
    features = [name for name in names if name != target and name not in useless]
    if not features:
        raise DataError(f"No column beside '{target}' is left to learn from.")
    findings += check_target_contract(labelled, target, task, contract, settings.accept_schema)
    guarded = contract and contract.guarding(asked.sensitive)
    findings += check_contract(labelled, guarded, settings, features)
    findings += _oddities(frame, labelled, features, target, task, settings)
    enforce(findings, settings)
    return Checks(
        task=task,
        target=target,
        rows=len(labelled),
        unlabelled=len(frame) - len(labelled),
        features={name: kind_of(name, labelled.dtypes[name], asked) for name in features},
        identity=_identity(labelled, target, findings),
        sensitive=tuple(name for name in features if name in asked.sensitive),
        findings=tuple(findings),
    )


def _left_out(
    labelled: Table, target: str, asked: ColumnSettings, settings: ValidationSettings
) -> list[Finding]:
    """The columns that nothing is learnt from, and how many rows came back labelled.

    No request carries the columns that a model does not read: rows that came back labelled lack
    them, and do not make of an identifier something to be learnt from.
    """
    added = labelled.attrs.get(LABELLED, 0)
    findings = left_out(labelled.head(len(labelled) - added), target, asked, settings)
    if not added:
        return findings
    text = f"{added} rows came back labelled (labels.enabled) and are not in the table itself."
    return [*findings, note("labelled", text)]


def _oddities(
    frame: Table,
    labelled: Table,
    features: list[str],
    target: str,
    task: Task,
    settings: ValidationSettings,
) -> list[Finding]:
    """What is odd about the rows, whatever the champion saw."""
    unlabelled = len(frame) - len(labelled)
    findings = find_leaks(labelled, features, target, task, settings.leak_score)
    findings += find_duplicates(labelled, features, target)
    if unlabelled:
        text = f"{unlabelled} rows ({share(unlabelled, len(frame))}) have no '{target}': left out."
        findings.append(warn("unlabelled", text, target))
    return findings


def find_duplicates(labelled: Table, features: list[str], target: str) -> list[Finding]:
    """Rows that occur more than once, and rows that differ in the target alone."""
    rows = len(labelled)
    chosen = [[*features, target], features]
    distinct, inputs = map(count_hashes, row_hashes(labelled, chosen))
    findings = []
    if distinct < rows:
        text = f"{rows - distinct} rows ({share(rows - distinct, rows)}) repeat another one."
        findings.append(warn("duplicates", text))
    if inputs < distinct:
        text = f"{distinct - inputs} rows differ from another one in '{target}' alone."
        findings.append(note("duplicates", text))
    return findings


def _identity(labelled: Table, target: str, findings: list[Finding]) -> tuple[str, ...]:
    """The columns that tell rows apart, without those that only name or number them.

    A constant column stays in: it may vary some day, and then moves only the rows that vary.
    """
    names = {finding.column for finding in findings if finding.kind == "identifier"} | {target}
    return tuple(str(name) for name in labelled.columns if name not in names)
