"""GitHub's REST resources that the workflows ask for, of a repository that is a dictionary."""

import json
import os
import re
import shutil
from pathlib import Path

from recorder import Refused

BOT = {"login": "github-actions[bot]", "type": "Bot"}


def refused(status, message):
    return Refused(1, f"gh: {message} (HTTP {status})", {"message": message, "status": str(status)})


def allow(token, need):
    """Refuse what the permissions in the token do not hold."""
    if not permits(token, need):
        raise refused(403, f"Resource not accessible by integration: {need}")


def permits(token, need):
    name, level = need.split(".")
    has = dict(each.split(".") for each in token.removeprefix("ghs_").split("+") if "." in each)
    return level in {"read": ("read",), "write": ("read", "write")}.get(has.get(name, ""), ())


def answer(state, token, asked, query, body):
    """The body of the answer to `METHOD PATH`. Raises Refused."""
    method, path = asked.split(" ", 1)
    own = path.removeprefix(f"repos/{state['repository']}/")
    for known, pattern, need, found in RESOURCES:
        match = re.fullmatch(pattern, own)
        if known == method and match and own != path:
            if need:
                allow(token, need)
            return found(state, Asked(token, query, body), *match.groups())
    raise refused(404, "Not Found")


class Asked:
    """What came with the request."""

    def __init__(self, token, query, body):
        self.token, self.query, self.body = token, query, body


def number(state):
    state["last"] = state.get("last", 1000) + 1
    return state["last"]


def one(rows, key, value):
    found = next((each for each in rows if str(each[key]) == value), None)
    if found is None:
        raise refused(404, "Not Found")
    return found


# -- pull requests, issues and their comments --------------------------------------------------------------


def pulls(state, asked):
    head, wanted = asked.query.get("head"), asked.query.get("state", "open")
    found = [each for each in state["pulls"] if wanted in ("all", each["state"])]
    return [
        each for each in found if head in (None, f"{each['head']['repo']['owner']['login']}:{each['head']['ref']}")
    ]


def thread(state, asked, issue):
    return [each for each in state["comments"] if each["issue"] == int(issue)]


def comment(state, asked, issue):
    if not any(str(each["number"]) == issue for each in (*state["pulls"], *state["issues"])):
        raise refused(404, "Not Found")
    allow(
        asked.token,
        "pull-requests.write" if issue in [str(each["number"]) for each in state["pulls"]] else "issues.write",
    )
    made = {"id": number(state), "issue": int(issue), "body": asked.body["body"], "user": BOT}
    state["comments"].append(made)
    return made


def rewrite(state, asked, id):
    found = one(state["comments"], "id", id)
    found["body"] = asked.body["body"]
    return found


def issues(state, asked):
    wanted, labels = asked.query.get("state", "open"), asked.query.get("labels")
    found = [each for each in state["issues"] if wanted in ("all", each["state"])]
    return [each for each in found if labels in (None, *(label["name"] for label in each["labels"]))]


def issue(state, asked):
    made = {
        "number": number(state),
        "state": "open",
        "user": BOT,
        **asked.body,
        "labels": [{"name": name} for name in asked.body.get("labels", ())],
    }
    made["html_url"] = f"https://github.com/{state['repository']}/issues/{made['number']}"
    state["issues"].append(made)
    return made


def changed(table, key, keep=()):
    """PATCH: what the body names is replaced."""

    def change(state, asked, value):
        found = one(state[table], key, value)
        found.update(asked.body)
        return found

    return change


# -- releases ----------------------------------------------------------------------------------------------


def seen(state, asked):
    """The releases; drafts only for whoever may write."""
    return [each for each in state["releases"] if not each["draft"] or permits(asked.token, "contents.write")]


def published(state, asked, tag):
    """A release by its tag. A draft has none yet."""
    return one([each for each in state["releases"] if not each["draft"]], "tag_name", tag)


def release(state, asked):
    body = asked.body
    if not body.get("draft") and any(
        each["tag_name"] == body["tag_name"] for each in state["releases"] if not each["draft"]
    ):
        raise refused(422, "Validation Failed: already_exists")
    made = {"id": number(state), "draft": False, "prerelease": False, "name": "", "body": "", "assets": [], **body}
    made["html_url"] = f"https://github.com/{state['repository']}/releases/tag/{made['tag_name']}"
    made["upload_url"] = f"https://uploads.github.com/repos/{state['repository']}/releases/{made['id']}/assets"
    state["releases"].append(made)
    return made


def by_tag(state, token, tag):
    """As `gh release` finds it: a draft too, if the token may see it."""
    found = [each for each in seen(state, Asked(token, {}, {})) if each["tag_name"] == tag]
    if not found:
        raise Refused(1, "release not found")
    return found[-1]


def folder_of(found):
    return Path(os.environ["RECORDER_STATE"]).parent / "assets" / str(found["id"])


