"""Which of the documented command lines are carried out, and why the others are not."""

# The words that make a run small; what a page shows stands before them.
SMALL = [
    "--set", "candidates=[{name: forest, kind: forest, search: {max_depth: [2, 3, 4]}}]",
    "--set", "tuning.trials=2", "--set", "tuning.folds=2",
    "--set", "gate.resamples=200",
]  # fmt: skip
HOUSES = ["--data", "houses.csv", "--target", "price", *SMALL]

# In their order, in one folder and one place, each with what is added to it.
CARRIED_OUT: dict[str, list[str]] = {
    "python run.py --data houses.csv --target price": SMALL,
    "python run.py --stack local": HOUSES,
    "python run.py": HOUSES,
    "python run.py status": [],
    "python run.py predict --data new.parquet --out predictions.parquet": [],
    "python run.py monitor --since 24h": [],
    "python run.py monitor --since 7d --labels outcomes.csv": [],
    "python run.py label-queue --since 7d --count 50 --out to-label.csv": [],
    "python run.py label-queue --labelled to-label.csv": [],
    "python run.py label-queue --from-feedback --since 30d": [],
    "python run.py stack check team": [],
    "python run.py stack check airflow": [],
}
# What these find is that this machine has none of it.
INCOMPLETE = {text for text in CARRIED_OUT if " stack check " in text}

CLUSTER = "needs a cluster"
SECRET = "needs a secret of yours"
VARIABLE = "sets a variable"
INSTALLS = "changes what is installed"

# By how a line begins: why it is not carried out, or the file of a test that carries the same out
# and a word of it by which that is seen.
ELSEWHERE: dict[str, str | tuple[str, str]] = {
    "make run": "builds an environment; then it is `python run.py --stack local`",
    "python run.py --data s3://bucket/events/": ("data/test_s3.py", "s3://shop/"),
    "python run.py --data 'postgresql://": ("data/test_postgres.py", "postgresql"),
    "python run.py resume": ("failures/test_killed.py", '"resume"'),
    "python run.py predict --data s3://bucket/rows/": ("inference/test_predict.py", "s3://shop/"),
    "python run.py predict --data 'postgresql://": ("inference/test_predict.py", "query=query"),
    "python run.py --stack local-s3": ("stacks/test_local_s3.py", "local-s3"),
    "python run.py compare --stacks": ("../conformance/stacks/test_compare.py", "compare"),
    "python run.py --stack kubeflow": CLUSTER,
    "python run.py doctor --stack kubeflow": ("stacks/doctor/test_examination.py", "kubeflow"),
    "python run.py --stack kubernetes": CLUSTER,
    "python run.py doctor --stack kubernetes": CLUSTER,
    "python run.py train --schedule": ("kubeflow/test_retraining.py", "schedule"),
    "python run.py unschedule": ("kubeflow/test_loop.py", '"unschedule"'),
    "python run.py loop --schedule": ("kubeflow/test_loop.py", '"loop", "--schedule"'),
    "python run.py stack set team": ("team/conftest.py", '"stack", "set", "team"'),
    "python run.py --stack airflow": "trains in containers of a real Airflow: done by hand",
    "python run.py --stack airflow-seldon": ("airflow/test_loop.py", "airflow-seldon.yaml"),
    "zenml login": ("team/conftest.py", '"login", team.zenml, "--api-key"'),
    "zenml stack set team": ("team/conftest.py", '"stack", "set", "team"'),
    "zenml secret create": SECRET,
    "curl -u admin": ("team/servers.py", "/api/2.0/mlflow/users/create"),
    "mariadb": ("team/servers.py", "create database zenml"),
    "createdb": ("team/servers.py", "mlflow"),
    "ZENML_SERVER=true": ("team/servers.py", "zenml.zen_server.zen_server_api:app"),
    "MLFLOW_AUTH_CONFIG_PATH": ("team/servers.py", '"--app-name", "basic-auth"'),
    "cat > /srv/mlflow": ("team/servers.py", "auth_cache_ttl_seconds = 60"),
    "docker build -f serving/Dockerfile": ("serving/docker/conftest.py", "serving/Dockerfile"),
    "docker run --read-only": ("serving/docker/test_image.py", '"read_only": True'),
    "docker push": "needs a registry of yours",
    "airflow standalone": "starts what stays; tests/airflow/server.py starts its parts",
    "python3.11 -m venv airflow": INSTALLS,
    "python -m pip install": INSTALLS,
    "export": VARIABLE,
    **dict.fromkeys(
        ("cat > kind.yaml", "kind", "docker run -d --restart always --name registry",
         "for node in", "docker exec", "echo", "done", "kubectl", "istioctl", "helm",
         "sudo install"),
        CLUSTER,
    ),
}  # fmt: skip
