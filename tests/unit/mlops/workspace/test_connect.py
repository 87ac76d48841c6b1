"""Errors around calls of the SDK: its own become a line for a person, ours stay what they are."""

from __future__ import annotations

import sys

import pytest

from mlops.errors import BadInput, MlopsError, RunFailed, ServiceFailed
from mlops.workspace.connect import sdk


def _said(error: Exception) -> MlopsError:
    with pytest.raises(MlopsError) as caught, sdk():
        raise error
    return caught.value


def test_what_the_sdk_finds_wrong_is_the_persons() -> None:
    from azure.ai.ml.exceptions import ValidationException

    text = "\x1b[31m1) One or more fields are invalid\n\nDetails: \n\n(x) name: Not a valid name.\n"
    found = _said(ValidationException(message=text, no_personal_data_message=""))
    assert (type(found), str(found)) == (BadInput, "name: Not a valid name.")


def test_what_the_service_refuses_is_the_services() -> None:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    found = _said(HttpResponseError("(UserError) no such thing\nCode: UserError"))
    assert (type(found), str(found)) == (ServiceFailed, "no such thing")
    assert _said(ClientAuthenticationError("no token")).hint.startswith("az login")


@pytest.mark.parametrize("defect", [ValueError("ours"), KeyError("ours"), LookupError("ours")])
def test_a_defect_of_ours_is_seen_as_one(defect: Exception) -> None:
    with pytest.raises(type(defect)) as caught, sdk():
        raise defect
    assert caught.value is defect


def test_our_own_errors_pass_and_what_is_printed_beside_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    @sdk()
    def upload() -> None:
        sys.stdout.write("Uploading 100%")
        raise RunFailed("it failed")

    with pytest.raises(RunFailed, match="it failed"):
        upload()
    assert capsys.readouterr().out == ""
