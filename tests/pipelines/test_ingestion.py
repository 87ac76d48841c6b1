"""Landed files become versions of the data asset, through azure-storage-blob and the real SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fraud.data.contract import check
from mlops import config, data
from mlops.config import Config, Source
from mlops.data import ingestion
from mlops.data.storage import Place, place
from mlops.errors import BadInput, MlopsError
from tests.emulator import REPOSITORY, Emulator
from tests.project import Project

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

HEADER = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD"
SETTINGS = config.load(REPOSITORY / "mlops.toml")
PUT_VERSION = "PUT workspaces/data/versions"


def day(number: int, rows: int = 3, amount: float = 1.0) -> bytes:
    """The transactions of a day, as a CSV file."""
    when = date(2018, 4, 1) + timedelta(days=number)
    lines = [f"{number * 100 + row},{when} 12:00:0{row},1,1,{amount},{row % 2}" for row in range(rows)]
    return "\n".join([HEADER, *lines, ""]).encode()


@dataclass
class Landing:
    """Where data lands in a workspace of its own, and what becomes of it."""

    client: MLClient
    settings: Config
    place: Place

    def land(self, name: str, content: bytes) -> None:
        self.place.container.upload_blob(self.place.path + name, content, overwrite=True)

    def ingest(self, as_of: str = "last") -> data.Ingested:
        return data.ingest(self.client, self.settings, as_of=as_of)

    def versions(self) -> list[str]:
        """The versions there are, oldest first; `mlops` itself is not asked."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return sorted(each.version for each in self.client.data.list(self.settings.data.asset))
        except ResourceNotFoundError:
            return []

    def content(self, version: str, folder: Path) -> dict[str, bytes]:
        """The files of a version, by their names in it."""
        asset = place(self.client, self.client.data.get(self.settings.data.asset, version=version).path)
        for each in asset.listed(["*", "_manifest.json"]):
            asset.fetch(each, folder)
        return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.fixture
def landing(local: Emulator, ml_client: MLClient) -> Landing:
    del local
    assert SETTINGS.data.source is not None
    return Landing(ml_client, SETTINGS, place(ml_client, SETTINGS.data.source.uri))


def test_what_landed_is_taken_once_and_the_version_says_what_it_is(landing: Landing, tmp_path: Path) -> None:
    landing.land("2018/04/01.csv", day(0))
    landing.land("2018/04/02.csv", day(1))
    landing.land("_SUCCESS", b"")
    landing.land("2018/.part.csv", b"half")
    landing.land("notes.txt", b"not data")
    first = landing.ingest()
    assert (first.published.version, first.published.existed) == ("1", False)
    assert first.files.new == ["2018/04/01.csv", "2018/04/02.csv"]
    assert first.published.validation["rows"] == 6
    content = landing.content("1", tmp_path / "1")
    manifest = json.loads(content.pop("_manifest.json"))
    assert content == {"2018/04/01.csv": day(0), "2018/04/02.csv": day(1)}
    assert [(row["file"], row["size"]) for row in manifest["files"]] == [
        ("2018/04/01.csv", len(day(0))),
        ("2018/04/02.csv", len(day(1))),
    ]
    assert all(len(row["sha256"]) == 64 and row["etag"] and row["landed"] for row in manifest["files"])
    assert first.published.landed == max(row["landed"] for row in manifest["files"])

    again = landing.ingest()
    assert (again.published.version, again.published.existed, again.files.new) == ("1", True, [])
    landing.land("2018/04/03.csv", day(2))
    third = landing.ingest()
    assert (third.published.version, third.files.new, third.files.late) == ("2", ["2018/04/03.csv"], [])
    assert third.published.validation["rows"] == 9
    assert set(landing.content("2", tmp_path / "2")) == {*content, "2018/04/03.csv", "_manifest.json"}
    assert landing.versions() == ["1", "2"]


def test_only_new_files_are_read_from_where_they_land(landing: Landing) -> None:
    landing.land("1.csv", day(0))
    landing.ingest()
    landing.place.container.delete_blob(landing.place.path + "1.csv")
    landing.land("2.csv", day(1))
    done = landing.ingest()
    assert done.published.validation["rows"] == 6  # what was taken stays taken
    assert done.files.new == ["2.csv"]


