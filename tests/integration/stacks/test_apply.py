"""Stack files made true in a real ZenML store."""

from pathlib import Path
from uuid import UUID

import pytest

from serving.errors import ConfigError
from stacks.apply import activate, apply, plan_stack
from stacks.plan import Plan
from stacks.registered import active_stack_name, registered_stacks
from stacks.schema import COMPONENT_TYPES, load_stack
from stacks.values import FromEnvironment
from tests.integration.stacks.conftest import MakeFile, Run

pytestmark = pytest.mark.usefixtures("zenml")


def component_ids(stack: str) -> dict[str, list[UUID]]:
    """The ids of a registered stack's components, by type."""
    from zenml.client import Client

    found = Client().get_stack(stack, allow_name_prefix_match=False)
    return {type_.value: [c.id for c in group] for type_, group in found.components.items()}


def configuration(type_: str, name: str) -> dict[str, object]:
    """What ZenML holds of one component."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    component = Client().get_stack_component(
        StackComponentType(type_), name, allow_name_prefix_match=False
    )
    return dict(component.configuration)


def test_the_types_written_out_are_zenmls_own() -> None:
    from zenml.enums import StackComponentType

    assert sorted(type_.value for type_ in StackComponentType) == sorted(COMPONENT_TYPES)


def test_the_local_stack_is_registered_once_and_then_left_alone() -> None:
    file = load_stack("local", {})
    assert [change.action for change in apply(file).changes] == ["create"] * 7
    before = component_ids("local")
    assert apply(file) == Plan()
    assert plan_stack(file) == Plan()
    assert component_ids("local") == before
    assert sorted(before) == sorted(file.components)


def test_applying_leaves_the_active_stack_alone_until_asked(make_file: MakeFile) -> None:
    before = active_stack_name()
    file = make_file("asked")
    apply(file)
    assert active_stack_name() == before != "asked"
    apply(file, active=True)
    assert active_stack_name() == "asked"
    activate(before)


def test_a_plan_changes_nothing(make_file: MakeFile) -> None:
    assert plan_stack(make_file("only-planned"))
    assert "only-planned" not in registered_stacks()


def test_an_update_keeps_the_component_and_takes_removed_keys_out(make_file: MakeFile) -> None:
    first = {"host": "0.0.0.0", "port": 8123}
    apply(make_file("kept", model_deployer=("kept", "resident", first)))
    before = component_ids("kept")
    changes = apply(make_file("kept", model_deployer=("kept", "resident", {"port": 8124})))
    assert str(changes).splitlines() == [
        "update model_deployer 'kept'",
        '    host: "0.0.0.0" -> null',
        "    port: 8123 -> 8124",
    ]
    assert configuration("model_deployer", "kept") == {"port": 8124}
    assert component_ids("kept") == before


def test_components_join_and_leave_a_stack_and_stay_registered(make_file: MakeFile) -> None:
    deployer: tuple[str, str, dict[str, object]] = ("joining", "resident", {})
    apply(make_file("joined", model_deployer=deployer))
    apply(make_file("joined"))
    assert "model_deployer" not in component_ids("joined")
    assert configuration("model_deployer", "joining") == {}
    apply(make_file("joined", model_deployer=deployer))
    assert "model_deployer" in component_ids("joined")


def test_a_change_of_the_active_stack_is_seen_at_once(make_file: MakeFile) -> None:
    from zenml.client import Client

    before = active_stack_name()
    apply(make_file("seen", model_deployer=("seen", "resident", {"port": 8123})), active=True)
    assert Client().active_stack.model_deployer.config.port == 8123
    apply(make_file("seen", model_deployer=("seen", "resident", {"port": 8124})))
    assert Client().active_stack.model_deployer.config.port == 8124
    activate(before)


def test_names_that_begin_alike_are_not_confused(make_file: MakeFile) -> None:
    apply(make_file("begins-s3", model_deployer=("begins-s3", "resident", {"port": 8125})))
    longer = component_ids("begins-s3")
    with pytest.raises(ConfigError, match="no stack 'begins'"):
        activate("begins")
    apply(make_file("begins", model_deployer=("begins", "resident", {"port": 8126})))
    assert component_ids("begins-s3") == longer
    assert configuration("model_deployer", "begins-s3") == {"port": 8125}
    shorter = component_ids("begins")
    assert all(ids != shorter.get(type_) for type_, ids in longer.items())


def test_a_value_that_its_flavor_converts_is_no_difference(make_file: MakeFile) -> None:
    drawn = FromEnvironment("8127")
    file = make_file("converted", model_deployer=("converted", "resident", {"port": drawn}))
    apply(file)
    assert configuration("model_deployer", "converted") == {"port": 8127}
    assert apply(file) == Plan()


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (("x", "residnet", {}), "no model_deployer flavor 'residnet'. Did you mean 'resident'"),
        (("x", "resident", {"prot": 1}), "no setting 'prot'. Did you mean 'port'"),
        (("x", "resident", {"port": "high"}), "The model_deployer 'x': port:"),
    ],
)
def test_what_a_flavor_refuses_is_told_before_anything_is_registered(
    make_file: MakeFile, component: tuple[str, str, dict[str, object]], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        apply(make_file("refused", model_deployer=component))
    assert message in str(caught.value)
    assert "refused" not in registered_stacks()
    assert plan_stack(make_file("refused")).changes[0].action == "create"


def test_a_secret_that_only_the_flavor_knows_of_is_refused(make_file: MakeFile) -> None:
    tracker = ("t", "mlflow", {"tracking_uri": "databricks", "databricks_client_id": "hunter2"})
    with pytest.raises(ConfigError, match="'databricks_client_id' holds a credential") as caught:
        apply(make_file("secretive", experiment_tracker=tracker))
    assert "hunter2" not in str(caught.value)


def test_what_zenml_exports_is_applied_back_unchanged(
    run: Run, make_file: MakeFile, tmp_path: Path
) -> None:
    apply(make_file("exported", model_deployer=("exported", "resident", {"port": 8128})))
    path = tmp_path / "exported.yaml"
    done = run("zenml", "stack", "export", "exported", str(path))
    assert done.returncode == 0, done.stderr
    file = load_stack(path, {})
    assert file.stack_name == "exported"
    assert apply(file) == Plan()


def test_another_projects_flavor_of_our_name_is_not_taken_over(make_file: MakeFile) -> None:
    from zenml.client import Client
    from zenml.enums import StackComponentType
    from zenml.models import FlavorUpdate

    file = make_file("taken", model_deployer=("taken", "resident", {}))
    apply(make_file("owner", model_deployer=("owner", "resident", {})))
    client = Client()
    flavor = client.get_flavor_by_name_and_type("resident", StackComponentType.MODEL_DEPLOYER)
    client.zen_store.update_flavor(flavor.id, FlavorUpdate(source="other.package.Flavor"))
    try:
        with pytest.raises(ConfigError, match=r"other\.package\.Flavor"):
            apply(file)
    finally:
        client.zen_store.update_flavor(flavor.id, FlavorUpdate(source=flavor.source))
    assert "taken" not in registered_stacks()
