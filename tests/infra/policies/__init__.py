"""The rules that every deployment keeps: one small function a rule, each with the source that it stands for.

A rule looks at a plan and yields what is wrong with it, in words that name the resource. PSRule is the rule of
"PSRule for Azure" with that name; "fact" is something that people met when they deployed to the real service.
"""

from . import (
    access,
    cluster,
    data,
    github,
    guards,
    monitoring,
    network,
    optional,
    parameters,
    registry,
    workspace,
)
from ._rule import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "access",
    "cluster",
    "data",
    "github",
    "guards",
    "monitoring",
    "network",
    "optional",
    "parameters",
    "registry",
    "workspace",
]
