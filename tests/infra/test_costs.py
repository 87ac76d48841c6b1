"""docs/costs.md: what each target costs, and that the price table knows everything that is deployed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlops.cost import charges, page, prices
from mlops.errors import BadInput
from mlops.infra.bicep import resources_of

from .deployments import ROOT
from .plan import ML, Plan, Resource
from .test_snapshots import FOLDER

PAGE = ROOT / "docs" / "costs.md"
DEPLOYMENTS = ("bootstrap", "dev", "staging", "prod", "registry")
CERTAINTIES = {"recorded", "reported", "approximate"}
PRICES = prices.load()


def snapshots() -> dict[str, list[Resource]]:
    return {name: resources_of(FOLDER / f"{name}.json") for name in DEPLOYMENTS}


def monthly(resources: list[Resource]) -> float:
    return sum(each.amount for each in charges.at_rest(resources, PRICES))


def one(resources: list[Resource], kind: str) -> Resource:
    (found,) = [each for each in resources if each["type"] == kind]
    return found


def test_the_page_is_what_the_snapshots_cost() -> None:
    assert PAGE.read_text() == page.render(snapshots(), PRICES), "`make infra-docs` writes it anew"


def test_the_page_is_written_by_a_command() -> None:
    files = [str(FOLDER / f"{name}.json") for name in DEPLOYMENTS]
    ended = subprocess.run(
        [sys.executable, "-m", "mlops.cost.page", *files], capture_output=True, text=True, check=True
    )
    assert ended.stdout == PAGE.read_text()


def test_every_type_is_priced_or_free(plans: dict[str, Plan]) -> None:
    used = {each["type"] for plan in plans.values() for each in plan.resources}
    assert used - set(charges.BILLED) - set(PRICES.free) == set()
    assert set(charges.BILLED) & set(PRICES.free) == set()
    assert set(PRICES.free) - used == set()


def test_everything_optional_has_a_price(plans: dict[str, Plan]) -> None:
    for name in ("dev-whole", "staging-whole", "prod-whole"):
        assert monthly(plans[name].resources) >= monthly(plans[name.removesuffix("-whole")].resources)
        assert any("gpu" in each.what for each in charges.in_use(plans[name].resources, PRICES))


def test_prices_say_where_they_are_from() -> None:
    for name, price in PRICES.prices.items():
        assert price.price > 0, name
        assert price.seen <= PRICES.date, name
        assert price.certainty in CERTAINTIES, name
        assert price.source, name
        assert price.found, name


@pytest.mark.parametrize("target", ["dev", "staging", "prod"])
def test_rest_and_one_instance_stay_within_the_budget(target: str) -> None:
    resources = snapshots()[target]
    limit = charges.budget(resources)
    assert limit
    assert monthly(resources) + charges.HOURS * PRICES["Standard_DS2_v2"].price < limit


def test_a_node_that_is_always_there_costs_its_hours() -> None:
    resources = snapshots()["prod"]
    before = monthly(resources)
    scale = one(resources, f"{ML}/computes")["properties"]["properties"]["scaleSettings"]
    scale["minNodeCount"] = 1
    expected = charges.HOURS * PRICES["Standard_DS3_v2"].price + PRICES["node disk"].price
    assert monthly(resources) - before == pytest.approx(expected)


def test_the_first_approved_host_costs_a_firewall() -> None:
    resources = snapshots()["staging"]
    before = monthly(resources)
    rules = one(resources, ML)["properties"]["managedNetwork"]["outboundRules"]
    for number in range(2):
        rules[f"host-{number}"] = {"type": "FQDN", "destination": f"{number}.example.com"}
    assert monthly(resources) - before == pytest.approx(charges.HOURS * PRICES["firewall Basic"].price)
    assert not any("approvedHosts" in each.what for each in charges.in_use(resources, PRICES))


def test_an_open_network_costs_nothing() -> None:
    resources = snapshots()["staging"]
    (endpoints,) = [
        each for each in charges.at_rest(resources, PRICES) if each.price is PRICES["private endpoint"]
    ]
    # Workspace, blobs, files, vault and images are there without a rule; the lake and batch have two each.
    assert endpoints.quantity == 9 * charges.HOURS
    before = monthly(resources)
    one(resources, ML)["properties"]["managedNetwork"] = {"isolationMode": "Disabled"}
    assert before - monthly(resources) == pytest.approx(endpoints.amount)


def test_a_cluster_that_can_be_taken_away_is_cheaper() -> None:
    resources = snapshots()["dev"]
    hour = next(each for each in charges.in_use(resources, PRICES) if each.what.startswith("an hour of a job"))
    cluster = one(resources, f"{ML}/computes")
    cluster["properties"]["properties"]["vmPriority"] = "Dedicated"
    dedicated = next(
        each for each in charges.in_use(resources, PRICES) if each.what.startswith("an hour of a job")
    )
    assert hour.amount < dedicated.amount / 4


def test_a_size_without_a_price_is_named() -> None:
    resources = copy.deepcopy(snapshots()["dev"])
    one(resources, f"{ML}/computes")["properties"]["properties"]["vmSize"] = "Standard_ND96"
    with pytest.raises(BadInput, match="Standard_ND96 low priority"):
        charges.in_use(resources, PRICES)


def test_a_type_that_nobody_thought_of_is_named() -> None:
    with pytest.raises(BadInput, match=r"Microsoft\.Compute/virtualMachines"):
        charges.at_rest([{"type": "Microsoft.Compute/virtualMachines", "name": "vm"}], PRICES)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"resources": []}'])
def test_what_is_not_a_snapshot_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "dev.json"
    file.write_text(content)
    ended = subprocess.run(
        [sys.executable, "-m", "mlops.cost.page", str(file)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert f"{file} is not a snapshot" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_snapshot_of_bicep_itself_is_read(tmp_path: Path) -> None:
    file = tmp_path / "main.dev.snapshot.json"
    resources = json.loads((FOLDER / "dev.json").read_text())["resources"]
    file.write_text(json.dumps({"predictedResources": resources}))
    assert resources_of(file) == resources


@pytest.mark.parametrize("content", ["", "date = 2026-11-23", "prices = 1"])
def test_a_broken_price_table_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(content)
    with pytest.raises(BadInput, match="is not a price table"):
        prices.load(file)
