"""The command `mlops`. Everything heavy is imported inside the commands, so that --help answers at once.

main.py       the command itself: its groups, and how errors are shown
options.py    options that many commands have, and what they open
training.py   data, training, gate, registration, the demo
promotion.py  promotion to the registry
release.py    deployment, scores
runs.py       what there is, and what a run said
local.py      mlops local: the Azure ML of this machine
infra.py      mlops infra: what a target needs in Azure
github.py     mlops github: what the workflows call
bootstrap.py  mlops bootstrap: from nothing to a first training run
reference.py  docs/commands.md, made from the commands
"""
