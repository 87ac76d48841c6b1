"""The gate: evidence and policy in, a verdict out. A step of the pipeline, and `mlops gate`.

The step needs nothing but the standard library: its snapshot is this folder and the report that it renders.
"""
