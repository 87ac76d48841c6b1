"""How a new version is judged while requests reach it: docs/canary.md."""
