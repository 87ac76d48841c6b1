"""Copy what the lines of PATHS name, relative to their least common folder, below ARTIFACTS/RUN/NAME."""

import glob
import hashlib
import os
import shutil
import sys
from pathlib import Path

wanted, unwanted = set(), set()
for line in filter(None, map(str.strip, os.environ["PATHS"].splitlines())):
    found = wanted if not line.startswith("!") else unwanted
    for name in glob.glob(str(Path(line.lstrip("!")).expanduser()), recursive=True):  # noqa: PTH207 - absolute ones, too
        path = Path(name).absolute()
        found.update([path] if path.is_file() else (each for each in path.rglob("*") if each.is_file()))
files = sorted(wanted - unwanted)
if not files:
    kind = "error" if os.environ["MISSING"] == "error" else "warning"
    sys.stdout.write(f"::{kind}::No files were found with the provided path. No artifacts will be uploaded.\n")
    sys.exit(kind == "error")
to = Path(os.environ["ARTIFACTS"]) / os.environ["GITHUB_RUN_ID"] / os.environ["NAME"]
if to.exists():
    if os.environ["OVERWRITE"] != "true":
        sys.exit("::error::an artifact with this name already exists on the workflow run")
    shutil.rmtree(to)
common = Path(os.path.commonpath([file.parent for file in files]))
digest = hashlib.sha256()
for file in files:
    target = to / file.relative_to(common)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    digest.update(file.read_bytes())
with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as out:
    out.write(f"digest={digest.hexdigest()}\nid=1\n")
