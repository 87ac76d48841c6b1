"""Azure Blob Storage over HTTP: HEAD, GET (ranges), PUT, blocks, metadata, list, delete, with their conditions.

Blobs are files. A write with a condition is one with its check: of several at once one succeeds.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.sax.saxutils import unescape

from starlette.responses import Response, StreamingResponse

from ..arm.errors import ServiceError
from ..arm.paths import confined
from ..arm.requests import Call
from .links import files_below, stays
from .places import Location, matches

PIECE = 1 << 20
UNSPEAKABLE = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")
"""Characters that XML cannot hold, or that its readers change."""
WRITING = threading.Lock()
"""Held from a condition's check to the end of the write that it is for."""
PERMISSION = {"GET": "r", "HEAD": "r", "PUT": "w", "DELETE": "d"}


def permission(call: Call) -> str:
    """The permission letter that the request needs of a shared access signature."""
    return "l" if call.parameter("comp") == "list" else PERMISSION.get(call.method, "")


class NotAuthenticated(ServiceError):
    """403 with an empty body: neither a token for storage nor a signature that holds."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Server failed to authenticate the request.", code="AuthenticationFailed")

    def response(self) -> Response:
        return Response(b"", self.status, headers={"x-ms-error-code": self.code})


def handle(call: Call) -> Response:
    """Any request on a container or a blob."""
    place = matches(call.path)
    if place is None:
        return _error(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
    operation = call.parameter("comp")
    if call.parameter("restype") == "container":
        return _list(call, place) if operation == "list" else _container(call, place)
    file = place.on_disk(call.context)
    if not stays(file, call.context.home.blobs / place.container):
        # Steps may leave any link in a container; whoever may read the container may not follow it out.
        if call.method == "PUT":
            return _error(409, "BlobPathConflict", "A link that leads out of the container is in the way.")
        return _error(404, "BlobNotFound", "The specified blob does not exist.")
    key = f"{place.container}/{place.path}"
    match (call.method, operation):
        case ("HEAD" | "GET", "" | "metadata"):
            return _read(call, file, key)
        case ("PUT", ""):
            return _write(call, file, key)
        case ("PUT", "metadata"):
            return _set_metadata(call, file, key)
        case ("PUT", "block"):
            return _stage(call, place)
        case ("PUT", "blocklist"):
            return _commit(call, place, file, key)
        case ("DELETE", ""):
            return _delete(call, file, key)
    return _error(501, "NotImplemented", f"azureml_local does not support {call.method} comp={operation}")


def _error(status: int, code: str, message: str = "") -> Response:
    body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, headers={"x-ms-error-code": code}, media_type="application/xml")


def _metadata(call: Call) -> dict[str, str]:
    return {k[10:]: v for k, v in call.headers.items() if k.startswith("x-ms-meta-")}


def _headers(file: Path) -> dict[str, str]:
    state = file.stat()
    return {
        "ETag": f'"0x{state.st_mtime_ns:X}{state.st_size:X}"',
        "Last-Modified": formatdate(state.st_mtime, usegmt=True),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-access-tier": "Hot",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        "x-ms-version": "2024-11-04",
        "Accept-Ranges": "bytes",
    }


def _read(call: Call, file: Path, key: str) -> Response:
    if not file.is_file():
        return _error(404, "BlobNotFound", "The specified blob does not exist.")
    headers = _headers(file)
    if refused := _unmet(call, file):
        return refused
    for name, value in (call.context.store.read("blob", key) or {}).items():
        headers[f"x-ms-meta-{name}"] = value
    size = file.stat().st_size
    if call.method == "HEAD":
        return Response(
            b"", 200, headers={**headers, "Content-Length": str(size)}, media_type="application/octet-stream"
        )
    asked = re.match(r"bytes=(\d+)-(\d*)$", call.headers.get("x-ms-range") or call.headers.get("range") or "")
    if asked is None:
        # A log grows while it is read: what is sent is what its length said.
        headers["Content-Length"] = str(size)
        return StreamingResponse(_pieces(file, size), 200, headers, media_type="application/octet-stream")
    first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    if first >= size:
        return _error(416, "InvalidRange", "The range specified is invalid for the current size.")
    with file.open("rb") as content:
        content.seek(first)
        data = content.read(last - first + 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(data, 206, headers=headers, media_type="application/octet-stream")


def _unmet(call: Call, file: Path) -> Response | None:
    """The answer to a request whose condition does not hold; None where it holds, or there is none."""
    etag = _headers(file)["ETag"] if file.is_file() else None
    asked, unless = call.headers.get("if-match"), call.headers.get("if-none-match")
    if unless == "*" and etag and call.method == "PUT":
        return _error(409, "BlobAlreadyExists", "The specified blob already exists.")
    if asked is None or (etag and asked in ("*", etag)):
        return None
    return _error(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")


def _pieces(file: Path, size: int) -> Iterator[bytes]:
    """The first `size` bytes of a file, in pieces."""
    with file.open("rb") as content:
        while size > 0 and (piece := content.read(min(size, PIECE))):
            size -= len(piece)
            yield piece


def _put_file(file: Path, write: Iterator[bytes]) -> None:
    """Make the file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with temporary.open("wb") as target:
            for piece in write:
                target.write(piece)
        # a file system's own times are those of its last tick: two writes within one would have one ETag
        now = time.time_ns()
        os.utime(temporary, ns=(now, now))
        os.replace(temporary, file)  # noqa: PTH105 - Path.replace is the same; this reads as what it does
    finally:
        temporary.unlink(missing_ok=True)


