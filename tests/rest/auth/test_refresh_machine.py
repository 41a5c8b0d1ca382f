"""Refresh tokens under Hypothesis: tabs, lost answers, replays and theft, on gateway/auth/refresh.py alone.

The login is what the database keeps of it; its clock is moved by rules. An honest person has one store (localStorage,
a cookie) that all tabs share; a tab reads it when it sends, and writes to it when the answer comes, if one comes. What
was sent arrives, and is answered, in any order within the grace; answers get lost at any time, and people come back any
time later. A token that has just come is not exchanged while another tab's request is still on its way: it is good for
15 minutes, a request takes at most half a minute.
"""

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from gateway.auth.refresh import Generations, Moved, Repeated, Reused, present
from gateway.limits import REFRESH_GRACE_SECONDS


@dataclass
class Login:
    """The columns of a login, as store/sessions.py keeps them."""

    now: float = 0.0
    made: float = 0.0
    known: Generations = field(default_factory=lambda: Generations(current=0, used=-1, seen=-1, age=0.0))
    ended: bool = False

    def refresh(self, generation: int) -> int | None:
        """The generation that is answered; None when the login is over."""
        if self.ended:
            return None
        match present(replace(self.known, age=self.now - self.made), generation):
            case Moved(current, used):
                self.known = replace(self.known, current=current, used=used)
                self.made = self.now
                return current
            case Repeated(current):
                return current
            case Reused():
                self.ended = True
                return None

    def use(self, generation: int) -> None:
        """An access token of this generation is used."""
        self.known = replace(self.known, seen=max(self.known.seen, generation))


class Honest(RuleBasedStateMachine):
    """One person, many tabs, a bad line: never logged out."""

    sent = Bundle("sent")
    answers = Bundle("answers")

    def __init__(self) -> None:
        super().__init__()
        self.login = Login()
        self.store = 0
        self.on_their_way: list[int] = []
        self.oldest_open: float | None = None  # since when a request or an answer is under way
        self.open = 0

    def _opened(self) -> None:
        if self.open == 0:
            self.oldest_open = self.login.now
        self.open += 1

    def _closed(self) -> None:
        self.open -= 1
        if self.open == 0:
            self.oldest_open = None

    @rule(target=sent)
    @precondition(lambda self: set(self.on_their_way) <= {self.store})
    def a_tab_sends(self) -> int:
        self._opened()
        self.on_their_way.append(self.store)
        return self.store

    @rule(target=answers, generation=consumes(sent))
    def it_arrives(self, generation: int) -> int:
        self.on_their_way.remove(generation)
        answer = self.login.refresh(generation)
        assert answer is not None, "an honest person was logged out"
        return answer

    @rule(generation=consumes(sent))
    def it_is_lost_on_the_way(self, generation: int) -> None:
        self.on_their_way.remove(generation)
        self._closed()

    @rule(generation=consumes(answers))
    def the_answer_is_lost(self, generation: int) -> None:
        self._closed()

    @rule(generation=consumes(answers))
    def the_answer_comes(self, generation: int) -> None:
        self._closed()
        self.store = max(self.store, generation)
        self.login.use(generation)

    @rule(seconds=st.sampled_from([0.1, 1.0, REFRESH_GRACE_SECONDS / 3, REFRESH_GRACE_SECONDS - 0.5]))
    @precondition(lambda self: self.oldest_open is not None)
    def a_little_time_passes(self, seconds: float) -> None:
        assert self.oldest_open is not None
        left = REFRESH_GRACE_SECONDS - (self.login.now - self.oldest_open)
        self.login.now += max(0.0, min(seconds, left))  # a request takes no longer than the grace

    @rule(
        seconds=st.one_of(
            st.sampled_from([1.0, REFRESH_GRACE_SECONDS - 0.5, REFRESH_GRACE_SECONDS + 0.5]),
            st.floats(0, 30 * 24 * 3600),
        )
    )
    @precondition(lambda self: self.open == 0)
    def much_time_passes(self, seconds: float) -> None:
        self.login.now += seconds

    @invariant()
    def nobody_was_logged_out(self) -> None:
        assert not self.login.ended


class Stolen(RuleBasedStateMachine):
    """A thief copies the store once. Both refresh now and then, further apart than twice the grace."""

    @initialize(before=st.integers(0, 5), used=st.booleans())
    def theft(self, before: int, used: bool) -> None:
        """`used`: the thief got a token that the victim has exchanged since."""
        self.login = Login()
        victim = 0
        for _ in range(before):
            victim = self._go_on(victim)
        self.tokens = {"thief": victim, "victim": self._go_on(victim) if used else victim}
        self.went_on: list[str] = []

    def _go_on(self, generation: int) -> int:
        self.login.now += REFRESH_GRACE_SECONDS * 3
        answer = self.login.refresh(generation)
        assert answer is not None
        self.login.use(answer)
        return answer

    @rule(who=st.sampled_from(["thief", "victim"]), wait=st.floats(2.01, 1_000))
    def somebody_refreshes(self, who: str, wait: float) -> None:
        self.login.now += REFRESH_GRACE_SECONDS * wait
        answer = self.login.refresh(self.tokens[who])
        if answer is not None:
            self.login.use(answer)
            self.tokens[who] = answer
            self.went_on.append(who)

    @invariant()
    def they_cannot_both_go_on(self) -> None:
        assert len(set(self.went_on)) < 2


class Replays(RuleBasedStateMachine):
    """Whatever is presented in whatever order, at most one token is good beside the one exchanged for it."""

    def __init__(self) -> None:
        super().__init__()
        self.login = Login()

    @rule(generation=st.integers(0, 12), wait=st.sampled_from([0.0, 1.0, REFRESH_GRACE_SECONDS + 1, 1e6]))
    def present_any(self, generation: int, wait: float) -> None:
        self.login.now += wait
        before = self.login.known
        if generation > before.current:
            return  # nobody has it: it takes the server's key to make it
        answer = self.login.refresh(generation)
        if answer is None:
            return
        assert generation in (before.current, before.used)
        assert answer == self.login.known.current > generation

    @rule()
    def the_newest_is_used(self) -> None:
        self.login.use(self.login.known.current)

    @invariant()
    def generations_only_grow(self) -> None:
        assert self.login.known.used < self.login.known.current


def test_slow_tab_after_a_lost_answer() -> None:
    """Found on paper: an answer is lost, two tabs try again late in the grace, and the second one's request is slow."""
    login = Login()
    assert login.refresh(0) == 1
    login.now = REFRESH_GRACE_SECONDS - 0.5
    assert login.refresh(0) == 1
    login.use(1)
    login.now = REFRESH_GRACE_SECONDS + 1
    assert login.refresh(0) == 1


TestHonest = Honest.TestCase
TestHonest.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)
TestStolen = Stolen.TestCase
TestStolen.settings = settings(max_examples=400, stateful_step_count=20, deadline=None)
TestReplays = Replays.TestCase
TestReplays.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
