"""What MLflow's registry, its history and ZenML say of a model: three books that must agree."""

from typing import Any


def books(model: str) -> dict[str, Any]:
    """All that is written of a model, read as nobody of this project reads it."""
    from zenml.client import Client

    from steps.registry.history import read_moves
    from steps.registry.tracking import open_registry

    client, zenml = open_registry().client, Client()
    record = next((each for each in client.search_registered_models() if each.name == model), None)
    moves = read_moves(record.tags) if record else []
    registered = list(client.search_model_versions(f"name = '{model}'"))
    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = zenml.list_pipeline_runs(size=200).items
    held = zenml.list_model_versions(model=model, size=200, hydrate=True).items
    return {
        "versions": sorted(str(each.version) for each in registered),
        "champion": str((record.aliases if record else {}).get("champion", "")),
        "history": [(move.to, move.state) for move in moves],
        "zenml": {str(each.number): each.stage for each in held},
        "belongs": {str(each.version): each.tags.get("zenml_version") for each in registered},
        "open": [run.name for run in runs if not run.status.is_finished],
        "open_mlflow": [
            run.info.run_name
            for run in client.search_runs(experiments)
            if run.info.status == "RUNNING"
        ],
    }
