import json
import subprocess
import sys

PROGRAM = """
import json, pkgutil, sys
import serving
names = [module.name for module in pkgutil.iter_modules(serving.__path__)]
for name in names:
    __import__(f"serving.{name}")
loaded = {name.partition(".")[0] for name in sys.modules}
print(json.dumps({"names": names, "loaded": sorted(loaded)}))
"""


def test_serving_imports_neither_tensorflow_nor_the_training_side_nor_http():
    finished = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    found = json.loads(finished.stdout)
    assert {"loaded_model", "model_pool", "tensorflow_serving"} <= set(found["names"])
    assert "onnxruntime" in found["loaded"]
    unwanted = {"tensorflow", "keras", "tf2onnx", "onnx", "sklearn", "models", "fastapi", "sqlalchemy", "celery"}
    assert unwanted.isdisjoint(found["loaded"])
