"""Whether a published release is the model version that it names: nothing goes anywhere before."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import BadInput, ServiceFailed
from ..findings import Findings
from ..gate.decide import lets_pass
from ..registry.bundle import DOCUMENT
from ..release import bundle as bundles
from ..release.bundle import Bundle
from .calls import GitHub
from .tags import version_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def verify(github: GitHub, client: MLClient, config: Config, tag: str, folder: Path) -> Bundle:
    """The bundle of the version that a release is of, fetched into `folder`.

    Raises BadInput where there is no release, no version, or `hold` finds something.
    """
    model, version = version_of(config, tag)
    release = github.read(f"releases/tags/{tag}")
    if release is None:
        raise BadInput(f"there is no published release {tag}", "publish the draft that training has written")
    bundle = bundles.read(client, model, version, folder)
    github.say(f"  ok       {model}:{version} is registered, and each of its files has its checksum")
    hold(github, bundle, tag, immutable=bool(release.get("immutable")))
    return bundle


def hold(github: GitHub, bundle: Bundle, tag: str, *, immutable: bool) -> None:
    """Hold a version against its release. Each finding is said.

    Raises BadInput with what is wrong: a gate that refused, another commit, another checksum.
    """
    findings = Findings(github.say)
    _gate(findings, bundle)
    _commit(findings, github, bundle, tag)
    _checksum(findings, github, bundle, tag)
    if immutable:
        _attested(findings, github, tag)
    else:
        findings.note("releases of this repository can be changed: gh has nothing to verify them by")
    if findings.missing:
        first, more = findings.missing[0], len(findings.missing) - 1
        raise BadInput(f"{tag}: {first.what}" + (f" (and {more} more)" if more else ""), first.hint)


def _gate(findings: Findings, bundle: Bundle) -> None:
    verdict: dict[str, Any] = json.loads((bundle.folder / "gate.json").read_text(encoding="utf-8"))
    who = f"{bundle.model}:{bundle.version}"
    if lets_pass(verdict):
        findings.good(f"the gate let {who} pass: {verdict['decision']}")
    else:
        findings.lacks(f"the gate did not let {who} pass: {verdict['decision']}", "docs/gate.md")


def _commit(findings: Findings, github: GitHub, bundle: Bundle, tag: str) -> None:
    tagged = (github.read(f"commits/tags/{tag}") or {}).get("sha")
    if tagged == bundle.document["commit"]:
        findings.good(f"the tag is of the commit {tagged}, and so is the model's code")
    else:
        findings.lacks(
            f"the tag is of the commit {tagged}, the model's code of {bundle.document['commit']}",
            "delete the release and its tag; training writes the draft anew",
        )


def _checksum(findings: Findings, github: GitHub, bundle: Bundle, tag: str) -> None:
    """The release.json that was attached is that of the workspace, to the byte."""
    with tempfile.TemporaryDirectory() as folder:
        of = ("--repo", github.repository, "--pattern", DOCUMENT, "--dir", folder)
        github.run("release", "download", tag, *of, "--clobber")
        attached = hashlib.sha256((Path(folder) / DOCUMENT).read_bytes()).hexdigest()
    if attached == bundle.digest:
        findings.good(f"{DOCUMENT} is the one that was attached (SHA-256 {attached})")
    else:
        findings.lacks(
            f"the attached {DOCUMENT} has the SHA-256 {attached}, the registered one {bundle.digest}",
            "somebody has changed the release, or the version",
        )


def _attested(findings: Findings, github: GitHub, tag: str) -> None:
    """What GitHub attested when the release was published."""
    try:
        github.run("release", "verify", tag, "--repo", github.repository)
    except ServiceFailed as error:
        findings.lacks(f"gh release verify refuses it: {error}", "somebody has changed the release")
    else:
        findings.good("the release is immutable, and is as it was published")
