"""Token estimates against what real tokenizers counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.tokens import PER_IMAGE, PER_TURN, tokens_in, tokens_of
from schemas.conversation import Text, Turn
from tests.ai.conversations import PIXEL

# The largest count of cl100k_base, o200k_base and Anthropic's published tokenizer.
COUNTED = {
    "The quick brown fox jumps over the lazy dog. However, international organisations frequently misunderstand "
    "bureaucratic responsibilities; nevertheless, they carry on with their work every day of the week.": 35,
    "def parse(self, line: str) -> dict[str, Any]:\n    if not line.startswith('#'):\n        return {k: v for k, v in "
    "(p.split('=', 1) for p in line.split(';'))}\n    raise ValueError(f'{line!r} at {self._row_number}')\n": 71,
    '{"id":"chatcmpl-D8Z5abc","created":1770933892,"choices":[{"index":0,"delta":{"content":"Holiday"}}],"usage":null,'
    '"x":[0.1234,55.6677]}': 50,
    "3141592653589793238462643383279502884197169399375105820974944592": 28,
    "Die Donaudampfschifffahrtsgesellschaft veröffentlichte überraschenderweise außergewöhnlich ausführliche "
    "Geschäftsberichte.": 39,
    "नमस्ते, मैं कल दिल्ली जा रहा हूँ और वहाँ के विश्वविद्यालय में प्रोफ़ेसर से मिलूँगा। कृपया मुझे स्टेशन का पता बताइए।": 133,
    "bhai ye code kaam nahi kar raha hai, zara dekh ke batao ki error kahan aa raha hai aur kaise thik karu": 38,
    "人工智能正在改变我们的生活方式，许多公司开始使用大型语言模型来处理日常工作。": 33,
    "人工知能は私たちの生活を変えつつあり、多くの企業が大規模言語モデルを使い始めています。": 45,
    "인공지능은 우리의 생활 방식을 바꾸고 있으며 많은 기업이 대규모 언어 모델을 사용하기 시작했습니다.": 56,
    "الذكاء الاصطناعي يغير طريقة حياتنا وتبدأ العديد من الشركات في استخدام نماذج اللغة الكبيرة.": 83,
    "Искусственный интеллект меняет наш образ жизни, и "
    "многие компании начинают использовать большие языковые модели.": 55,
    "செயற்கை நுண்ணறிவு நமது வாழ்க்கை முறையை மாற்றி வருகிறது": 102,
    "কৃত্রিম বুদ্ধিমত্তা আমাদের জীবনযাত্রা পরিবর্তন করছে": 93,
    "ปัญญาประดิษฐ์กำลังเปลี่ยนวิถีชีวิตของเรา": 76,
    "😀🎉🚀👩‍👩‍👧‍👦❤️🇮🇳": 35,
    "∫₀¹ x²·eˣ dx ≤ ∑ₙ αₙ ⇒ ∀ε>0 ∃δ: |x−y|<δ": 37,
}


@pytest.mark.parametrize(("text", "counted"), COUNTED.items())
def test_estimates_are_not_below_what_tokenizers_count(text: str, counted: int) -> None:
    """Less than a tenth too low, at most some 2.2 times too high, whatever the script."""
    assert 0.94 * counted <= tokens_in(text) <= 2.3 * counted


@given(st.text(), st.text())
def test_estimates_add_up(one: str, two: str) -> None:
    """A longer text never has fewer tokens, and rounding is all that joining saves."""
    together = tokens_in(one + two)
    assert max(tokens_in(one), tokens_in(two)) <= together <= tokens_in(one) + tokens_in(two)


def test_turns_count_their_pictures() -> None:
    """A turn costs its words, its pictures, and what stands around it."""
    assert tokens_of(Turn("user", (Text("a" * 100), PIXEL))) == PER_TURN + 37 + PER_IMAGE
