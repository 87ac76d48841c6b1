"""The exchange that azure/login makes: an assertion of GitHub for this job, shown to Azure by whoever asks for tokens."""

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path
from urllib.parse import quote

if os.environ["CREDENTIALS"]:
    sys.exit("::error::a secret was given where OpenID Connect is to be used")
missing = [name for name in ("CLIENT", "TENANT") if not os.environ[name]]
if missing:
    sys.exit("::error::Login failed: Not all values are present. Ensure 'client-id' and 'tenant-id' are supplied.")
if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
    sys.exit("::error::Please make sure to give write permissions to id-token in the workflow.")

# The subject of the assertion is that of the job's environment; GitHub knows it, and so does the address here.
address = f"{os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}?environment={quote(os.environ.get('JOB_ENVIRONMENT', ''))}"
request = urllib.request.Request(  # noqa: S310
    address, headers={"X-IDENTITY-HEADER": os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]}
)
azure = json.loads(os.environ["AZURE_CLOUD"])
trust = ssl.create_default_context(cafile=azure["REQUESTS_CA_BUNDLE"])
try:
    with urllib.request.urlopen(request, context=trust, timeout=60) as answer:  # noqa: S310
        given = json.loads(answer.read())
except urllib.error.HTTPError as error:
    sys.exit(f"::error::{error.read().decode()}")
if given["client_id"] != os.environ["CLIENT"]:
    sys.exit(f"::error::AADSTS700213: no matching federated identity record for {given['subject']}")
file = Path(os.environ["RUNNER_TEMP"]) / f"assertion-{os.getpid()}"
file.parent.mkdir(parents=True, exist_ok=True)
file.touch(mode=0o600)
file.write_text(given["value"], encoding="utf-8")
signed_in = {
    **azure,
    "AZURE_TENANT_ID": os.environ["TENANT"],
    "AZURE_CLIENT_ID": os.environ["CLIENT"],
    "AZURE_FEDERATED_TOKEN_FILE": str(file),
    "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
}
with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as out:
    out.writelines(f"{name}={value}\n" for name, value in signed_in.items())
print(f"signed in as {given['subject']}")  # noqa: T201