def test_a_file_that_comes_late_is_taken_and_said(landing: Landing) -> None:
    landing.land("3.csv", day(2))
    landing.ingest()
    landing.land("1.csv", day(0))
    landing.land("4.csv", day(3))
    done = landing.ingest()
    assert (done.files.new, done.files.late) == (["1.csv", "4.csv"], ["1.csv"])
    assert done.published.validation["rows"] == 9


def test_the_same_content_under_another_name_is_no_more_data(landing: Landing) -> None:
    landing.land("1.csv", day(0))
    landing.ingest()
    landing.land("1-again.csv", day(0))
    again = landing.ingest()
    assert (again.published.version, again.published.existed) == ("1", True)
    assert again.files.repeated == {"1-again.csv": "1.csv"}
    landing.land("2.csv", day(1))
    done = landing.ingest()
    assert done.published.validation["rows"] == 6
    assert (done.files.new, done.files.repeated) == (["2.csv"], {"1-again.csv": "1.csv"})
    assert landing.ingest().files.repeated == {}  # now a manifest knows it


def test_another_content_under_a_known_name_takes_its_place(landing: Landing, tmp_path: Path) -> None:
    landing.land("1.csv", day(0))
    landing.land("2.csv", day(1))
    landing.ingest()
    landing.land("1.csv", day(0, rows=2, amount=7.5))
    done = landing.ingest()
    assert (done.files.new, done.files.corrected) == ([], ["1.csv"])
    assert done.published.validation["rows"] == 5
    assert landing.content("1", tmp_path / "1")["1.csv"] == day(0)
    assert landing.content("2", tmp_path / "2")["1.csv"] == day(0, rows=2, amount=7.5)
    landing.land("1.csv", day(0))  # and back: the newest version has what stands there now
    assert (landing.ingest().published.version, landing.ingest().published.version) == ("3", "3")
    landing.land("2.csv", day(1))  # the same again: landed anew, nothing else
    assert landing.ingest().published.version == "3"


