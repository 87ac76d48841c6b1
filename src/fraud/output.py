"""Outputs appear whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder whose entries move into `folder` at the end, replacing their namesakes.

    After an exception `folder` is as it was. The temporary folder lies inside `folder`, because an output of a
    step is a mount of its own, and only within one file system is a move a rename.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as temporary:
            yield Path(temporary)
            for entry in sorted(Path(temporary).iterdir()):
                target = folder / entry.name
                if target.is_dir():
                    shutil.rmtree(target)
                entry.replace(target)
    except BaseException:
        if new and not any(folder.iterdir()):
            folder.rmdir()
        raise
