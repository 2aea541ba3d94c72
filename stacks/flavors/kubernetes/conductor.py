"""The pod that starts the others: ZenML's own program, with steps dealt to pods as for Kubeflow.

As ZenML has it, each step is a pod of its own, asks for nothing, and a run whose pod died may stay
open. What differs is given to ZenML's program in place of what it would use itself.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from typing import Any

from zenml.client import Client
from zenml.constants import DYNAMIC_PIPELINE_RUN_FAILED_EXIT_CODE as GIVEN_UP
from zenml.enums import ExecutionStatus
from zenml.integrations.kubernetes import kube_utils
from zenml.integrations.kubernetes.constants import STEP_NAME_ANNOTATION_KEY
from zenml.integrations.kubernetes.orchestrators import kubernetes_orchestrator_entrypoint
from zenml.orchestrators.dag_runner import DagRunner, Node, NodeStatus
from zenml.orchestrators.step_run_utils import StepRunRequestFactory, publish_cached_step_run

from stacks.closing import close, end_step
from stacks.flavors.dealing.groups import GroupedSnapshot
from stacks.flavors.dealing.start import ending, in_turn
from stacks.flavors.dealing.watch import DONE, OVER
from stacks.flavors.kubernetes.dealing import dealt_snapshot
from stacks.flavors.kubernetes.pods import ask_for, wished

STEP = "--step_name"
CODES = {"containerName": "main", "operator": "In", "values": [GIVEN_UP]}
# How a step ends that has said itself why.
TOLD = {"failed", "stopped"}
FINAL = {"action": "FailJob", "onExitCodes": CODES}
program: Any = kubernetes_orchestrator_entrypoint
log = logging.getLogger(__name__)


class Conductor:
    """What ZenML's program is given.

    Args:
        orchestrator: The active stack's, whose settings say how steps are dealt.
        dealt: The run's snapshot.
    """

    def __init__(self, orchestrator: Any, dealt: GroupedSnapshot) -> None:
        self.orchestrator, self.dealt = orchestrator, dealt
        self.run: Any = None
        self._requests: Any = None
        self.failures: dict[str, str] = {}
        self._pod, self._job = program.build_pod_manifest, program.build_job_manifest
        self._settings = orchestrator.get_settings(dealt)

    def take_part(self) -> None:
        """Let ZenML's program use what follows."""
        client: Any = Client()
        client.get_snapshot = lambda *_, **__: self.dealt
        program.KubernetesOrchestrator = type(self.orchestrator)
        program.build_pod_manifest = self.pod
        program.build_job_manifest = self.job
        program._reconstruct_nodes = self.nodes
        program.StepRunRequestFactory = self.requests
        program.DagRunner = self.runner

    def pod(self, **said: Any) -> Any:
        """The pod of a group, which runs its steps in turn."""
        words = said["args"]
        group = words[words.index(STEP) + 1]
        said["command"] = ending(in_turn(said["command"], self.dealt.groups[group].steps))
        made = self._pod(**said)
        ask_for(made.spec, wished(self.dealt, group, self.orchestrator.config.pods))
        return made

    def job(self, **said: Any) -> Any:
        """The job of a group, which begins no pod anew after an end that another would meet too."""
        policy = said["pod_failure_policy"]
        said["pod_failure_policy"] = {**policy, "rules": [FINAL, *policy.get("rules", ())]}
        return self._job(**said)

    def requests(self, snapshot: Any, pipeline_run: Any, stack: Any) -> Any:
        """What ZenML asks whether a step is in its cache; a pod of several asks for itself."""
        self.run, alone = pipeline_run, self.dealt.whole.step_configurations

        class Requests(StepRunRequestFactory):
            def has_caching_enabled(self, invocation_id: str) -> bool:
                return invocation_id in alone and super().has_caching_enabled(invocation_id)

        self._requests = Requests(snapshot.whole, pipeline_run, stack)
        return self._requests

    def nodes(self, snapshot: Any, pipeline_run: Any, namespace: str, **_: Any) -> list[Node]:  # noqa: ARG002
        """The pods of a run whose first pod was started again, as they are now."""
        steps = {name: str(step.status) for name, step in pipeline_run.steps.items()}
        jobs = self.orchestrator.jobs_of(pipeline_run.id)
        named = {job.metadata.annotations.get(STEP_NAME_ANNOTATION_KEY): job for job in jobs}
        found = []
        for group in self.dealt.groups.values():
            node = Node(id=group.name, upstream_nodes=list(group.after))
            if all(steps.get(step) in DONE for step in group.steps):
                node.status = NodeStatus.COMPLETED
            elif job := named.get(group.name):
                node.status, node.metadata["job_name"] = NodeStatus.RUNNING, job.metadata.name
            found.append(node)
        return found

    def runner(self, **said: Any) -> DagRunner:
        """What starts pods and looks at them; at its end nothing of a failed run is open."""
        conductor, its_own = self, said.pop("node_monitoring_function")
        start = said.pop("node_startup_function")

        def started(node: Node) -> NodeStatus:
            return NodeStatus.COMPLETED if conductor.cached(node.id) else start(node)

        class Runner(DagRunner):
            def run(self) -> dict[str, NodeStatus]:
                ended: dict[str, NodeStatus] = super().run()
                conductor.conclude(ended)
                return ended

        looks = {"node_monitoring_function": lambda node: self.look(node, its_own)}
        return Runner(**said, **looks, node_startup_function=started)

    def cached(self, group: str) -> bool:
        """Whether every step of a shared pod is in the cache, so that no pod is needed."""
        steps = self.dealt.groups[group].steps
        wanted = len(steps) > 1 and not self._settings.prevent_orchestrator_pod_caching
        return wanted and all(map(self._from_cache, steps))

    def _from_cache(self, step: str) -> bool:
        requests = self._requests
        try:
            if not requests.has_caching_enabled(step):
                return False
            request = requests.create_request(step)
            requests.populate_request(request)
            if request.status != ExecutionStatus.CACHED:
                return False
            requests.record_step_run(publish_cached_step_run(request, self.run))
        except Exception as error:
            log.warning("%s is not taken from the cache: %s", step, error)
            return False
        log.info("Using cached version of step `%s`.", step)
        return True

    def look(self, node: Node, its_own: Callable[[Node], NodeStatus]) -> NodeStatus:
        """What became of a pod; ZenML's own look at a group would take it for a step."""
        status, said = kube_utils.check_job_status(
            self.orchestrator._k8s_batch_api,
            self.orchestrator._k8s_core_api,
            self.orchestrator.config.kubernetes_namespace,
            node.metadata["job_name"],
            self._settings.fail_on_container_waiting_reasons,
        )
        if status == kube_utils.JobStatus.SUCCEEDED:
            return NodeStatus.COMPLETED
        if status == kube_utils.JobStatus.FAILED:
            return self._failed(node, said or "")
        heartbeat = self.dealt.pipeline_configuration.enable_heartbeat
        return its_own(node) if heartbeat else NodeStatus.RUNNING

    def _failed(self, node: Node, said: str) -> NodeStatus:
        steps = self.dealt.groups[node.id].steps
        kept = Client().list_run_steps(
            pipeline_run_id=self.run.id, size=500, exclude_retried=True, hydrate=False
        )
        known = {step.name: step for step in kept.items if step.name in steps}
        statuses = [str(known[step].status) if step in known else "" for step in steps]
        if all(status in DONE for status in statuses):
            return NodeStatus.COMPLETED
        open_ones = [step for step in known.values() if str(step.status) not in OVER]
        which = f" while {', '.join(step.name for step in open_ones)} was at work"
        died = f"A pod died{which if open_ones else ''}: {said}"
        self.failures[node.id] = f"{node.id}: {said}" if TOLD & {*statuses} else died
        log.error("%s", self.failures[node.id])
        for step in open_ones:
            end_step(step.id, died)
        return NodeStatus.FAILED

    def conclude(self, ended: dict[str, NodeStatus]) -> None:
        """Close a failed run, where a step of it is open that nobody is at work on any more."""
        lost = [name for name, status in ended.items() if status != NodeStatus.COMPLETED]
        if not lost:
            return
        reason = "; ".join(self.failures.values()) or f"{', '.join(lost)} did not end."
        self.failures.setdefault(lost[0], reason)
        try:
            close(self.run.id, reason)
        except Exception:
            # The run is over, and with it what its pods may tell ZenML's server.
            log.exception("The run could not be closed.")


def main() -> int:
    """Start the pods of a run and wait for them.

    Returns:
        What lets Kubernetes call this pod's own job failed, and not start it again.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--snapshot_id")
    asked, _ = parser.parse_known_args()
    orchestrator: Any = Client().active_stack.orchestrator
    orchestrator.get_kube_client(incluster=True)
    snapshot = Client().get_snapshot(asked.snapshot_id)
    conductor = Conductor(orchestrator, dealt_snapshot(snapshot, orchestrator.config.alone))
    conductor.take_part()
    program.main()
    return GIVEN_UP if conductor.failures else 0


if __name__ == "__main__":
    sys.exit(main())
