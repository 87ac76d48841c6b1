"""Metrics, and the evidence on a candidate: what a gate judges, on the same rows as the champion."""
