"""What azure/login does for `az`: fetch the job's assertion, and exchange it. Nothing of it is left."""

import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

given = {name: os.environ[name] for name in ("CLIENT", "TENANT", "SUBSCRIPTION")}
if os.environ["CREDENTIALS"]:
    sys.exit("::error::a secret was given where OpenID Connect is to be used")
if not all(given.values()):
    sys.exit("::error::Login failed: Not all values are present. Ensure 'client-id' and 'tenant-id' are supplied.")
if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
    sys.exit("::error::Login failed: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable.")

audience = "&audience=" + urllib.parse.quote("api://AzureADTokenExchange")
asked = urllib.request.Request(  # noqa: S310
    os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + audience,
    headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
)
trust = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
try:
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        assertion = json.loads(answer.read())["value"]
    form = {
        "client_id": given["CLIENT"],
        "client_assertion": assertion,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "grant_type": "client_credentials",
        "scope": "https://management.azure.com/.default",
    }
    address = f"{os.environ['AZURE_AUTHORITY_HOST']}/{given['TENANT']}/oauth2/v2.0/token"
    with urllib.request.urlopen(address, urllib.parse.urlencode(form).encode(), context=trust, timeout=60):  # noqa: S310
        print("Azure CLI login succeeds by using OIDC.")  # noqa: T201
except urllib.error.HTTPError as error:
    sys.exit(f"::error::Login failed: {error.read().decode()}")
