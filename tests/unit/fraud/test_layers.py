"""The model's code is light to import and knows nothing of the cloud."""

import subprocess
import sys

from tests.emulator import REPOSITORY

CODE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
NOT_AT_IMPORT = {"mlflow", "sklearn", "pandas", "onnx", "onnxruntime", "skl2onnx", "pyarrow", "yaml"}
NEVER = {"azure", "azureml", "mlops", "azureml_local", "pipelines"}


def test_every_module_imports_without_what_only_steps_have() -> None:
    source = REPOSITORY / "src"
    modules = [".".join(file.relative_to(source).with_suffix("").parts) for file in source.glob("fraud/**/*.py")]
    modules.remove("fraud.serving.score")  # the endpoint's own, which stands alone
    assert len(modules) > 15
    run = subprocess.run([sys.executable, "-c", CODE, *modules], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    imported = set(run.stdout.split())
    assert "fraud" in imported
    assert not imported & (NOT_AT_IMPORT | NEVER)
