"""The automatic choice: what must hold, what is preferred, what it says, and that it learns."""

import math
import random
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.board import Believed
from ai_router.catalogue import catalogue, models_of
from ai_router.choice import CANDIDATES_MAX, Nothing, Plan, Stay, choose, choose_named
from ai_router.cost import NANO
from ai_router.evidence import Evidence, all_of, answered, broke, judged
from ai_router.formats.port import Listed
from ai_router.known import KNOWN
from ai_router.models import Model, Price, Rates
from ai_router.offers import Needs, Offer, offers, unfit
from ai_router.score import WEIGHTS, Score, draw, propensity, score
from schemas.models import CATEGORIES, Category

DAY = date(2026, 11, 27)
PROVIDERS = ("openai", "anthropic", "gemini", "cohere", "perplexity")
ALL = catalogue({provider: models_of(provider, None, DAY) for provider in PROVIDERS})
PRIORS = Believed({}, 0.0, DAY)


def needs(category: Category = "coding", **changed: Any) -> Needs:
    return Needs(category, DAY, **{"tier": "pro", "tokens": 500, "least": 500, **changed})


def offered(
    own: tuple[str, ...] = (), server: tuple[str, ...] = PROVIDERS, cooling: tuple[str, ...] = ()
) -> list[Offer]:
    return offers(ALL.models.values(), own, server, cooling)


def chosen(plan: Plan | Nothing) -> str:
    assert isinstance(plan, Plan), plan
    return plan.candidates[0].model.name


def pick(seed: int, asked: Needs, available: list[Offer] | None = None, stay: Stay | None = None) -> Plan | Nothing:
    return choose(PRIORS, offered() if available is None else available, asked, random.Random(seed), stay)


@given(
    st.integers(),
    st.builds(
        Needs,
        st.sampled_from(CATEGORIES),
        st.just(DAY),
        st.sampled_from(["guest", "free", "pro", "enterprise"]),
        tokens=st.integers(0, 2_000_000),
        least=st.integers(0, 1_200_000),
        max_output=st.none() | st.integers(1, 200_000),
        abilities=st.frozensets(st.sampled_from(["image", "tools", "reasoning", "json", "search"]), max_size=2),
        left=st.none() | st.integers(0, NANO),
    ),
    st.sets(st.sampled_from(PROVIDERS)),
    st.sets(st.sampled_from(PROVIDERS)),
    st.sets(st.sampled_from([*PROVIDERS, *KNOWN])),
)
def test_constraints_always_hold(seed: int, asked: Needs, own: set[str], server: set[str], cooling: set[str]) -> None:
    """Whoever is a candidate fits; nobody twice, never too many; nothing only where nothing fits."""
    available = offers(ALL.models.values(), own, server, cooling)
    fitting = {each.model.name for each in available if unfit(each, asked) is None} - {"demo/echo"}
    plan = choose(PRIORS, available, asked, random.Random(seed))
    if isinstance(plan, Nothing):
        assert fitting == set()
        assert plan.why
        return
    names = [each.model.name for each in plan.candidates]
    assert set(names) <= fitting
    assert len(names) == len(set(names)) <= CANDIDATES_MAX
    assert 0 < plan.propensity <= 1 + 1e-9
    assert all(each.key == ("own" if each.model.provider in own else "server") for each in plan.candidates)


@pytest.mark.parametrize(
    ("changed", "own", "why"),
    [
        ({"tier": "guest"}, False, "tier"),
        ({"tier": "guest"}, True, None),
        ({"abilities": frozenset({"search"})}, False, "ability"),
        ({"least": 950_000}, False, "context"),
        ({"left": 1_000}, False, "budget"),
        ({"left": 1_000}, True, None),
        ({"left": NANO}, False, None),
    ],
)
def test_each_constraint(changed: dict[str, Any], own: bool, why: str | None) -> None:
    """Own keys pass tier and budget, and nothing else."""
    offer = Offer(KNOWN["openai/gpt-6-sol"], "own" if own else "server")
    assert unfit(offer, needs(**changed)) == why