def test_a_file_that_changes_while_it_is_read_ends_it(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    landing.land("1.csv", day(0))
    landing.land("2.csv", day(1))
    listed = Place.listed

    def meanwhile(self: Place, *patterns: Any) -> Iterator[Any]:
        yield from list(listed(self, *patterns))
        landing.land("2.csv", day(1, rows=2))

    with monkeypatch.context() as patched:
        patched.setattr(Place, "listed", meanwhile)
        with pytest.raises(MlopsError, match=r"2\.csv changed while it was read; nothing was published"):
            landing.ingest()
    assert landing.versions() == []
    assert landing.ingest().published.validation["rows"] == 5


WRONG = [
    (day(1, amount=-2.0), "TX_AMOUNT is negative in 3 of 6 rows"),
    (b"", "column TRANSACTION_ID is missing"),
    (day(0, rows=2), "TRANSACTION_ID must be unique"),
    (day(5000), "TX_DATETIME lies in the future"),
    (day(1, amount=float("nan")), "TX_AMOUNT is not a finite number"),
]


def test_what_does_not_keep_the_contract_publishes_nothing(landing: Landing) -> None:
    landing.land("1.csv", day(0))
    landing.ingest()
    for content, said in WRONG:
        landing.land("2.csv", content)
        with pytest.raises(BadInput, match=f"/paths/landed/transactions.*: .*{said}"):
            landing.ingest()
    assert landing.versions() == ["1"]
    landing.land("2.csv", day(1))
    assert landing.ingest().published.version == "2"


def test_nothing_landed_is_said(landing: Landing) -> None:
    with pytest.raises(BadInput, match="there is no such container yet, and nothing has landed"):
        landing.ingest()
    landing.place.container.upload_blob("elsewhere/1.csv", day(0))
    with pytest.raises(BadInput, match="nothing has landed in azureml://datastores/workspaceblobstore/paths/"):
        landing.ingest()


def test_what_is_too_old_is_not_published(landing: Landing) -> None:
    landing.land("1.csv", day(0))
    with pytest.raises(BadInput, match=r"too old: its last row is of 2018-04-01.* \(data\.max_age_days\)"):
        data.ingest(landing.client, landing.settings)
    assert landing.versions() == []


def test_of_two_at_once_one_wins_and_nothing_is_doubled(landing: Landing) -> None:
    landing.land("1.csv", day(0))
    landing.ingest()
    landing.land("2.csv", day(1))
    with ingestion.staged(landing.client, landing.settings, as_of="last") as slow:
        landing.land("3.csv", day(2))
        assert landing.ingest().published.version == "2"
        assert isinstance(slow, ingestion.Staged)
        with pytest.raises(MlopsError, match="transactions:2 was published meanwhile; nothing of this"):
            ingestion.commit(landing.client, landing.settings, slow)
    assert landing.versions() == ["1", "2"]
    assert landing.ingest().published.existed
    landing.land("4.csv", day(3))
    asked = (landing.client, landing.settings)
    with ingestion.staged(*asked, as_of="last") as one, ingestion.staged(*asked, as_of="last") as other:
        done = [ingestion.commit(*asked, each) for each in (one, other) if isinstance(each, ingestion.Staged)]
    assert [each.published.version for each in done] == ["3", "3"]  # of the same content
    assert landing.ingest().published.validation == {}
    assert landing.versions() == ["1", "2", "3"]


def test_an_ingestion_that_breaks_off_has_done_nothing_and_the_next_one_all(landing: Landing, faults: Any) -> None:
    landing.land("1.csv", day(0))
    landing.land("2.csv", day(1))
    faults.add("PUT /*/data/transactions/*", status=403, call=2, times=0)  # one file of three is there
    with pytest.raises(MlopsError):
        landing.ingest()
    assert faults.seen()[0]["seen"] >= 2
    faults.clear()
    faults.add(PUT_VERSION, status=403)  # all of them are
    with pytest.raises(MlopsError):
        landing.ingest()
    assert landing.versions() == []
    assert landing.ingest().published.version == "1"
    assert landing.ingest().published.existed
    landing.land("3.csv", day(2))
    faults.add(PUT_VERSION, drop=True, after=True, times=0)  # it is done, and its answer is lost
    assert landing.ingest().published.version == "2"
    faults.clear()
    assert landing.versions() == ["1", "2"]


def meddling(path: Path, **settings: Any) -> dict[str, Any]:
    """A contract's check during which somebody writes."""
    document = check(path, **settings)
    with (path / "s.csv").open("ab") as file:
        file.write(b"9,2018-04-01,1,1,1,0\n")
    return document


def test_local_files_that_change_while_they_are_read_are_not_published(landing: Landing, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(day(0))
    project = SETTINGS.project.model_copy(update={"contract": f"{__name__}:meddling"})
    settings = SETTINGS.model_copy(update={"project": project})
    with pytest.raises(MlopsError, match="changed while it was read; nothing was published"):
        data.publish(landing.client, settings, tmp_path, as_of="last")
    assert landing.versions() == []


def test_versions_that_were_published_by_hand_are_not_gone_on_from(landing: Landing, tmp_path: Path) -> None:
    by_hand = tmp_path / "sample"
    by_hand.mkdir()
    (by_hand / "s.csv").write_bytes(day(50))
    published = data.publish(landing.client, landing.settings, by_hand, as_of="last")
    landing.land("1.csv", day(0))
    done = landing.ingest()
    assert (published.version, done.published.version) == ("1", "2")
    assert done.published.validation["rows"] == 3
    content = landing.content("1", tmp_path / "1")
    (row,) = json.loads(content["_manifest.json"])["files"]
    assert (row["file"], row["size"], row["landed"]) == ("s.csv", len(day(50)), "")


def test_a_version_that_was_archived_is_not_gone_on_from(landing: Landing) -> None:
    landing.land("1.csv", day(0))
    landing.ingest()
    landing.land("2.csv", day(1))
    landing.ingest()
    landing.client.data.archive(landing.settings.data.asset, version="2")
    done = landing.ingest()
    assert (done.published.version, done.files.new) == ("3", ["2.csv"])


def test_a_source_of_the_projects_own_is_a_version_of_what_it_has(landing: Landing, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    source = Source.model_validate({"kind": "files", "path": str(there)})
    settings = SETTINGS.model_copy(update={"data": SETTINGS.data.model_copy(update={"source": source})})
    own = Landing(landing.client, settings, landing.place)
    with pytest.raises(BadInput, match=r"the folder holds no file of \.parquet or \.csv"):
        own.ingest()
    done = []
    for content in (day(0), day(0), day(1), day(0)):
        (there / "a.csv").write_bytes(content)
        done.append(own.ingest())
    assert [each.published.version for each in done] == ["1", "1", "2", "3"]
    assert [each.files.new for each in done] == [["a.csv"], [], ["a.csv"], ["a.csv"]]
    (there / "a.csv").write_bytes(day(0, amount=-1))
    with pytest.raises(BadInput, match="the source files: TX_AMOUNT is negative in 3 of 3 rows"):
        own.ingest()
    unknown = source.model_copy(update={"kind": "oracle"})
    data_section = SETTINGS.data.model_copy(update={"source": unknown})
    with pytest.raises(BadInput, match="there is no source of kind 'oracle'"):
        data.ingest(landing.client, SETTINGS.model_copy(update={"data": data_section}))
    assert own.versions() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("azureml://datastores/none/paths/x", "there is no datastore none"),
        ("azureml://datastores/workspacefilestore/paths/x", "is no container of blob storage"),
        ("s3://bucket/x", "s3://bucket/x names no place in storage"),
        ("https://storage.example/container/x", "names no place in storage"),
    ],
)
def test_a_place_that_is_none_is_said(landing: Landing, uri: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        place(landing.client, uri)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("https://acc.blob.core.windows.net/c/a%20b/", "https://acc.blob.core.windows.net/c | a b/"),
        ("https://acc.dfs.core.windows.net/c", "https://acc.blob.core.windows.net/c | "),
        ("abfss://c@acc.dfs.core.chinacloudapi.cn/a/b", "https://acc.blob.core.chinacloudapi.cn/c | a/b/"),
    ],
)
def test_every_form_of_a_place_is_the_same_container(landing: Landing, uri: str, address: str) -> None:
    found = place(landing.client, uri)
    assert f"{found.container.url} | {found.path}" == address


