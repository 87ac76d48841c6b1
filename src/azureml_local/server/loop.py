"""The event loop that the server runs in: uvloop's where it is installed, else the one of the standard library."""

from __future__ import annotations

import asyncio
import asyncio.constants
from typing import Any

GOOD_BYE = 0.2
"""Seconds for which a client's good-bye is waited for: one that keeps its connection does not answer ours, and a
stop would take as long as uvicorn lets it."""


def new() -> asyncio.AbstractEventLoop:
    """A loop that does not wait for clients when it ends."""
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.constants.SSL_SHUTDOWN_TIMEOUT = GOOD_BYE
        return asyncio.new_event_loop()

    class Loop(uvloop.Loop):
        async def create_server(self, *arguments: Any, **options: Any) -> Any:
            if options.get("ssl"):
                options.setdefault("ssl_shutdown_timeout", GOOD_BYE)
            return await super().create_server(*arguments, **options)

    return Loop()
