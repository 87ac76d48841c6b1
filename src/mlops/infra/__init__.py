"""Everything in Azure that a target needs: what would change, making it, taking it down, comparing it.

bicep.py        a parameter file evaluated into a flat list of resources
expressions.py  the few expressions that only the service can evaluate, once it has answered
changes.py      that list against what is there
arm.py          Azure Resource Manager over HTTP
direct.py       puts each resource of the list: the local Azure ML
stack.py        deployment stacks, through `az`: Azure
deploy.py       which of the two, for which deployment of which target
destroy.py      everything of a target, in the order in which it can go
settings.py     what mlops.toml says of a target
diagram.py      what a deployment looks like
"""
