"""The flavors that this project brings to ZenML."""

# By component type and flavor name: what ZenML is told to import.
SOURCES = {
    ("orchestrator", "airflow_watched"): "stacks.flavors.airflow.flavor.WatchedAirflowFlavor",
    ("model_deployer", "resident"): "stacks.flavors.resident.ResidentFlavor",
    ("model_deployer", "resident_docker"): "stacks.flavors.resident_docker.ResidentDockerFlavor",
    ("model_deployer", "seldon_core"): "stacks.flavors.seldon.flavor.SeldonFlavor",
    ("model_deployer", "seldon_local"): "stacks.flavors.seldon_local.SeldonLocalFlavor",
    ("orchestrator", "docker_parallel"): "stacks.flavors.docker.flavor.ParallelDockerFlavor",
    ("orchestrator", "kubeflow_rehearsal"): "stacks.flavors.kubeflow_rehearsal.RehearsalFlavor",
    ("orchestrator", "kubeflow_watched"): "stacks.flavors.kubeflow.flavor.WatchedKubeflowFlavor",
    (
        "orchestrator",
        "kubernetes_watched",
    ): "stacks.flavors.kubernetes.flavor.WatchedKubernetesFlavor",
}
