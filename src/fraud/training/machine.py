"""What a model was trained by: the machine and the libraries, as far as they decide a number's last bits."""

import hashlib
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fraud.training.estimators import threads

CPU = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Architecture, a hash of what the processor can do, threads used, and the libraries of linear algebra."""
    from threadpoolctl import threadpool_info

    return {
        "architecture": platform.machine(),
        "cpu_flags_sha256": _flags(),
        "threads": threads(),
        "blas": sorted(
            {
                f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()
                for library in threadpool_info()
                if library["user_api"] == "blas"
            }
        ),
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of Python and of packages, by name."""
    return {"python": ".".join(map(str, sys.version_info[:3]))} | {name: version(name) for name in packages}


def _flags() -> str:
    """The hash of the first processor's sorted flags, by which libraries choose their code; empty if untold."""
    lines = CPU.read_text(encoding="utf-8").splitlines() if CPU.is_file() else []
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return hashlib.sha256(" ".join(sorted(flags)).encode()).hexdigest() if flags else ""
