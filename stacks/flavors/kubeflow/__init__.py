"""Kubeflow Pipelines, watched: a run that ends there ends here, and never without a word."""
