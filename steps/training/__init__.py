"""Candidates: estimators, tuning, the ensemble and their export."""
