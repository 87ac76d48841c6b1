"""What the recorders `az` and `gh` share: a state in a JSON file, a log of the calls, a stop after the n-th write.

RECORDER_STATE names the state's file, RECORDER_LOG the log, a JSON document a line. Only the standard library, and
quick to start: a test makes a thousand of these calls.
"""
# ruff: noqa: PTH123 (pathlib alone would double the time that one call takes)

import json
import os
import sys


class Refused(Exception):
    """The program ends with this code and these words."""

    def __init__(self, code, said, body=None):
        super().__init__(said)
        self.code, self.said, self.body = code, said, body


def load():
    with open(os.environ["RECORDER_STATE"], encoding="utf-8") as file:
        return json.load(file)


def save(state):
    with open(os.environ["RECORDER_STATE"], "w", encoding="utf-8") as file:
        json.dump(state, file, indent=1, sort_keys=True)


def log(program, arguments, stdin, *, writes):
    with open(os.environ["RECORDER_LOG"], "a", encoding="utf-8") as file:
        entry = {"program": program, "arguments": arguments, "stdin": stdin, "writes": writes}
        file.write(json.dumps(entry) + "\n")


def count(state):
    """One write more. True where this one was the last before the lights go out."""
    state["writes"] = state.get("writes", 0) + 1
    return state["writes"] == state.get("stop_after")


def options_of(arguments, known, flags=()):
    """Words and options of a command line. An option that the real program does not have is refused."""
    words, options = [], {}
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-") or word == "-":
            words.append(word)
        elif word in flags:
            options[word] = True
        elif word in known:
            options[word] = next(rest)
        else:
            raise Refused(2, "unrecognized arguments: " + word)
    return words, options


def main(program, answer, writing):
    """Run one call: `answer` gives its output, `writing` tells reads from writes by the arguments."""
    arguments = sys.argv[1:]
    # a step of a workflow has a terminal, which never ends
    stdin = "" if sys.stdin.isatty() else sys.stdin.read()
    writes = writing(arguments)
    log(program, arguments, stdin, writes=writes)
    state = load()
    try:
        text = answer(state, arguments, stdin)
    except Refused as refused:
        if refused.body is not None:
            sys.stdout.write(json.dumps(refused.body))
        sys.stderr.write(refused.said + "\n")
        sys.exit(refused.code)
    stopped = writes and count(state)
    save(state)
    if stopped:
        sys.stderr.write("ERROR: the lights went out\n")
        sys.exit(1)
    if text is not None:
        sys.stdout.write(text if isinstance(text, str) else json.dumps(text))
