"""Every stack file of this project in a real ZenML store, checked by the flavors' own classes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stacks.apply import apply, plan_stack
from stacks.export import export, save
from stacks.facts import named_secrets, references
from stacks.plan import Plan
from stacks.registered import registered_stacks
from stacks.schema import known_stacks, load_stack, read_stack, unset_in

pytestmark = pytest.mark.usefixtures("zenml")

# What the flavors would not take any text for.
VALUES = {
    "SWITCHYARD_S3_BUCKET": "s3://bucket",
    "SWITCHYARD_S3_ENDPOINT": "https://s3.example",
    "SWITCHYARD_AWS_BUCKET": "s3://bucket",
    "SWITCHYARD_GCP_BUCKET": "gs://bucket",
    "SWITCHYARD_AZURE_CONTAINER": "az://container",
    "SWITCHYARD_INGRESS_URL": "http://ingress.example",
    "SWITCHYARD_MLFLOW_URI": "http://mlflow.example:5000",
    "SWITCHYARD_MLFLOW_TOKEN": "hunter2-of-mlflow",
}
CONTEXT = "ours"
KUBECONFIG = {
    "contexts": [{"name": CONTEXT, "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://cluster.example"}}],
    "users": [{"name": "u", "user": {}}],
    "current-context": CONTEXT,
}


@pytest.fixture(autouse=True)
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context that the files may name."""
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(KUBECONFIG))
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("SWITCHYARD_KUBERNETES_CONTEXT", CONTEXT)


@pytest.fixture(params=known_stacks())
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A stack whose variables are set, and whose secrets are there."""
    from zenml.client import Client

    file = read_stack(request.param)
    for variable in unset_in(file, {"SWITCHYARD_KUBERNETES_CONTEXT": CONTEXT}):
        monkeypatch.setenv(variable, VALUES.get(variable, f"{variable.lower()}.example"))
    secrets = {each: dict.fromkeys(keys, "hunter2") for each, keys in named_secrets(file).items()}
    for each, key in references(file):
        secrets.setdefault(each, {})[key] = "hunter2"
    for each, values in secrets.items():
        Client().create_secret(each, values)
    yield file.stack_name
    for each in secrets:
        Client().delete_secret(each)


def test_a_file_is_planned_applied_left_alone_and_read_back(name: str, tmp_path: Path) -> None:
    """What ZenML holds is what the file says, and an export of it says the same."""
    file = load_stack(name)
    assert plan_stack(file)
    apply(file)
    assert name in registered_stacks()
    assert apply(file) == Plan()
    path = tmp_path / f"{name}.yaml"
    save(export(name), path)
    assert "hunter2" not in path.read_text()
    assert plan_stack(load_stack(path)) == Plan()
