"""What the workflows in `.github/` call: a verb a step, with what it decides and says tested here.

changed.py   whether training depends on what changed
comment.py   the comment on a pull request (documents.py: what another job left, read as text)
draft.py     the draft release of a model version
verify.py    whether a published release is the version that it names
outcome.py   the mark on a release, the issue of one that failed, who approved it
annotate.py  JUnit files as annotations
runner.py    what a job's runner takes and gives: outputs, annotations, the identity
tags.py      the tag of a model version
calls.py     GitHub's API through gh: repeated where that is safe, nothing made twice
"""
