"""Tracking: MLflow's own server behind a gateway that speaks `azureml://` and refuses what Azure refuses."""
