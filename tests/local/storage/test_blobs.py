"""Blob storage as the storage clients use it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.emulator import Emulator, fresh

NAMES = (
    "with space.txt",
    "per%cent.txt",
    "per%2Fcent.txt",
    "ha#sh.txt",
    "ques?tion.txt",
    "plus+and&.txt",
    "ünï¢ode.txt",
    "a.partial",
    "quote'd.txt",
    "deep/er/still.txt",
)


def test_names_come_back_as_they_went(ml_client, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    folder = tmp_path / "folder"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    ml_client.models.create_or_update(Model(name="odd", version="1", path=str(folder)))
    ml_client.models.download("odd", "1", download_path=tmp_path / "got")
    got = {
        f.relative_to(tmp_path / "got/odd"): f.read_text() for f in (tmp_path / "got").rglob("*") if f.is_file()
    }
    assert {str(Path(*path.parts[1:])): text for path, text in got.items()} == {name: name for name in NAMES}


@pytest.fixture
def container(local: Emulator, ml_client) -> Iterator[tuple[httpx.Client, str]]:
    """A client that may do everything, and the path of the default datastore's container."""
    store = ml_client.datastores.get_default()
    account = store.account_name.partition("/")[2]
    headers = {"Authorization": f"Bearer {local.token('https://storage.azure.com/.default')}"}
    with local.http(headers=headers) as http:
        yield http, f"/{account}.blob.blobhost.invalid/{store.container_name}"


def put(http: httpx.Client, path: str, content: bytes = b"0123456789", **headers: str) -> httpx.Response:
    return http.put(path, content=content, headers={"x-ms-blob-type": "BlockBlob", **headers})


def test_a_blob_from_its_creation_to_its_end(container: tuple[httpx.Client, str]) -> None:
    http, root = container
    path = f"{root}/{fresh('blob')}/x.bin"
    assert http.get(path).headers["x-ms-error-code"] == "BlobNotFound"
    assert put(http, path, **{"x-ms-meta-colour": "red"}).status_code == 201
    assert put(http, path, b"other", **{"If-None-Match": "*"}).status_code == 409
    head = http.head(path)
    assert (head.headers["content-length"], head.headers["x-ms-meta-colour"]) == ("10", "red")
    assert http.get(path).content == b"0123456789"
    assert http.delete(path).status_code == 202
    assert http.get(path).status_code == http.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "content", "described"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=8-33554431", 206, b"89", "bytes 8-9/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=10-20", 416, None, None),
    ],
)
def test_ranges(
    container: tuple[httpx.Client, str], asked: str, status: int, content: object, described: str
) -> None:
    http, root = container
    path = f"{root}/ranges.bin"
    put(http, path)
    answer = http.get(path, headers={"x-ms-range": asked})
    assert answer.status_code == status
    if content:
        assert (answer.content, answer.headers["content-range"]) == (content, described)


def test_a_read_of_what_has_changed_meanwhile_is_refused(container: tuple[httpx.Client, str]) -> None:
    http, root = container
    path = f"{root}/{fresh('blob')}.bin"
    put(http, path)
    etag = http.head(path).headers["etag"]
    assert http.get(path, headers={"If-Match": etag}).content == b"0123456789"
    assert http.get(path, headers={"If-Match": "*"}).status_code == 200
    put(http, path, b"other")
    for headers in ({}, {"x-ms-range": "bytes=0-3"}):
        refused = http.get(path, headers={"If-Match": etag, **headers})
        assert (refused.status_code, refused.headers["x-ms-error-code"]) == (412, "ConditionNotMet")


def test_a_write_over_what_has_changed_meanwhile_is_refused(container: tuple[httpx.Client, str]) -> None:
    http, root = container
    path = f"{root}/{fresh('blob')}.bin"
    assert put(http, path, **{"If-Match": "*"}).status_code == 412
    first = put(http, path).headers["etag"]
    second = put(http, path, b"9876543210", **{"If-Match": first}).headers["etag"]
    assert second != first
    for refused in (
        put(http, path, b"other", **{"If-Match": first}),
        http.delete(path, headers={"If-Match": first}),
    ):
        assert (refused.status_code, refused.headers["x-ms-error-code"]) == (412, "ConditionNotMet")
    assert http.get(path).content == b"9876543210"
    assert http.delete(path, headers={"If-Match": second}).status_code == 202


@pytest.mark.parametrize("condition", [{"If-None-Match": "*"}, {"If-Match": "the first"}])
def test_of_writes_at_once_with_one_condition_one_succeeds(
    container: tuple[httpx.Client, str], condition: dict[str, str]
) -> None:
    http, root = container
    path = f"{root}/{fresh('blob')}.bin"
    if "If-Match" in condition:
        condition = {"If-Match": put(http, path).headers["etag"]}

    def write(number: int) -> int:
        return put(http, path, f"number {number}".encode(), **condition).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(8)))
    assert answers.count(201) == 1
    assert http.get(path).content == f"number {answers.index(201)}".encode()


def test_lists_by_prefix_and_by_folder(container: tuple[httpx.Client, str]) -> None:
    http, root = container
    for name in ("a/1.txt", "a/2.txt", "a/b/3.txt", "ab.txt", "c.txt"):
        put(http, f"{root}/{name}")

    def listed(**query: str) -> str:
        return http.get(root, params={"restype": "container", "comp": "list", **query}).text

    def names(text: str) -> list[str]:
        return [part.partition("<")[0] for part in text.split("<Name>")[1:]]

    assert names(listed(prefix="a")) == ["a/1.txt", "a/2.txt", "a/b/3.txt", "ab.txt"]
    assert names(listed(prefix="a/")) == ["a/1.txt", "a/2.txt", "a/b/3.txt"]
    assert sorted(names(listed(prefix="a/", delimiter="/"))) == ["a/1.txt", "a/2.txt", "a/b/"]
    assert names(listed(prefix="none")) == []


def test_blocks_become_a_blob_in_the_order_of_their_list(container: tuple[httpx.Client, str]) -> None:
    http, root = container
    path = f"{root}/blocks.bin"
    for block, content in (("Mg==", b"second"), ("MQ==", b"first ")):
        assert http.put(path, params={"comp": "block", "blockid": block}, content=content).status_code == 201
    assert http.get(path).status_code == 404
    wrong = "<BlockList><Latest>OTk=</Latest></BlockList>"
    assert http.put(path, params={"comp": "blocklist"}, content=wrong).status_code == 400
    right = "<BlockList><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>"
    assert http.put(path, params={"comp": "blocklist"}, content=right).status_code == 201
    assert http.get(path).content == b"first second"


def test_what_is_no_blob_is_refused(container: tuple[httpx.Client, str]) -> None:
    http, root = container
    put(http, f"{root}/file.txt")
    assert put(http, f"{root}/file.txt/below.txt").status_code == 409
    put(http, f"{root}/folder/file.txt")
    assert put(http, f"{root}/folder").status_code == 409
    assert 400 <= put(http, root).status_code < 500
    assert http.put(f"{root}/file.txt", params={"comp": "lease"}).status_code == 501