def test_keys_and_breakers_decide_what_is_offered() -> None:
    """The server's breakers do not stop somebody's own key; a model's and a provider's stop both."""
    sol = [KNOWN["openai/gpt-6-sol"]]
    assert offers(sol, (), (), ())[0].key is None
    assert offers(sol, ("openai",), ("openai",), ())[0].key == "own"
    assert not offers(sol, ("openai",), ("openai",), ("server:openai",))[0].cooling
    assert offers(sol, (), ("openai",), ("server:openai",))[0].cooling
    for scope in ("openai", "openai/gpt-6-sol"):
        assert offers(sol, ("openai",), (), (scope,))[0].cooling


def test_without_keys_echo_answers() -> None:
    """And says so; with any other model it is never chosen by itself."""
    alone = offers(catalogue({}).models.values(), (), (), ())
    assert chosen(pick(1, needs(), alone)) == "demo/echo"
    assert "demo/echo" not in {chosen(pick(seed, needs("fast-chat"))) for seed in range(200)}


def test_unknown_models_are_taken_where_nothing_else_is_there() -> None:
    """Somebody's own server lists names that nobody knows."""
    listed = models_of("local", [Listed("my-model")], DAY)
    available = offers(catalogue({"local": listed}).models.values(), (), ("local",), ())
    assert chosen(pick(1, needs(), available)) == "local/my-model"


def test_whole_histories_come_before_strong_models() -> None:
    """A model for which nothing has to be cut is preferred."""
    for seed in range(50):
        plan = pick(seed, needs(tokens=930_000, least=100, tier="enterprise"))
        assert isinstance(plan, Plan)
        assert all((each.model.context or 0) > 930_000 for each in plan.candidates)
    assert isinstance(pick(1, needs(tokens=5_000_000, least=100, tier="enterprise")), Plan), "cut where nobody has room"


def test_fallbacks_are_at_other_providers() -> None:
    """Who fails seldom fails alone."""
    for seed in range(50):
        plan = pick(seed, needs())
        assert isinstance(plan, Plan)
        assert len({each.model.provider for each in plan.candidates}) == len(plan.candidates) == CANDIDATES_MAX
        assert plan.candidates[1].why == f"{plan.candidates[0].model.name} failed."


def test_a_chat_stays_with_its_model() -> None:
    """While it fits and is known for what is asked; a quick word in between changes nothing."""
    stay = Stay("openai/gpt-6-sol", "coding")
    for category in ("coding", "reasoning", "fast-chat"):
        plan = pick(1, needs(category), stay=stay)
        assert chosen(plan) == stay.model
        assert isinstance(plan, Plan)
        assert plan.propensity == 1.0
    assert chosen(pick(1, needs(), offered(cooling=(stay.model,)), stay)) != stay.model
    assert chosen(pick(1, needs(tier="guest"), stay=stay)) != stay.model
    quick = Stay("openai/gpt-6-luna", "fast-chat")
    assert chosen(pick(1, needs("reasoning"), stay=quick)) != quick.model


def test_a_named_model_is_asked_and_its_likes_after_it() -> None:
    """The same model elsewhere is the only fallback; why it cannot be had is said."""
    listed = models_of("openrouter", [Listed("openai/gpt-6-sol", input_price=2.0, output_price=10.0)], DAY)
    every = catalogue({"openai": models_of("openai", None, DAY), "openrouter": listed}, unlisted=["perplexity"])

    def named(name: str, asked: Needs, server: tuple[str, ...]) -> Plan | Nothing:
        return choose_named(name, offers(every.like(name), (), server, ()), asked)

    plan = named("openai/gpt-6-sol", needs(), ("openai", "openrouter"))
    assert isinstance(plan, Plan)
    assert [each.model.name for each in plan.candidates] == ["openai/gpt-6-sol", "openrouter/openai/gpt-6-sol"]
    assert [each.why for each in plan.candidates] == [
        "It was asked for.",
        "The same model as openai/gpt-6-sol, at openrouter.",
    ]
    assert chosen(named("openai/gpt-6-sol", needs(), ("openrouter",))) == "openrouter/openai/gpt-6-sol"
    assert named("openai/gpt-6-sol", needs(), ()) == Nothing(
        dict.fromkeys(["openai/gpt-6-sol", "openrouter/openai/gpt-6-sol"], "key")
    )
    nothing = named("openai/no-such", needs(), ("openai",))
    assert isinstance(nothing, Nothing)
    assert nothing.why == "there is no such model"
    assert chosen(named("perplexity/sonar-next", needs(), ("perplexity",))) == "perplexity/sonar-next"


