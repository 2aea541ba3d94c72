"""Airflow, watched: what it does not pick up, or does not end well, is an error here."""
