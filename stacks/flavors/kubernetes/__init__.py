"""Pods of a Kubernetes cluster, by ZenML's own orchestrator, watched."""
