"""How often a canary is right: the policy of mlops.toml and its own code, on versions whose truth is known.

    python -m tests.benchmarks.canary [--runs 10000] [--rate 50] [--seed 0] [--only NAMES] [--without-mirror]

    python -m tests.benchmarks.canary --exact 2000

Prints the tables of docs/canary.md. Each run is a whole release: mirror, steps, a look at the figures every
`look_seconds`, each request routed by chance. Wants src on PYTHONPATH; 10,000 runs take some minutes of one core.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from mlops.config import Canary, load
from mlops.config.release import Mirror
from mlops.release.canary.sequential import evidence, rate_bounds
from mlops.release.canary.verdict import fair_share, harm, judge
from mlops.release.figures import Counts, Health

Rate = Callable[[float], float]
HEALTHY = Health(1, 1, 0, 0.3)


@dataclass(frozen=True)
class Version:
    """What share of its requests fails, and what share is slow, so many seconds after the release began."""

    errors: Rate
    slow: Rate


@dataclass(frozen=True)
class Case:
    """What is live, and what is to follow it."""

    champion: Version
    candidate: Version


def steady(errors: float, slow: float = 0.002) -> Version:
    """A version that is always the same."""
    return Version(lambda _: errors, lambda _: slow)


def outage(at: float) -> float:
    """A minute in the second phase in which a fifth of the requests fail, whoever answers."""
    return 0.2 if 700 <= at < 760 else 0.0005


USUAL = steady(0.0005)
CASES = {
    "equal, no errors": Case(steady(0.0), steady(0.0)),
    "equal, 0.05 % errors, 0.2 % slow": Case(USUAL, USUAL),
    "equal, 0.2 % errors, 0.5 % slow": Case(steady(0.002, 0.005), steady(0.002, 0.005)),
    "equal, 1 % errors, 1 % slow": Case(steady(0.01, 0.01), steady(0.01, 0.01)),
    "equal, a minute's outage of 20 % of both": Case(
        Version(outage, lambda _: 0.002), Version(outage, lambda _: 0.002)
    ),
    "better: 0.05 % instead of 0.5 %": Case(steady(0.005), USUAL),
    "worse by 0.5 % (the margin)": Case(USUAL, steady(0.0055)),
    "worse by 1 %": Case(USUAL, steady(0.0105)),
    "5 % errors": Case(USUAL, steady(0.05)),
    "20 % errors": Case(USUAL, steady(0.2)),
    "every request fails": Case(USUAL, steady(1.0)),
    "p99 × 5: 5 % slow": Case(USUAL, steady(0.0005, 0.05)),
    "5 % errors from 30 s on": Case(USUAL, Version(lambda at: 0.0 if at < 30 else 0.05, lambda _: 0.002)),
    "5 % errors from 20 min on, after half": Case(
        USUAL, Version(lambda at: 0.0005 if at < 1200 else 0.05, lambda _: 0.002)
    ),
}


@dataclass(frozen=True)
class Outcome:
    """How a release ended: `go` is promoted; after how long, and how many requests of callers the candidate failed
    or answered late, of all that it and the champion got."""

    decision: str
    seconds: float
    phase: str
    touched: int
    hurt: int
    requests: int


def release(policy: Canary, case: Case, rate: float, random: np.random.Generator) -> Outcome:
    """One release, as the controller does it: a phase lasts its seconds at least, and until it is decided."""
    at, touched, hurt, requests = 0.0, 0, 0, 0
    before = Counts(0)
    phase = ""
    for phase, percent, seconds, mirrored in phases(policy):
        began, mine, other = at, Counts(0), Counts(0)
        share = fair_share(percent, mirrored=mirrored)
        while True:
            middle = at + policy.look_seconds / 2
            at += policy.look_seconds
            count = int(random.poisson(rate * policy.look_seconds))
            candidates = int(random.binomial(count, percent / 100))
            champions = count if mirrored else count - candidates
            new = drawn(case.candidate, candidates, middle, random)
            mine, other = added(mine, new), added(other, drawn(case.champion, champions, middle, random))
            requests += count
            if not mirrored:
                touched += candidates
                hurt += new.errors + new.slow
            # until a phase has lasted long enough all that matters is whether it is stopped: the rest is costly
            if at - began < seconds and share < 1 and not harmed(policy, mine, other, share):
                continue
            against = before if share == 1 else other
            decision = judge(policy, mine, against, share, None, HEALTHY).decision
            if decision == "stop" or (decision == "go" and at - began >= seconds):
                break
            if at >= policy.max_minutes * 60:
                return Outcome("undecided", at, phase, touched, hurt, requests)
        if decision == "stop":
            return Outcome("stop", at, phase, touched, hurt, requests)
        before = other if other.requests and not mirrored else before
    return Outcome("go", at, phase, touched, hurt, requests)


def harmed(policy: Canary, mine: Counts, other: Counts, share: float) -> bool:
    """Whether a verdict would be a stop."""
    counts = ((mine.errors, other.errors), (mine.slow, other.slow))
    return any(harm((a, mine.requests), (b, other.requests), share) >= 1 / policy.level for a, b in counts)


def phases(policy: Canary) -> Iterator[tuple[str, int, float, bool]]:
    """Name, percent, seconds at least, whether it is mirrored."""
    if policy.mirror.share:
        yield "mirror", policy.mirror.share, policy.mirror.seconds, True
    for step in policy.steps:
        yield f"{step.share} %", step.share, step.seconds, False


def drawn(version: Version, requests: int, at: float, random: np.random.Generator) -> Counts:
    """What so many requests come to."""
    errors = int(random.binomial(requests, version.errors(at)))
    return Counts(requests, errors, int(random.binomial(requests - errors, version.slow(at))))


def added(one: Counts, other: Counts) -> Counts:
    """Counts of both."""
    return Counts(one.requests + other.requests, one.errors + other.errors, one.slow + other.slow)


def ever(crosses: Callable[[int, int], bool], rate: float, trials: int) -> float:
    """The exact probability that events of one rate, counted one after another, ever cross."""
    reached, crossed = {0: 1.0}, 0.0
    for number in range(1, trials + 1):
        following: dict[int, float] = {}
        for events, chance in reached.items():
            for more, of in ((0, 1 - rate), (1, rate)):
                following[events + more] = following.get(events + more, 0.0) + chance * of
        for events in [each for each in following if crosses(each, number)]:
            crossed += following.pop(events)
        reached = following
    return crossed


def exact(policy: Canary, errors: int) -> Iterator[str]:
    """How often one test alarms falsely that is looked at after each of so many errors: its table, computed.

    Beside it what becomes of a binomial test of the same level, made anew at each look.
    """
    yield "| share of the candidate | level | false alarms | of a binomial test at each look |"
    yield "| --- | --- | --- | --- |"
    for share, level in product((1 / 11, 0.1, 0.5), (0.05, 0.01, policy.level)):
        found = ever(partial(_alarms, share, level), share, errors)
        least = [_critical(share, level, total) for total in range(errors + 1)]
        naive = ever(partial(_reaches, least), share, errors)
        yield f"| {share:.3f} | {level:g} | {found:.5f} | {naive:.5f} |"


def _alarms(share: float, level: float, count: int, total: int) -> bool:
    return evidence(count, total, share) >= 1 / level


def _reaches(least: list[int], count: int, total: int) -> bool:
    return count >= least[total]


def _critical(share: float, level: float, total: int) -> int:
    """The smallest count that, or more than it, is found with a probability of at most `level`."""
    tail = 0.0
    for count in range(total, -1, -1):
        ways = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
        tail += math.exp(ways + count * math.log(share) + (total - count) * math.log(1 - share))
        if tail > level:
            return count + 1
    return 0


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="cases whose names this expression is found in")
    parser.add_argument("--without-mirror", action="store_true", help="as Kubernetes endpoints have to")
    parser.add_argument("--exact", type=int, default=0, metavar="ERRORS", help="instead: one test, computed")
    arguments = parser.parse_args()
    policy = load(Path("mlops.toml")).release.canary
    if arguments.without_mirror:
        policy = policy.model_copy(update={"mirror": Mirror(share=0)})
    out = sys.stdout.write
    if arguments.exact:
        out("\n".join(exact(policy, arguments.exact)) + "\n")
        return 0
    out("| candidate | promoted | stopped (99 % interval) | undecided | minutes | stopped in | touched | hurt |\n")
    out("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
    for number, (name, case) in enumerate(CASES.items()):
        if re.search(arguments.only, name):
            random = np.random.default_rng([arguments.seed, number])
            found = [release(policy, case, arguments.rate, random) for _ in range(arguments.runs)]
            out(row(name, found) + "\n")
            sys.stdout.flush()
    return 0


def row(name: str, found: list[Outcome]) -> str:
    """A row of the table; minutes are the median and the 95th percentile, of all outcomes."""
    runs = len(found)
    of = {decision: sum(each.decision == decision for each in found) for decision in ("go", "stop", "undecided")}
    low, high = rate_bounds(of["stop"], runs, 0.01)
    minutes = np.percentile([each.seconds / 60 for each in found], [50, 95])
    stopped = [each.phase for each in found if each.decision == "stop"]
    where = ", ".join(
        f"{phase} {stopped.count(phase) / len(stopped):.0%}"
        for phase in dict.fromkeys(sorted(stopped, key=lambda each: (each != "mirror", len(each), each)))
    )
    touched = sum(each.touched for each in found) / sum(each.requests for each in found)
    hurt = np.median([each.hurt for each in found])
    return (
        f"| {name} | {of['go'] / runs:.2%} | {of['stop'] / runs:.2%} ({low:.2%} to {high:.2%}) |"
        f" {of['undecided'] / runs:.2%} | {minutes[0]:.1f}, {minutes[1]:.1f} | {where or '–'} |"
        f" {touched:.1%} | {hurt:.0f} |"
    )


if __name__ == "__main__":
    raise SystemExit(main())
