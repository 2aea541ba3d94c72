"""The whole story in some minutes: train, deploy, drift, retrain, canary, rollback."""
