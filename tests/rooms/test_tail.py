"""The arithmetic of following a log."""

from itertools import permutations

from rooms.tail import Tail, Verdict


def test_records_in_turn_are_next_and_old_ones_old() -> None:
    """[S3] What is known is not taken twice, and what follows it is."""
    tail = Tail(4)
    assert tail.heard(3, 4) is Verdict.OLD
    assert tail.heard(5, 7) is Verdict.NEXT
    tail.advance(7)
    assert tail.heard(4, 8) is Verdict.NEXT  # overlaps what is known: a repeated commit
    assert tail.heard(9, 9) is Verdict.GAP


def test_own_commits_count_once_what_is_before_them_is_there() -> None:
    """[S3] An own commit that is ahead of the known records does not hide the gap before it."""
    tail = Tail(0)
    tail.committed(3, 4)
    assert tail.known == 0 and tail.behind
    assert tail.heard(1, 2) is Verdict.NEXT
    tail.advance(2)
    assert tail.known == 4 and not tail.behind


def test_any_order_of_own_commits_and_announcements_ends_at_the_same_number() -> None:
    """[S3] Answers and announcements may overtake one another."""
    commits = [(1, 2, True), (3, 3, False), (4, 6, True), (7, 9, False)]
    for order in permutations(commits):
        tail, waiting = Tail(0), []
        for first, last, own in order:
            if own:
                tail.committed(first, last)
            else:
                waiting.append((first, last))
            for ahead in sorted(waiting):
                if tail.heard(*ahead) is not Verdict.GAP:
                    tail.advance(ahead[1])
        for ahead in sorted(waiting):
            tail.advance(ahead[1])
        assert tail.known == 9, order
