"""What steps leave in outputs besides files: it leads nobody out, and breaks neither lists nor jobs."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from azureml_local.arm.signer import Signer
from tests.emulator import Emulator, ended
from tests.local.steps import job, python

SECRET = "kept away from everybody"


@dataclass
class Container:
    """One container as a folder, and as whoever holds a signature of it alone sees it."""

    folder: Path
    address: str
    signature: str
    http: httpx.Client

    def send(self, method: str, path: str, content: bytes | None = None) -> httpx.Response:
        return self.http.request(method, f"{self.address}/{path}?{self.signature}", content=content)

    def names(self, prefix: str = "", delimiter: str = "") -> list[tuple[str, bool]]:
        """The names of a list, and whether they are percent-encoded; folders end in a slash."""
        query = f"restype=container&comp=list&prefix={prefix}&delimiter={delimiter}"
        answer = self.http.get(f"{self.address}?{query}&{self.signature}")
        assert answer.status_code == 200, answer.text
        found = fromstring(answer.content).iter("Name")  # noqa: S314 - our own server's
        return [(str(each.text), each.get("Encoded") == "true") for each in found]


@pytest.fixture
def container(local: Emulator, ml_client):
    store = ml_client.datastores.get_default()
    account = store.account_name.partition("/")[2]
    place = f"{account}/{store.container_name}"
    folder = local.home.blobs / place
    folder.mkdir(parents=True, exist_ok=True)
    signature = Signer(local.home.secret("signing")).sas(place, "rwdl")
    with local.http() as http:
        yield Container(folder, f"/{account}.blob.blobhost.invalid/{store.container_name}", signature, http)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text(SECRET)
    return tmp_path


def test_no_link_leads_a_request_out(container: Container, outside: Path, local: Emulator) -> None:
    (container.folder / "away").symlink_to(outside)
    (container.folder / "file").symlink_to(outside / "secret.txt")
    (container.folder / "state").symlink_to(local.home.root)
    (container.folder / "chain").symlink_to("away")
    (container.folder / "above").symlink_to("../../..")
    paths = ("away/secret.txt", "file", "state/secrets/signing", "chain/secret.txt", "above/secrets/signing")
    for path in paths:
        for method in ("GET", "HEAD", "DELETE"):
            refused = container.send(method, path)
            assert refused.status_code in (400, 404), (method, path)
            assert SECRET not in refused.text
        assert 400 <= container.send("PUT", path, b"overwritten").status_code < 500
    assert container.send("PUT", "away/new.txt", b"made").status_code == 409
    assert container.send("PUT", "away/deep/new.txt", b"made").status_code == 409
    blocks = f"comp=blocklist&{container.signature}"
    refused = container.http.put(f"{container.address}/away/x?{blocks}", content=b"<BlockList></BlockList>")
    assert refused.status_code == 409
    assert {p.name: p.read_text() for p in outside.iterdir()} == {"secret.txt": SECRET}
    assert (local.home.root / "secrets" / "signing").stat().st_size > 0
    assert container.names() == container.names("away/") == container.names("state/secrets/") == []


def test_a_link_within_the_container_is_what_it_leads_to(container: Container) -> None:
    (container.folder / "v2").mkdir()
    (container.folder / "v2" / "a.txt").write_text("a")
    (container.folder / "latest").symlink_to("v2")
    (container.folder / "b.txt").symlink_to("v2/a.txt")
    assert container.send("GET", "latest/a.txt").text == container.send("GET", "b.txt").text == "a"
    assert container.names() == [("b.txt", False), ("latest/a.txt", False), ("v2/a.txt", False)]


def test_a_list_leaves_out_what_is_no_file_and_comes_to_an_end(container: Container) -> None:
    folder = container.folder / "out"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # the address of a socket may not be long
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
    for number in range(12):
        (folder / f"d{number}").mkdir()
        for other in range(12):
            (folder / f"d{number}" / f"l{other}").symlink_to(f"../d{other}")
        (folder / f"self{number}").symlink_to(".")
    begun = time.monotonic()
    assert ("out/kept.txt", False) in container.names("out/")
    assert not [name for name, _ in container.names("out/") if not name.endswith("kept.txt")]
    assert time.monotonic() - begun < 10
    for name in ("dangling", "loop", "pipe", "socket"):
        assert container.send("GET", f"out/{name}").status_code == 404
        assert container.send("DELETE", f"out/{name}").status_code == 404
    assert container.send("PUT", "out/pipe/below", b"x").status_code == 409


def test_names_that_xml_cannot_hold_are_encoded_and_others_left_out(container: Container) -> None:
    for name in ("plain.txt", "bell\x07.txt", "tab\there.txt", "two\nlines.txt"):
        (container.folder / name).write_text(name)
    Path(os.fsdecode(os.fsencode(container.folder) + b"/latin\xe9.txt")).write_text("no text")
    names = container.names()
    assert names == [
        ("bell%07.txt", True),
        ("plain.txt", False),
        ("tab%09here.txt", True),
    ]
    for name, _ in names:
        assert container.send("GET", name).text == httpx.URL(f"http://h/{name}").path[1:]


LEAVE = """
import os, socket
os.symlink('/etc', 'outputs/etc')
os.symlink('nowhere', 'outputs/dangling')
os.symlink('.', 'outputs/itself')
os.mkfifo('outputs/pipe')
socket.socket(socket.AF_UNIX).bind('outputs/socket')
os.mkdir('outputs/deep')
open('outputs/deep/kept.txt', 'w').write('kept')
os.symlink(os.path.abspath('outputs/deep/kept.txt'), 'outputs/link.txt')
os.symlink('/etc', os.path.join(os.sys.argv[1], 'etc'))
os.symlink('gone', os.path.join(os.sys.argv[1], 'dangling'))
os.mkfifo(os.path.join(os.sys.argv[1], 'pipe'))
open(os.path.join(os.sys.argv[1], 'kept.txt'), 'w').write('kept')
"""


def test_a_job_that_leaves_such_things_completes_and_can_be_downloaded(
    local: Emulator, ml_client, tmp_path: Path
) -> None:
    from azure.ai.ml import Output

    step = job(python(LEAVE, "${{outputs.out}}"), outputs={"out": Output(type="uri_folder")})
    done = ended(ml_client, ml_client.jobs.create_or_update(step).name)
    assert done.status == "Completed"
    ml_client.jobs.download(done.name, download_path=tmp_path, all=True)
    got = {p.relative_to(tmp_path).as_posix(): p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    assert {name: text for name, text in got.items() if "user_logs" not in name} == {
        "artifacts/outputs/deep/kept.txt": "kept",
        "artifacts/outputs/link.txt": "kept",
        "named-outputs/out/kept.txt": "kept",
    }


def test_a_folder_that_a_step_made_a_link_of_is_not_collected(ml_client, outside: Path, tmp_path: Path) -> None:
    away = outside / "outputs"
    away.mkdir()
    (away / "secret.txt").write_text(SECRET)
    step = job(f"rmdir outputs && ln -s {away} outputs")
    done = ended(ml_client, ml_client.jobs.create_or_update(step).name)
    assert done.status == "Completed"
    ml_client.jobs.download(done.name, download_path=tmp_path / "got", all=True)
    assert not [p for p in (tmp_path / "got").rglob("*") if p.is_file() and p.read_text() == SECRET]
