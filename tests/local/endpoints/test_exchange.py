"""Answers of instances: read as the reference implementation reads them, in whatever pieces they come."""

from __future__ import annotations

import itertools

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_local.endpoints.exchange import LONGEST_HEAD, Answer, Malformed, Reader

NAMES = st.sampled_from(["content-type", "x-a", "X-B", "x-ms-run-fn-exec-ms"])
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
STATUSES = st.sampled_from([200, 201, 204, 304, 400, 404, 500, 503])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer as a server may write it: with a length, in chunks, or until the end."""
    body = draw(st.binary(max_size=40))
    kind = draw(st.sampled_from(["length", "chunks", "end"]))
    head = [f"HTTP/1.1 {draw(STATUSES)} Any Reason"]
    head += [f"{name}: {value}" for name, value in draw(st.dictionaries(NAMES, VALUES, max_size=3)).items()]
    if draw(st.booleans()):
        head.append("Connection: close")
    if kind == "length":
        head.append(f"Content-Length: {len(body)}")
    if kind == "chunks":
        head.append("Transfer-Encoding: chunked")
        cut = draw(st.integers(0, len(body)))
        pieces = [piece for piece in (body[:cut], body[cut:]) if piece]
        body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        body += b"0\r\n" + draw(st.sampled_from([b"", b"x-sum: 1\r\n"])) + b"\r\n"
    before = draw(st.sampled_from(["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Wait\r\nx: y\r\n\r\n"]))
    return before.encode() + "\r\n".join(head).encode() + b"\r\n\r\n" + body


def by_reference(data: bytes, method: str) -> tuple[int, dict[str, str], bytes, bool] | None:
    """(status, headers, body, whether the connection is good for more) by h11; None if it is not whole."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "a"), ("content-length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    status, headers, body, ended = 0, dict[str, str](), b"", False
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode() for name, value in reversed(list(event.headers))}
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return status, headers, body, not ended and client.their_state is h11.DONE
        elif event is h11.NEED_DATA and not ended:
            ended = True
            client.receive_data(b"")
        elif not isinstance(event, h11.InformationalResponse):
            return None


@settings(deadline=None)
@given(answers(), st.lists(st.integers(0, 400), max_size=6), st.sampled_from(["POST", "HEAD"]))
def test_an_answer_in_any_pieces_is_what_the_reference_reads(data: bytes, cuts: list[int], method: str) -> None:
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    reader, found = Reader(method), None
    for begin, end in itertools.pairwise(ends):
        found = reader.feed(data[begin:end])
        if found is not None:
            break
    found = found or reader.end()
    expected = by_reference(data, method)
    assert expected is not None
    assert found is not None
    assert (found.status, dict(found.headers), found.body) == expected[:3]
    # what came after the end of an answer was not asked for: its connection is used no more
    assert found.reusable in (expected[3], False)


@settings(deadline=None)
@given(answers(), st.integers(0, 400))
def test_half_an_answer_is_one_only_where_the_reference_takes_it_for_one(data: bytes, kept: int) -> None:
    """One that ends with the connection may be cut anywhere; nobody can tell."""
    reader = Reader("POST")
    part = data[: min(kept, len(data) - 1)]
    found, expected = reader.feed(part) or reader.end(), by_reference(part, "POST")
    assert (None if found is None else found.body) == (None if expected is None else expected[2])


OK = b"HTTP/1.1 200 OK\r\n"
MALFORMED = {
    "no status line": b"HELLO\r\n\r\n",
    "a version of later": b"HTTP/2 200\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
    "a name with a space": OK + b"content-length : 1\r\n\r\nx",
    "a folded header": OK + b"x: a\r\n b\r\ncontent-length: 0\r\n\r\n",
    "a header without a name": OK + b": a\r\n\r\n",
    "a bare line feed": OK + b"x: a\nb: c\r\n\r\n",
    "two lengths": OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "a length with a sign": OK + b"content-length: +1\r\n\r\nx",
    "a length that is too long": OK + b"content-length: 999999999999\r\n\r\n",
    "a length of other digits": OK + "content-length: \u0661\r\n\r\n".encode("utf-8"),
    "a length and chunks": OK + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "no size of a chunk": OK + b"transfer-encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
    "a chunk longer than it says": OK + b"transfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n",
    "a trailer that is none": OK + b"transfer-encoding: chunked\r\n\r\n0\r\nno header\r\n\r\n",
    "a head without an end": OK + b"x: " + b"y" * (LONGEST_HEAD + 1),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Reader("POST").feed(data)


def read(data: bytes) -> Answer | None:
    return Reader("POST").feed(data)


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (OK + b"content-length: 1\r\n\r\nx", True),
        (OK + b"content-length: 1\r\nconnection: x, Close\r\n\r\nx", False),
        (OK + b"content-length: 1\r\n\r\nxmore", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\nx", True),
    ],
)
def test_a_connection_is_used_again_where_the_answer_allows_it(data: bytes, reusable: bool) -> None:
    answer = read(data)
    assert answer is not None
    assert (answer.body, answer.reusable) == (b"x", reusable)
