"""From nothing to a first training run in Azure: everything is checked first, then made, each step idempotent.

checks.py   all of the checks (azure.py, quota.py, names.py, github.py), and what they found
making.py   what is made, in order (providers, deployments, mlops.toml, protection.py, smoke.py)
steps.py    the parts that are not calls of az and gh: the deployments and the first training run
"""
