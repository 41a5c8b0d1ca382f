"""The table of who is where: clocks, owners, returns. Times are given, nothing runs."""

import pytest

from rooms.codec.awareness import GONE, State, pack, unpack
from rooms.errors import Malformed
from rooms.limits import PRESENCE_CLIENTS_PER_PEER, PRESENCE_TIMEOUT
from rooms.presence import Presence

ADA, BOB = b"a" * 16, b"b" * 16
HERE, ELSEWHERE = object(), "gateway-2"


def test_a_later_clock_wins() -> None:
    """[P3] A state replaces an older one, and an older one replaces nothing."""
    presence = Presence()
    assert presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0) == [1]
    assert presence.show(HERE, [(ADA, State(1, 4, b'{"old":1}'))], 0.0) == []
    assert presence.show(HERE, [(ADA, State(1, 6, b'{"new":1}'))], 0.0) == [1]
    assert presence.states() == [State(1, 6, b'{"new":1}')]


def test_gone_wins_at_the_same_clock() -> None:
    """[P3] "Gone" counts at the clock of the state that it ends, once."""
    presence = Presence()
    presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    assert presence.show(HERE, [(ADA, State(1, 5, GONE))], 0.0) == [1]
    assert presence.show(HERE, [(ADA, State(1, 5, GONE))], 0.0) == []
    assert presence.states() == []


def test_a_stranger_cannot_take_a_client_over() -> None:
    """[P3] Another user's connection changes nothing, whatever its clock."""
    presence = Presence()
    presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    assert presence.show(object(), [(BOB, State(1, 99, b'{"spoof":1}'))], 0.0) == []
    assert presence.show(object(), [(BOB, State(1, 99, GONE))], 0.0) == []
    assert presence.states() == [State(1, 5, b"{}")]


def test_a_returning_client_is_shown_above_its_farewell() -> None:
    """[P5] Who was declared gone and comes back with its old clock is shown with a higher one, and moves at once."""
    presence = Presence()
    presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    assert presence.leave(HERE) == [1]
    again = object()
    assert presence.show(again, [(ADA, State(1, 5, b"{}"))], 1.0) == [1]
    assert presence.states() == [State(1, 7, b"{}")]
    assert presence.show(again, [(ADA, State(1, 6, b'{"moved":1}'))], 1.0) == [1]
    assert presence.states() == [State(1, 8, b'{"moved":1}')]


def test_repeating_what_was_led_changes_nothing() -> None:
    """[P3] A client that sends back its own state as it heard it does not start a race of clocks."""
    presence = Presence()
    presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    presence.leave(HERE)
    again = object()
    presence.show(again, [(ADA, State(1, 5, b"{}"))], 1.0)
    for clock in (5, 6, 7):
        assert presence.show(again, [(ADA, State(1, clock, b"{}"))], 1.0) == []


def test_a_second_tab_cannot_wake_the_dead() -> None:
    """[P3] The same user's other connection, which shows somebody itself, does not revive a client that left."""
    presence = Presence()
    tab = object()
    presence.show(tab, [(ADA, State(2, 1, b"{}"))], 0.0)
    presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    presence.leave(HERE)
    assert presence.show(tab, [(ADA, State(1, 5, b"{}"))], 0.0) == []
    assert [state.client for state in presence.states()] == [2]


def test_a_client_that_moved_outlives_its_old_gateways_farewell() -> None:
    """[P5] The "gone" of a gateway that the client has left renews the client here instead of ending it."""
    presence = Presence()
    presence.show(ELSEWHERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    assert presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0) == [1]
    shown = presence.states()[0]
    assert presence.show(ELSEWHERE, [(ADA, State(1, shown.clock, GONE))], 0.0) == [1]
    assert presence.states() == [State(1, shown.clock + 1, b"{}")]
    assert presence.local() == [(ADA, State(1, shown.clock + 1, b"{}"))]


def test_who_does_not_renew_is_gone() -> None:
    """[P4] Thirty seconds without a sign end a client; later it is forgotten."""
    presence = Presence()
    presence.show(HERE, [(ADA, State(1, 5, b"{}"))], 0.0)
    assert presence.expire(PRESENCE_TIMEOUT) == []
    assert presence.expire(PRESENCE_TIMEOUT + 1) == [1]
    assert presence.states({1}) == [State(1, 6, GONE)]
    presence.expire(2 * PRESENCE_TIMEOUT + 2)
    assert presence.states({1}) == []


def test_a_connection_shows_few_clients() -> None:
    """[L3] More ids than a provider can have are malformed."""
    presence = Presence()
    for client in range(PRESENCE_CLIENTS_PER_PEER):
        presence.show(HERE, [(ADA, State(client, 1, b"{}"))], 0.0)
    with pytest.raises(Malformed):
        presence.show(HERE, [(ADA, State(99, 1, b"{}"))], 0.0)


def test_what_gateways_tell_one_another() -> None:
    """States keep their owners' user ids on the way to another gateway."""
    shown = [(ADA, State(1, 5, b'{"name":"\xc3\xa9"}')), (BOB, State(2**52, 1, GONE))]
    assert unpack(pack(shown)) == shown
