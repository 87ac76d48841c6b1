"""Calls of GitHub's API through gh: repeated where that is safe, and nothing made twice.

GitHub answers 403 and 429 where too much is asked of it, and 5xx, now and then after it has done what was asked.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .. import tools
from ..errors import BadInput, ServiceFailed

PAUSES = (1.0, 5.0, 20.0, 60.0)
"""Seconds before each repetition. A limit of GitHub's asks for a minute where it says nothing else."""
PASSING = re.compile(
    r"HTTP (429|5\d\d)|rate limit|abuse detection|error connecting|connection (reset|refused)"
    r"|timeout|timed out|\bEOF\b"
)
"""What passes by itself, in the words of gh. Any other 403 is a right that is missing."""
ABSENT = re.compile(r"HTTP 404|release not found")
Made = TypeVar("Made")
Say = Callable[[str], None]


def said(error: ServiceFailed, pattern: re.Pattern[str]) -> bool:
    """Whether an error's words are of this kind."""
    return bool(pattern.search(str(error)))


class GitHub:
    """One repository. `pause` waits; tests hand in another."""

    def __init__(self, say: Say, repository: str = "", pause: Callable[[float], None] = time.sleep) -> None:
        self.say = say
        self.pause = pause
        self.repository = repository or os.environ.get("GITHUB_REPOSITORY", "")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.repository):
            raise BadInput("GITHUB_REPOSITORY names no repository", "in a workflow GitHub sets it: OWNER/NAME")

    def run(self, *words: str, stdin: str | None = None) -> str:
        """The output of a call that may be made twice: a read, or a write of the same again."""
        return self._patiently(lambda: tools.run("gh", *words, stdin=stdin))

    def read(self, path: str) -> Any:
        """`GET repos/OWNER/NAME/PATH`, or None where there is nothing."""
        try:
            return json.loads(self.run("api", f"repos/{self.repository}/{path}"))
        except ServiceFailed as error:
            if said(error, ABSENT):
                return None
            raise

    def pages(self, path: str) -> list[Any]:
        """The items of a list that GitHub gives page by page."""
        asked = f"repos/{self.repository}/{path}{'&' if '?' in path else '?'}per_page=100"
        pages: list[list[Any]] = json.loads(self.run("api", "--paginate", "--slurp", asked))
        return [each for page in pages for each in page]

    def write(self, method: str, path: str, body: dict[str, Any]) -> str:
        """A PATCH or PUT: the same again changes nothing."""
        return self.run(*self._words(method, path), stdin=json.dumps(body))

    def create(self, path: str, body: dict[str, Any]) -> str:
        """A POST, made once: see `once`."""
        return tools.run("gh", *self._words("POST", path), stdin=json.dumps(body))

    def create_release(self, *words: str, stdin: str) -> str:
        """`gh release create`, made once: see `once`."""
        return tools.run("gh", "release", "create", *words, stdin=stdin)

    def _words(self, method: str, path: str) -> Sequence[str]:
        return ("api", "--method", method, f"repos/{self.repository}/{path}", "--input", "-")

    def once(self, find: Callable[[], Made | None], create: Callable[[], object]) -> tuple[Made | None, bool]:
        """What `find` finds, and whether it had to be created. A lost answer is looked for, not asked again."""

        def attempt() -> tuple[Made | None, bool]:
            found = find()
            if found is None:
                create()
            return found, found is None

        return self._patiently(attempt)

    def _patiently(self, call: Callable[[], Made]) -> Made:
        for seconds in PAUSES:
            try:
                return call()
            except ServiceFailed as error:
                if not said(error, PASSING):
                    raise
                self.say(f"{error}: again in {seconds:g} s")
            self.pause(seconds)
        return call()