def test_the_prior_choice_is_sensible() -> None:
    """Before anything was learnt: the strong for hard questions, quick ones for a word, searchers for research."""
    best = {category: Counter(chosen(pick(seed, needs(category))) for seed in range(300)) for category in CATEGORIES}
    strong = {"openai/gpt-6.1-sol", "gemini/gemini-4-argon", "anthropic/claude-opus-5-5", "openai/gpt-6.1-terra"}
    assert sum(best["coding"][name] for name in strong) > 180
    assert sum(best["reasoning"][name] for name in strong) > 180
    assert sum(best["fast-chat"][name] for name in ("openai/gpt-6-luna", "anthropic/claude-haiku-5-5")) > 180
    assert sum(count for name, count in best["research"].items() if name.startswith("perplexity/")) > 120


scores = st.lists(
    st.builds(Score, st.floats(0, 1), st.floats(0.01, 0.1), st.just((0.0, 0.0, 0.0, 0.0))), min_size=1, max_size=20
)


@given(scores)
def test_propensities_add_up(given_scores: list[Score]) -> None:
    """One of them is chosen."""
    total = sum(propensity(given_scores, index) for index in range(len(given_scores)))
    assert math.isclose(total, 1.0, abs_tol=0.01)


def test_propensities_are_what_happens() -> None:
    """Against 40,000 draws."""
    some = [Score(mean, spread, (0.0,) * 4) for mean, spread in [(0.7, 0.05), (0.72, 0.02), (0.6, 0.1), (0.5, 0.02)]]
    rng = random.Random(7)
    drawn = Counter(draw(some, rng) for _ in range(40_000))
    for index in range(len(some)):
        assert math.isclose(propensity(some, index), drawn[index] / 40_000, abs_tol=0.01)


def test_weights_are_shares() -> None:
    """Scores stay between 0 and 1."""
    assert set(WEIGHTS) == set(CATEGORIES)
    assert all(math.isclose(sum(weights), 1.0) for weights in WEIGHTS.values())
    for model in ALL.models.values():
        for category in CATEGORIES:
            found = score(category, PRIORS.standing(category, model))
            assert 0 < found.mean < 1
            assert found.spread > 0


def test_evidence_moves_beliefs() -> None:
    """Liked answers raise a model, failures, waits and costs lower it; old news counts less."""
    luna, now = KNOWN["openai/gpt-6-luna"], 1e9

    def mean(*seen: Evidence, at: float = now) -> float:
        board = Believed({("coding", luna.name): all_of(seen)}, at, DAY)
        return score("coding", board.standing("coding", luna)).mean

    plain = mean()
    assert plain == score("coding", PRIORS.standing("coding", luna)).mean
    liked = [judged(now, 1.0)] * 20
    assert mean(*liked) > plain + 0.1
    assert plain < mean(*liked, at=now + 90 * 86_400) < mean(*liked)
    assert mean(*[judged(now, 0.0)] * 20) < plain - 0.1
    assert mean(*[broke(now, "server")] * 20) < plain - 0.05
    assert mean(*[broke(now, "authentication")] * 20) == mean(*[broke(now, "filtered")] * 20) == plain
    assert mean(*[broke(now, "not-found")] * 20) < mean(*[broke(now, "not-found", own_key=True)] * 20) == plain
    assert mean(*[answered(now, 0.1, None)] * 20) > mean(*[answered(now, 20.0, None)] * 20)
    assert mean(*[answered(now, None, 0.0001)] * 20) > mean(*[answered(now, None, 1.0)] * 20)


