"""The tables of logs: their columns, and the rows that they are made of.

Source: learn.microsoft.com, AmlOnlineEndpointTrafficLog and AmlOnlineEndpointEventLog (2025-01). Numbers of
statuses are strings there, which is where many a query errs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Kind = str
"""The type of a value: string, long, real, datetime, timespan, bool."""


@dataclass(frozen=True)
class Table:
    """A table: its columns with their types, each as an expression of SQL over `rows`."""

    category: str
    rows: str
    columns: Mapping[str, tuple[Kind, str]]
    unknown: frozenset[str] = field(default_factory=frozenset)
    """Columns that it has in Azure, and nothing here fills."""


COMMON = {
    "TimeGenerated": ("datetime", "time"),
    "DeploymentName": ("string", "deployment_name"),
    "_ResourceId": ("string", "endpoint"),
    "Type": ("string", "'{table}'"),
}


def _table(name: str, rows: str, columns: Mapping[str, tuple[Kind, str]], unknown: str) -> tuple[str, Table]:
    common = {column: (kind, text.format(table=name)) for column, (kind, text) in COMMON.items()}
    return name, Table(name, rows, {**common, **columns}, frozenset(unknown.split()))


TABLES = dict(
    (
        _table(
            "AmlOnlineEndpointTrafficLog",
            "requests",
            {
                "EndpointName": ("string", "endpoint_name"),
                "ResponseCode": ("string", "CAST(status AS TEXT)"),
                "ModelStatusCode": (
                    "string",
                    "CASE model_status WHEN 0 THEN '' ELSE CAST(model_status AS TEXT) END",
                ),
                "TotalDurationMs": ("real", "ms"),
                "RequestPayloadSize": ("long", "bytes_in"),
                "ResponsePayloadSize": ("long", "bytes_out"),
                "XRequestId": ("string", "request_id"),
            },
            "Method Path Protocol ResponseCodeReason ModelStatusReason UserAgent XMSClientRequestId "
            "RequestDurationMs ResponseDurationMs RequestThrottlingDelayMs ResponseThrottlingDelayMs AuthType "
            "IdentityData Location OperationName SourceSystem TenantId _BilledSize _IsBillable",
        ),
        _table(
            "AmlOnlineEndpointEventLog",
            "events",
            {
                "InstanceId": ("string", "instance"),
                "Name": ("string", "name"),
                "Message": ("string", "message"),
            },
            "OperationName SourceSystem TenantId _BilledSize _IsBillable",
        ),
    )
)
ELSEWHERE = ("AmlOnlineEndpointConsoleLog",)
"""Tables that an endpoint fills in Azure, and nothing answers here."""