def _created(file: Path, content: bytes = b"") -> Response:
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    headers = {**_headers(file), "x-ms-request-server-encrypted": "true"}
    return Response(b"", 201, headers={**headers, "Content-MD5": digest} if content else headers)


def _write(call: Call, file: Path, key: str) -> Response:
    if file.is_dir() or any(parent.exists() and not parent.is_dir() for parent in file.parents):
        return _error(409, "BlobPathConflict", "Here a blob cannot be a folder of other blobs as well.")
    with WRITING:
        if refused := _unmet(call, file):
            return refused
        _put_file(file, iter([call.content]))
        call.context.store.write("blob", key, _metadata(call))
        return _created(file, call.content)


def _set_metadata(call: Call, file: Path, key: str) -> Response:
    if not file.is_file():
        return _error(404, "BlobNotFound", "The specified blob does not exist.")
    call.context.store.write("blob", key, _metadata(call))
    return Response(b"", 200, headers=_headers(file))


def _blocks(call: Call, place: Location) -> Path:
    name = hashlib.sha256(f"{place.container}/{place.path}".encode()).hexdigest()
    return call.context.home.root / "blocks" / name


def _block(call: Call, place: Location, block: str) -> Path:
    return _blocks(call, place) / hashlib.sha256(block.encode()).hexdigest()


def _stage(call: Call, place: Location) -> Response:
    # The SDK quotes block ids twice.
    _put_file(_block(call, place, unquote(call.parameter("blockid"))), iter([call.content]))
    return Response(b"", 201, headers={"x-ms-request-server-encrypted": "true"})


def _commit(call: Call, place: Location, file: Path, key: str) -> Response:
    names = re.findall(r"<(?:Latest|Uncommitted|Committed)>(.*?)</", call.content.decode())
    blocks = [_block(call, place, unquote(unescape(name))) for name in names]
    if not all(block.is_file() for block in blocks):
        return _error(400, "InvalidBlockList", "The specified block list is invalid.")
    with WRITING:
        if refused := _unmet(call, file):
            return refused
        _put_file(file, (block.read_bytes() for block in blocks))
        shutil.rmtree(_blocks(call, place), ignore_errors=True)
        call.context.store.write("blob", key, _metadata(call))
        return _created(file)


def _delete(call: Call, file: Path, key: str) -> Response:
    if not file.is_file():
        return _error(404, "BlobNotFound", "The specified blob does not exist.")
    with WRITING:
        if refused := _unmet(call, file):
            return refused
        file.unlink(missing_ok=True)
        call.context.store.forget("blob", key)
        return Response(b"", 202)


def _container(call: Call, place: Location) -> Response:
    folder = call.context.home.blobs / place.container
    if call.method == "PUT":
        if folder.exists():
            return _error(409, "ContainerAlreadyExists", "The specified container already exists.")
        folder.mkdir(parents=True)
        return Response(b"", 201)
    found = folder.is_dir()
    return Response(b"", 200, headers=_headers(folder)) if found else _error(404, "ContainerNotFound")


def _list(call: Call, place: Location) -> Response:
    prefix, delimiter = call.parameter("prefix"), call.parameter("delimiter")
    root = call.context.home.blobs / place.container
    if not root.is_dir():
        return _error(404, "ContainerNotFound", "The specified container does not exist.")
    top = confined(root, prefix.rpartition("/")[0])
    result = Element("EnumerationResults", ContainerName=place.container.partition("/")[2])
    _say(SubElement(result, "Prefix"), prefix)
    blobs = SubElement(result, "Blobs")
    seen: set[str] = set()
    above = f"{top.relative_to(root).as_posix()}/" if top != root else ""
    for path, file in files_below(top, root):
        name = above + path
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix) :]
        if delimiter and delimiter in rest:
            folder = prefix + rest.partition(delimiter)[0] + delimiter
            if folder not in seen:
                seen.add(folder)
                _say(SubElement(SubElement(blobs, "BlobPrefix"), "Name"), folder)
            continue
        _describe(call, SubElement(blobs, "Blob"), f"{place.container}/{name}", name, file)
    SubElement(result, "NextMarker")
    return Response(tostring(result, encoding="utf-8", xml_declaration=True), media_type="application/xml")


def _say(element: Element, name: str) -> None:
    """A name; one that XML cannot hold is percent-encoded and marked, as Azure does since version 2021-02-12."""
    if UNSPEAKABLE.search(name):
        element.set("Encoded", "true")
        name = quote(name)
    element.text = name


def _describe(call: Call, blob: Element, key: str, name: str, file: Path) -> None:
    _say(SubElement(blob, "Name"), name)
    values = SubElement(blob, "Properties")
    headers = _headers(file)
    SubElement(values, "Creation-Time").text = headers["Last-Modified"]
    SubElement(values, "Last-Modified").text = headers["Last-Modified"]
    SubElement(values, "Etag").text = headers["ETag"].strip('"')
    SubElement(values, "Content-Length").text = str(file.stat().st_size)
    SubElement(values, "Content-Type").text = "application/octet-stream"
    SubElement(values, "BlobType").text = "BlockBlob"
    if "metadata" in call.parameter("include"):
        metadata = SubElement(blob, "Metadata")
        for item, value in (call.context.store.read("blob", key) or {}).items():
            SubElement(metadata, item).text = value
