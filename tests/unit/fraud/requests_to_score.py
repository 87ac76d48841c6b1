"""Run in the endpoint's environment: send request bodies, one a line, to score.py's own run().

Reads a JSON list of [method, body] from standard input, writes a JSON list of [status, content type, answer].
"""

import json
import sys
from pathlib import Path

from azureml_inference_server_http.api.aml_request import AMLRequest
from werkzeug.test import EnvironBuilder

sys.path.insert(0, sys.argv[1])
import score

if not Path(score.__file__).is_relative_to(sys.argv[1]):
    raise SystemExit(f"another score.py is imported: {score.__file__}")
score.init()
answers = []
for method, body in json.load(sys.stdin):
    request = AMLRequest.__new__(AMLRequest)
    super(AMLRequest, request).__init__(
        EnvironBuilder(method=method, data=body.encode("utf-8", "surrogateescape")).get_environ()
    )
    response = score.run(request)
    answers.append([response.status_code, response.mimetype, json.loads(response.get_data())])
json.dump(answers, sys.stdout)
