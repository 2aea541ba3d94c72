"""What `--help` shows below the options of each command, to be copied."""

TRAIN_EXAMPLES = """\
examples:
  python run.py --stack local
  python run.py --data houses.parquet --target price
  python run.py --data postgresql://reader@db/sales --query "select * from orders" --target churned
  python run.py --config breast_cancer --set tuning.trials=8
  python run.py train --schedule "0 3 * * *" --stack kubeflow
"""
RESUME_EXAMPLES = """\
examples:
  python run.py resume
  python run.py resume 20260131-080000-1f2e

What the run's steps had finished is taken over, whatever ended it: Ctrl-C, an error, a kill -9, a
power cut. `python run.py status` names the runs that did not finish.
"""
PREDICT_EXAMPLES = """\
examples:
  python run.py predict --data houses.parquet --out prices.parquet
  python run.py predict --data s3://bucket/rows/ --out s3://bucket/predictions.csv --keep order_id

The order is the table's, and no row is dropped. A run that was interrupted goes on where it ended.
"""
MONITOR_EXAMPLES = """\
examples:
  python run.py monitor --since 7d
  python run.py monitor --labels outcomes.csv --set monitoring.max_drop=0.02

Exit status: 0 when all is well or there are too few rows, 3 for drift or a degraded model.
"""
LOOP_EXAMPLES = """\
examples:
  python run.py loop --every 10m
  python run.py loop --every 24h --since 7d --labels outcomes.csv
  python run.py loop --schedule "*/30 * * * *" --stack kubeflow

It ends by Ctrl-C or SIGTERM, and a schedule by `unschedule`. What a verdict leads to stands in the
run config, monitoring.policy.
"""
LABEL_EXAMPLES = """\
examples:
  python run.py label-queue --since 7d --count 50 --out to-label.csv
  python run.py label-queue --labelled to-label.csv
  python run.py label-queue --from-feedback --since 30d

The rows are those that the champion doubts most and that differ from each other; fill in the
column that is named like the target. The next training takes what came back.
"""
DEMO_EXAMPLES = """\
examples:
  python run.py demo
  python run.py demo --out story --keep

It works in a folder of its own, with stores of its own: your runs, models and stacks stay as they
are. Without --keep its page is left there, and its server is ended.
Exit status: 0 when the story came out as planted, 1 when a part did not.
"""
COMPARE_EXAMPLES = """\
examples:
  python run.py compare --stacks local,local-s3
  python run.py compare --stacks local,docker --data houses.parquet --target price

It trains under a name of its own, so that no champion is touched, and stops what it served.
Exit status: 0 when all come to the same, 1 when one differs or fails.
"""
DOCTOR_EXAMPLES = """\
examples:
  python run.py doctor --stack kubeflow
  python run.py doctor --stack kubeflow --config breast_cancer --json

It builds, registers and submits nothing. Of a store and a cluster it asks what `stack check` asks,
what this user may do there, and whether the API server would take the model's deployment.
Exit status: 0 without a problem, 2 with something to mend, 1 when only a service is down.
"""
EXPLAIN_EXAMPLES = """\
examples:
  python run.py explain-prediction 3f1c9a --since 30d
  python run.py explain-prediction batch-7 --row 41 --json

The id is the `id` of an answer in v2 and `meta.puid` in Seldon v1. Contributions are sampled
Shapley values against rows like those of the training, drawn column by column.
"""
COMPLETION_EXAMPLES = """\
examples:
  python run.py completion bash > ~/.switchyard-completion && . ~/.switchyard-completion
  python run.py completion zsh > ~/.switchyard-completion && . ~/.switchyard-completion
  python run.py completion fish > ~/.config/fish/conf.d/switchyard.fish

For bash 4, zsh 5 or fish 3.5. Let ~/.bashrc or ~/.zshrc read the file too. Stacks and configs are
those of the project whose run.py stands on the line.
"""
