"""The registry of models: the last step of the training pipeline, and `mlops register`.

The step's snapshot is this folder.
"""