@pytest.fixture
def run(project: Project, tmp_path: Path) -> Callable[..., Any]:
    """`mlops data ingest` in a landing place of its own."""
    text = (REPOSITORY / "mlops.toml").read_text()
    own = tmp_path / "mlops.toml"
    text = text.replace("paths/landed/transactions", f"paths/{tmp_path.name}")
    own.write_text(text.replace('asset = "transactions"', 'asset = "ingested"'))
    return lambda *words: project.mlops("data", "ingest", *words, config=own)


def test_the_command_says_what_is_wrong_with_which_rows(
    project: Project, run: Callable[..., Any], tmp_path: Path
) -> None:
    assert run().returncode == 2  # nothing landed; the server runs now
    with Emulator.at(project.home).addressed():
        from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential

        zero = "00000000-0000-0000-0000-000000000000"
        client = MLClient(DefaultAzureCredential(), zero, "rg-fraud-local", "mlw-fraud-local")
        where = place(client, f"azureml://datastores/workspaceblobstore/paths/{tmp_path.name}")
        where.container.upload_blob(f"{where.path}1.csv", day(0, rows=9, amount=-1.0))
        where.container.upload_blob(f"{where.path}2.csv", day(1, rows=9).replace(b",1\n", b",5\n"))
    ended = run("--as-of", "last")
    assert ended.returncode == 2
    error, *rest = ended.stderr.splitlines()
    said = f"{where.uri}: TX_AMOUNT is negative in 9 of 18 rows, for example TRANSACTION_ID 0"
    assert error == f"error: {said}"
    assert rest[:2] == ["  1.csv, row 1: TX_AMOUNT -1.0", "  1.csv, row 2: TX_AMOUNT -1.0"]
    assert "  2.csv, row 2: TX_FRAUD 5" in rest
    shown = json.loads(run("--as-of", "last", "--output", "json").stderr.splitlines()[-1])["error"]
    assert (shown["exit_code"], shown["message"]) == (2, said)
    assert [(each["rule"], each["count"], len(each["rows"])) for each in shown["violations"]] == [
        ("negative", 9, 9),
        ("flag", 4, 4),
    ]
    with Emulator.at(project.home).addressed():
        for name in ("1.csv", "2.csv"):
            where.container.upload_blob(
                where.path + name, day(int(name[0]), rows=1).replace(b",1\n", b",0\n"), overwrite=True
            )
    said = run("--as-of", "last").stdout.splitlines()
    assert said[0].endswith("published (2 new)")
    assert said[1:] == [
        "  new        1.csv",
        "  new        2.csv",
        "  alarm      no transaction is a fraud, of 2: nothing can be learnt",
    ]