def test_propensities_follow_the_evidence() -> None:
    """With ratings, failures, waits and costs on the board a choice says how probable it was: against 1,000 draws."""
    luna, now = KNOWN["openai/gpt-6-luna"], 1e9
    evidence: dict[tuple[Category, str], Evidence] = {
        ("coding", "openai/gpt-6.1-sol"): all_of([judged(now, 0.0)] * 4 + [broke(now, "server")] * 5),
        ("coding", luna.name): all_of([judged(now, 1.0)] * 6 + [answered(now, 0.5, 0.001)] * 10),
    }
    board, rng = Believed(evidence, now, DAY), random.Random(11)
    plans = [choose(board, offered(), needs(), rng) for _ in range(1_000)]
    drawn = Counter(chosen(plan) for plan in plans)
    said = {chosen(plan): plan.propensity for plan in plans if isinstance(plan, Plan)}
    assert drawn[luna.name] > 4 * sum(chosen(pick(seed, needs())) == luna.name for seed in range(1_000))
    for name, propensity_said in said.items():
        assert math.isclose(propensity_said, drawn[name] / 1_000, abs_tol=0.05), name


observations = st.builds(
    lambda at, good, seconds: answered(at, seconds, seconds / 100) + judged(at, good),
    st.floats(1e9, 1.001e9), st.floats(0, 1), st.floats(0.01, 60),
)  # fmt: skip


@given(st.lists(observations, max_size=8), st.randoms(use_true_random=False))
def test_evidence_adds_up_in_any_order(seen: list[Evidence], rng: random.Random) -> None:
    """Workers add theirs when they can."""
    shuffled = rng.sample(seen, len(seen))
    one, two = all_of(seen).aged(1.01e9), all_of(shuffled).aged(1.01e9)
    for name in ("liked", "disliked", "succeeded", "log_seconds", "log_usd"):
        assert math.isclose(getattr(one, name), getattr(two, name), rel_tol=1e-6, abs_tol=1e-9)


def regret(seed: int, requests: int, learns: bool) -> float:
    """Of a market of eight models whose worth nobody knows: what was lost against always asking the best."""
    rng = random.Random(seed)
    price = (Price(Rates(1.0, 5.0)),)
    worth = {
        Model(f"p{i}/m", prices=price, strength=rng.uniform(0.5, 0.85), automatic=True): rng.betavariate(7, 3)
        for i in range(8)
    }
    available = [Offer(model, "own") for model in worth]
    evidence: dict[tuple[Category, str], Evidence] = {}
    lost = 0.0
    for request in range(requests):
        now = request * 60.0
        if learns:
            scores_now = [
                score("coding", Believed(evidence, now, DAY).standing("coding", each.model)) for each in available
            ]
            model = available[draw(scores_now, rng)].model
        else:
            model = rng.choice(available).model
        lost += max(worth.values()) - worth[model]
        seen = judged(now, float(rng.random() < worth[model]))
        before = evidence.get(("coding", model.name))
        evidence["coding", model.name] = seen if before is None else before + seen
    return lost


def test_it_learns_which_is_best() -> None:
    """Over 2,000 judged requests it loses less than a quarter of what choosing blindly does, whatever priors said."""
    learnt = sum(regret(seed, 2_000, learns=True) for seed in range(3))
    blind = sum(regret(seed, 2_000, learns=False) for seed in range(3))
    print(f"regret over 6,000 requests: {learnt:.0f}, blindly {blind:.0f}")
    assert learnt < blind / 4


def test_reasons_are_sentences() -> None:
    """Whatever was chosen, the client can show why."""
    reasons = {plan.candidates[0].why for seed in range(200) if isinstance(plan := pick(seed, needs()), Plan)}
    assert all(why.endswith(".") and why[0].isupper() for why in reasons)
    assert any(why.startswith("Tried in ") for why in reasons)
    assert any("good answers" in why for why in reasons)
    only = [Offer(KNOWN["openai/gpt-6-sol"], "own")]
    plan = pick(1, needs(), only)
    assert isinstance(plan, Plan)
    assert plan.candidates[0].why == "The only model that fits (coding)."
    assert plan.propensity == 1.0