def create(state, token, words, options, stdin):
    if any(each["tag_name"] == words[0] and not each["draft"] for each in state["releases"]):
        raise refused(422, f"a release with the same tag name already exists: {words[0]}")
    body = {"tag_name": words[0], "draft": "--draft" in options, "prerelease": "--prerelease" in options}
    made = release(state, Asked(token, {}, body))
    return edit(state, token, [made["tag_name"]], options, stdin)


def edit(state, token, words, options, stdin):
    found = by_tag(state, token, words[0])
    if options.get("--notes-file"):
        found["body"] = (
            stdin if options["--notes-file"] == "-" else Path(options["--notes-file"]).read_text("utf-8")
        )
    for option, key in (("--title", "name"), ("--target", "target_commitish")):
        found[key] = options.get(option, found.get(key))
    found["draft"] = "--draft" in options or found["draft"]
    return found["html_url"] + "\n"


def view(state, token, words, options, stdin):
    found = by_tag(state, token, words[0])
    names = {
        "tagName": "tag_name",
        "isDraft": "draft",
        "isPrerelease": "prerelease",
        "url": "html_url",
        "targetCommitish": "target_commitish",
    }
    return json.dumps({name: found[names[name]] for name in options["--json"].split(",")})


def upload(state, token, words, options, stdin):
    found = by_tag(state, token, words[0])
    if found.get("immutable") and not found["draft"]:
        raise refused(422, "Cannot upload assets to an immutable release.")
    folder = folder_of(found)
    folder.mkdir(parents=True, exist_ok=True)
    for file in map(Path, words[1:]):
        if not file.is_file():
            raise Refused(1, f"open {file}: no such file or directory")
        if any(each["name"] == file.name for each in found["assets"]):
            if "--clobber" not in options:
                raise Refused(1, f"asset under the same name already exists: [{file.name}]")
            found["assets"] = [each for each in found["assets"] if each["name"] != file.name]
        shutil.copyfile(file, folder / file.name)
        found["assets"].append({"id": number(state), "name": file.name, "size": file.stat().st_size})
    return ""


def download(state, token, words, options, stdin):
    found = sorted(folder_of(by_tag(state, token, words[0])).glob(options.get("--pattern", "*")))
    if not found:
        raise Refused(1, "no assets match the file pattern")
    if options.get("--output") == "-":
        return "".join(each.read_text(encoding="utf-8") for each in found)
    to = Path(options.get("--dir", "."))
    to.mkdir(parents=True, exist_ok=True)
    for each in found:
        shutil.copyfile(each, to / each.name)
    return ""


def verify(state, token, words, options, stdin):
    if not by_tag(state, token, words[0]).get("immutable"):
        raise Refused(1, f"no attestations for tag {words[0]} ({state['repository']})")
    return f"Release {words[0]} verified!\n"


RELEASE = {each.__name__: each for each in (create, edit, view, upload, download, verify)}


def ref(state, asked, name):
    """A tag, which may have a message of its own: then an object stands between it and the commit."""
    if name not in state["tags"]:
        raise refused(404, "Not Found")
    sha = state["tags"][name]
    kind, of = ("tag", f"of-{sha}") if name in state.get("annotated", ()) else ("commit", sha)
    return {"ref": f"refs/tags/{name}", "object": {"type": kind, "sha": of}}


def commit(state, asked, name):
    if name not in state["tags"]:
        raise refused(422, f"No commit found for SHA: tags/{name}")
    return {"sha": state["tags"][name]}


def annotated(state, asked, sha):
    return {"object": {"type": "commit", "sha": sha.removeprefix("of-")}}


def approvals(state, asked, run):
    return state["approvals"]


RESOURCES = (
    ("GET", "pulls", "pull-requests.read", pulls),
    ("GET", r"pulls/(\d+)", "pull-requests.read", lambda state, asked, name: one(state["pulls"], "number", name)),
    ("GET", r"issues/(\d+)/comments", "", thread),
    ("POST", r"issues/(\d+)/comments", "", comment),
    ("PATCH", r"issues/comments/(\d+)", "pull-requests.write", rewrite),
    ("GET", "issues", "issues.read", issues),
    ("POST", "issues", "issues.write", issue),
    ("PATCH", r"issues/(\d+)", "issues.write", changed("issues", "number")),
    ("GET", "releases", "contents.read", seen),
    ("GET", r"releases/(\d+)", "contents.read", lambda state, asked, id: one(seen(state, asked), "id", id)),
    ("GET", "releases/tags/(.+)", "contents.read", published),
    ("POST", "releases", "contents.write", release),
    ("PATCH", r"releases/(\d+)", "contents.write", changed("releases", "id")),
    ("GET", "commits/tags/(.+)", "contents.read", commit),
    ("GET", "git/ref/tags/(.+)", "contents.read", ref),
    ("GET", r"git/tags/([\w-]+)", "contents.read", annotated),
    ("GET", r"actions/runs/(\d+)/approvals", "actions.read", approvals),
)
