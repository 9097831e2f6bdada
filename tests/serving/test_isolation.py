import json
import subprocess
import sys

PROGRAM = """
import json, pkgutil, sys
import serving
names = [module.name for module in pkgutil.walk_packages(serving.__path__, "serving.")]
for name in names:
    __import__(name)
loaded = {name.partition(".")[0] for name in sys.modules}
print(json.dumps({"names": names, "loaded": sorted(loaded)}))
"""


def test_serving_imports_neither_tensorflow_nor_the_training_side_nor_http():
    finished = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    found = json.loads(finished.stdout)
    assert {"serving.sessions.pool", "serving.protocols.tensorflow_serving.predict"} <= set(found["names"])
    assert "onnxruntime" in found["loaded"]
    unwanted = {"tensorflow", "keras", "tf2onnx", "onnx", "sklearn", "models", "fastapi", "sqlalchemy", "celery"}
    assert unwanted.isdisjoint(found["loaded"])
