"""Connections to what runs behind this server, on this machine: instances of deployments, tracking servers."""

from __future__ import annotations

import httpx

from .context import Part


class Upstream(Part):
    """One pool of connections for all of them; proxies of this machine's environment are not asked."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=512, max_keepalive_connections=64)
        self.client = httpx.AsyncClient(limits=limits, timeout=120, trust_env=False)

    async def close(self) -> None:
        """Close the connections, in the loop that they were opened in."""
        await self.client.aclose()
