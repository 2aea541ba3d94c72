"""What the doctor asks of a cluster: rights, what is there, and a manifest that is only tried."""

from pathlib import Path

import pytest

from stacks.doctor import jobs
from stacks.doctor.api import Api, api
from stacks.doctor.finding import Finding
from stacks.doctor.rights import PIPELINES, rights
from stacks.doctor.seldon import dry_run, imagined, in_cluster
from stacks.flavors.seldon.manifest import manifest
from stacks.flavors.seldon.settings import SeldonSettings
from tests.kubernetes.access import ME, Access
from tests.kubernetes.standin import IMAGE, StandIn
from tests.ports import free_port

RUNNER = "system:serviceaccount:kubeflow:pipeline-runner"


def settings(**changes: object) -> SeldonSettings:
    """Those of a deployer in the stand-in's namespace."""
    given = {"image": IMAGE, "namespace": "models", "ingress_url": "http://ingress"}
    return SeldonSettings.model_validate({**given, **changes})


def seldon(
    asked: Api, runner: str | None = "kubeflow:pipeline-runner", **changes: object
) -> list[Finding]:
    """What is said of a deployer."""
    return list(in_cluster("deployer", settings(**changes), "flights", asked, runner))


def problem(findings: list[Finding]) -> Finding:
    """The one problem that there is."""
    (found,) = [each for each in findings if each.state == "problem"]
    return found


def test_a_cluster_that_gives_everything_has_nothing_to_mend(
    asked: Api, access: Access, cluster: StandIn
) -> None:
    """And nothing is left in it."""
    access.secrets["store"] = {}
    found = seldon(asked, secret_name="store")
    assert [each.state for each in found] == ["ok", "ok", "ok"], found
    assert "would take SeldonDeployment 'flights'" in found[0].text
    assert cluster.store.all() == []


def test_a_model_that_is_served_already_is_tried_as_a_change(asked: Api, cluster: StandIn) -> None:
    """And goes on as it was."""
    made = cluster.store.create(manifest(imagined("served"), settings()))
    changed = settings(replicas=3)
    assert dry_run("deployer", changed, "served", asked).state == "ok"
    assert cluster.store.read("served")["spec"] == made["spec"]
    cluster.store.delete("served")


def test_what_the_api_server_refuses_is_told_in_its_words(asked: Api) -> None:
    """The node selector's value is a text to Kubernetes, which no rule of ours looks at."""
    wrong = settings().model_copy(update={"node_selector": {"disk": 1}})
    found = dry_run("deployer", wrong, "flights", asked)
    assert found.state == "problem"
    assert "refuses SeldonDeployment 'flights'" in found.text
    assert "nodeSelector" in found.text


def test_a_cluster_without_seldon_core_is_told(asked: Api, cluster: StandIn) -> None:
    """Where the way to install it is."""
    cluster.faults["seldondeployments"] = 404
    found = problem(seldon(asked))
    assert found.text == "the cluster has no Seldon Core"
    assert found.remedy == "docs/kubeflow.md#seldon-core"


def test_a_namespace_that_is_not_there_is_told_once(asked: Api) -> None:
    """With the command that makes it, and none of what follows from it."""
    (found,) = seldon(asked, namespace="elsewhere")
    assert found.text == "there is no namespace 'elsewhere'"
    assert found.remedy == "kubectl --context here create namespace elsewhere"


def test_an_absent_secret_is_told_with_the_command_that_makes_it(asked: Api) -> None:
    """No secret is read for it."""
    found = problem(seldon(asked, secret_name="store"))
    assert found.text == "there is no secret 'store' in namespace 'models'"
    assert "--namespace models create secret generic store --from-env-file" in found.remedy


def test_the_pods_that_deploy_need_rights_of_their_own(asked: Api, access: Access) -> None:
    """The laptop's user may do all, and the run on the cluster would fail."""
    for verb in ("create", "patch"):
        access.denied.add((RUNNER, verb, "seldondeployments"))
    found = problem(seldon(asked))
    assert "kubeflow:pipeline-runner may not create seldondeployments" in found.text
    kind = "seldondeployments.machinelearning.seldon.io"
    assert f"create role switchyard-pipeline-runner --verb=create,patch --resource={kind}" in (
        found.remedy
    )
    assert found.remedy.endswith("--serviceaccount=kubeflow:pipeline-runner")
    assert [each for each in seldon(asked, runner=None) if each.state == "problem"] == []


def test_a_trial_needs_a_right_of_its_own(asked: Api, access: Access) -> None:
    """What it is judged by is read from the pods."""
    access.denied.add((ME, "get", "pods/proxy"))
    assert [each for each in seldon(asked) if each.state == "problem"] == []
    tried = list(in_cluster("deployer", settings(), "flights", asked, None, tries=True))
    assert "may not get pods/proxy" in problem(tried).text


def test_kubeflow_pipelines_is_reached_through_a_right(asked: Api, access: Access) -> None:
    """The client talks through the API server's proxy."""
    assert rights(asked, "orchestrator", "kubeflow", PIPELINES).state == "ok"
    access.denied.add((ME, "create", "services/proxy"))
    found = rights(asked, "orchestrator", "kubeflow", PIPELINES)
    assert "may not create services/proxy in namespace 'kubeflow'" in found.text


def test_what_the_namespace_of_steps_lacks_is_told(asked: Api, access: Access) -> None:
    """A pod whose secret is not there does not begin, and neither does a job nobody may make."""
    assert asked
    store = {"*": {"environment_from": {"store": ["USER"]}}}
    values = {"kubernetes_context": "here", "kubernetes_namespace": "models", "pods": store}
    told = problem(list(jobs.in_cluster("orchestrator", values)))
    assert told.text == "there is no secret 'store' in namespace 'models'"
    access.secrets["store"] = {}
    access.denied.add((ME, "create", "jobs"))
    told = problem(list(jobs.in_cluster("orchestrator", values)))
    assert told.text == "this context's user may not create jobs.batch in namespace 'models'"
    access.denied.clear()
    named = {**values, "service_account_name": "starter"}
    access.there.add("models/serviceaccounts/starter")
    access.denied.add(("system:serviceaccount:models:starter", "patch", "jobs"))
    told = problem(list(jobs.in_cluster("orchestrator", named)))
    assert told.text.startswith("the service account models:starter may not patch jobs.batch")
    elsewhere = {"kubernetes_context": "here"}
    told = problem(list(jobs.in_cluster("orchestrator", elsewhere)))
    assert told.remedy == "kubectl --context here create namespace zenml"


def test_steps_deploy_as_the_account_that_is_named_for_them() -> None:
    assert jobs.account_of_steps({}) == "zenml:default"
    named = {"kubernetes_namespace": "ml", "service_account_name": "starter"}
    assert jobs.account_of_steps(named) == "ml:starter"
    own = {**named, "step_pod_service_account_name": "steps"}
    assert jobs.account_of_steps(own) == "ml:steps"


@pytest.mark.parametrize("status", [403, 500])
def test_what_is_not_told_is_no_problem(asked: Api, cluster: StandIn, status: int) -> None:
    """Whoever may not ask who may do what still may deploy."""
    cluster.faults["subjectaccessreviews"] = status
    found = seldon(asked)
    assert [each.state for each in found] == ["ok", "ok", "unknown"]


def test_a_cluster_that_is_away_is_not_told_twice(
    cluster: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`stack check` says that it does not answer."""
    text = Path(cluster.environ["KUBECONFIG"]).read_text()
    (tmp_path / "config").write_text(text.replace(str(cluster.api_port), str(free_port())))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert {each.state for each in seldon(api("here"))} == {"unknown"}
