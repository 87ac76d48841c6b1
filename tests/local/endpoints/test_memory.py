"""What instances have of memory, and what they hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

from azureml_local.endpoints.memory import GIB, limit, used


@pytest.mark.parametrize(
    ("size", "gib"),
    [
        ("Standard_B1ls", 0.5),
        ("Standard_F1s", 2),
        ("STANDARD_F4S_V2", 8),
        ("Standard_DS1_v2", 3.5),
        ("Standard_DS3_v2", 14),
        ("Standard_DS12_v2", 28),
        ("Standard_D2as_v4", 8),
        ("Standard_E4s_v3", 32),
        ("Standard_NC24ads_A100_v4", 220),
        ("something of tomorrow", 4),
    ],
)
def test_the_memory_of_a_size(size: str, gib: float) -> None:
    assert limit(size) == pytest.approx(gib * GIB, rel=0.001)


def test_what_a_group_holds_is_counted_with_its_children() -> None:
    """100 MB in a child of the first process, and nothing of one that is not asked about or has ended."""
    child = "import os; held = os.urandom(10**8); print('ready', flush=True); input()"
    first = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    command = [sys.executable, "-c", first]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        held = used([process.pid])
        assert list(held) == [process.pid]
        assert 10**8 < held[process.pid] < 3 * 10**8
        process.communicate(b"\n")
    assert used([process.pid]) == {}
    assert used([]) == {}
