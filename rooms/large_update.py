"""A client's large update: checked and merged in slices, while others get their turn. Called by open_documents.py.

read ──► plan parts ──► merge them into a draft (draft.py) ──► all at once: others, log, acknowledgement
                └─ few structs, or a document that is much larger ──► merge in one go ──┘
"""

from rooms.document import Document
from rooms.draft import Draft, LargeUpdate, read_large
from rooms.limits import DRAFT_RATIO
from rooms.nothing_new import says_nothing_new
from rooms.peer import Peer
from rooms.replica import Applied
from rooms.slices import Slices


def receive(document: Document, peer: Peer, update: bytes, *, is_answer: bool) -> Slices[None]:
    """As Document.receive, and raises the same; one at a time for a document.

    A peer that leaves meanwhile takes its update along: nothing was promised to it.
    """
    work = _receive(document, peer, update, is_answer=is_answer)
    while peer in document.peers:
        try:
            next(work)
        except StopIteration:
            return
        yield
    work.close()


def _receive(document: Document, peer: Peer, update: bytes, *, is_answer: bool) -> Slices[None]:
    document.check_size(update)
    if not peer.may_write and is_answer:
        nothing_new = yield from says_nothing_new(document.replica, update)
        if nothing_new:
            document.owe_nothing(peer)
            return
    large = yield from read_large(document.replica, update)
    draft = _draft(document, large)
    try:
        if draft is not None:
            yield from draft.merge(large)
        # What was so before need not be so any more; from here on in one go.
        if not peer.may_write:
            document.deny(peer)
            return
        document.check_size(update)
        taken = None if draft is None else draft.take_over()
        if taken is None:
            applied = document.replica.apply(large.update, large.claims, large.checked)
            document.accept(peer, applied, is_answer=is_answer)
        else:
            document.accept(peer, Applied(taken.diff, complete=True), is_answer=is_answer, records=taken.deltas)
    finally:
        if draft is not None:
            draft.close()


def _draft(document: Document, large: LargeUpdate) -> Draft | None:
    if len(large.cuts) < 2 or document.size > DRAFT_RATIO * len(large.update):
        return None
    if large.checked is None or not document.replica.is_current(large.checked):
        return None
    return Draft(document.replica, large.checked)
