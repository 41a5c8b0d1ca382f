"""Words that say what a message is about, by group, in English, Hindi and Hinglish. Features of classify.py.

A group lets what was learnt of one word hold for its relatives. All in lower case.
"""

from typing import Final

_SINGLE: Final[dict[str, str]] = {
    "technology": """
        python java javascript typescript js ts tsx jsx golang go rust c++ cpp c# csharp php ruby kotlin swift scala
        perl bash zsh powershell shell sql nosql html css scss matlab haskell dart flutter lua assembly node nodejs
        node.js react reactjs angular vue svelte django flask fastapi spring laravel rails nextjs next.js express
        jquery tailwind bootstrap numpy pandas pytorch tensorflow sklearn postgres postgresql mysql mongodb mongo
        sqlite redis elasticsearch docker kubernetes k8s kubectl helm git github gitlab terraform ansible nginx apache
        linux npm yarn pip conda webpack vite jest pytest junit selenium playwright cypress graphql grpc rest
        websocket websockets kafka rabbitmq aws lambda s3 azure gcp firebase supabase vim vscode regex json yaml xml
        csv jwt oauth ssh unity opencv arduino wordpress पायथन जावा जावास्क्रिप्ट रिएक्ट एचटीएमएल गिट
    """,
    "program": """
        code coding function functions class classes method script program programming algorithm api apis endpoint
        endpoints query queries database schema migration migrations bug bugs exception traceback stacktrace compile
        compiler compiles loop loops array arrays dict string strings variable variables pointer pointers recursion
        recursive thread threads async await callback promise component components hook hooks frontend backend server
        repo repository branch commit merge rebase deploy deployment pipeline container library libraries package
        module import imports dependency dependencies framework snippet website webpage cli terminal command parser
        linter debugger debug debugging refactor refactoring null undefined nil segfault localhost middleware
        decorator generator iterator linked list binary tree hashmap stack queue mutex cache caching crud boilerplate
        typeerror syntaxerror valueerror keyerror indexerror nullpointerexception exit stdout stdin regexp
        flexbox div कोड फंक्शन फ़ंक्शन प्रोग्राम एल्गोरिदम क्वेरी डेटाबेस वेबसाइट बग सर्वर लूप वेरिएबल ऐप एरर कोडिंग
        स्क्रिप्ट
    """,
    "broken": """
        error errors fails failing failed crash crashes crashing broken fix doesn't won't wrong throws returns stuck
        slow fatal
    """,
    "mathematics": """
        equation equations integral derivative probability theorem lemma proof matrix matrices eigenvalue eigenvalues
        vector polynomial quadratic triangle circle angle angles prime primes integer integers sequence series sum
        product ratio fraction permutation permutations combination combinations dice die coin coins cards speed mph
        km/h distance puzzle riddle logic premise conclusion syllogism profit interest lcm hcf gcd modulo factorial
        root logarithm limit algebra geometry arithmetic calculus statistics mean median variance divisible remainder
        digits perimeter area volume radius graph vertices set subset bijection group ring mod odds knights
        knaves liar liars truth lies older younger ages twice thrice समीकरण प्रायिकता संख्या योग त्रिभुज वृत्त कोण
        पहेली गणित ब्याज क्षेत्रफल परिमाप औसत अनुपात भिन्न श्रेणी श्रृंखला उम्र मजदूर लाभ हानि चाल दूरी पासा पासे
        सिक्का घन वर्ग अंक paheli umar sankhya byaj samikaran prayikta ganit chaal doori raftaar mazdoor
    """,
    "solving": """
        solve prove calculate compute simplify integrate differentiate derive deduce infer determine factorise
        factorize induction contradiction logically hence therefore step-by-step हल सिद्ध निकालो ज्ञात गणना तर्क कितने कितना
        निकालिए hal nikalo kitne kitna kitni
    """,
    "to-write": """
        write draft compose rewrite rephrase paraphrase proofread translate translation reword shorten polish likho
        likh likhiye likhna likhdo लिखो लिखिए लिखें लिखकर लिख अनुवाद लिखना रचना anuvad
    """,
    "text": """
        email mail letter essay poem story stories blog post caption captions tweet thread speech bio cover resume cv
        slogan tagline headline newsletter lyrics song rap haiku limerick sonnet dialogue screenplay novel chapter
        paragraph sentence message invitation toast eulogy obituary announcement apology memo advertisement ad flyer
        wishes greeting testimonial pitch application note reply foreword synopsis subject monologue fairytale fable
        description linkedin instagram whatsapp पत्र निबंध कविता कहानी संदेश भाषण आवेदन शायरी लेख वाक्य अनुच्छेद
        शुभकामना निमंत्रण ईमेल पोस्ट नारा गीत kavita kahani shayari nibandh patra bhashan sandesh geet wish insta
    """,
    "style": """
        formal informal polite professional funny friendly witty persuasive catchy tone grammar punctuation spelling
        wording heartfelt romantic simpler concise flow saral aasan औपचारिक सरल भाषा शब्दों व्याकरण
    """,
    "tongue": """
        english hindi french spanish german italian portuguese russian japanese chinese arabic marathi tamil bengali
        urdu gujarati punjabi dutch korean अंग्रेज़ी अंग्रेजी हिंदी हिन्दी मराठी संस्कृत angrezi
    """,
    "to-judge": """
        analyze analyse analysis summarize summarise summary compare comparison contrast evaluate assess review
        critique classify categorize categorise extract interpret rank prioritize condense tldr examine weigh outline
        tl;dr vs insights takeaways versus विश्लेषण सारांश तुलना मूल्यांकन समीक्षा निष्कर्ष वर्गीकरण saransh tulna vishleshan
        fayde nuksan kamiya nichod
    """,
    "judged": """
        pros cons advantages disadvantages strengths weaknesses swot trend trends report data dataset survey feedback
        sentiment contract clause agreement lease policy budget expenses spending revenue sales churn conversion
        metrics kpi kpis risks trade-offs tradeoffs impact themes symbolism transcript document pdf spreadsheet
        quarter quarterly proposal plan strategy competitors stakeholders implications argument evidence reviews
        option options रिपोर्ट आँकड़े फायदे नुकसान रुझान अनुबंध खर्च बिक्री प्रतिक्रिया प्रतिक्रियाओं बजट लाभ-हानि
        योजना विकल्प जोखिम दस्तावेज़ kharcha business
    """,
    "current": """
        latest current currently today today's yesterday tonight tomorrow now recent recently news newest upcoming
        ongoing live weather forecast price prices stock stocks released launch launched election elections standings
        championship score schedule trending update updates 2023 2024 2025 2026 2027 inflation exchange bitcoin आज कल
        अभी ताज़ा ताजा नवीनतम खबर खबरें समाचार मौसम भाव कीमत दाम चुनाव बजट हालिया हाल aaj abhi kal taza khabar khabre
        mausam bhav rate daam
    """,
    "sources": """
        source sources cite cited citation citations reference references paper papers study studies journal
        literature peer-reviewed published statistics census search google web internet link links official experts
        according websites स्रोत शोध अध्ययन इंटरनेट खोजो खोजकर लिंक आधिकारिक dhundo dhundh khojo
    """,
    "greeting": """
        hi hello hey hii hiii heya yo sup morning evening afternoon night thanks thank thx bye goodbye ok okay cool
        lol haha nice great awesome welcome sorry yes no nope yep yeah hmm wow sure fine perfect नमस्ते नमस्कार
        धन्यवाद शुक्रिया अलविदा हाँ नहीं ठीक शुभ हैलो प्रणाम namaste namaskar shukriya dhanyavad dhanyawad alvida haan
        theek thik accha acha achha bhai yaar kaise
    """,
    "you": """
        you your you're u yourself favourite favorite joke jokes bored lonely feeling feel mood sad happy chat talk
        तुम आप तुम्हारा आपका चुटकुला मन tum aap tera tumhara aapka chutkula
    """,
    "trivia": """
        capital tall born wrote invented discovered mean means stand currency tallest largest smallest longest fastest
        population continent planet ocean boil ounces pounds pound inches feet miles km kilometers celsius fahrenheit
        convert राजधानी किसने ऊँचा ऊंचा देश ग्रह नदी सबसे अर्थ मतलब किलो मीटर rajdhani matlab kisne desh nadi
    """,
    "picture": """
        image images picture pictures photo photos photograph screenshot screenshots pic pics logo poster illustration
        painting wallpaper avatar meme video videos audio recording voice scan scanned ocr handwriting handwritten
        x-ray xray selfie gif thumbnail banner watercolor cartoon anime portrait sketch drawing icon clip mp3 mp4 jpg
        jpeg png pixel तस्वीर तस्वीरें चित्र फोटो फ़ोटो छवि वीडियो ऑडियो स्क्रीनशॉट लोगो पोस्टर आवाज़ रिकॉर्डिंग
        tasveer tasvir foto chitra awaaz
    """,
    "to-see": """
        draw paint depict render transcribe upscale crop blur colorize background describe see shown visible attached
        uploaded look looks बनाओ बनाइए दिख दिखाई वर्णन banao dikh dikhai hatao hata
    """,
    "given": """
        attached below following above here's uploaded pasted neeche diya diye निम्नलिखित नीचे दिए
    """,
}
_PAIRS: Final[dict[str, str]] = {
    "program": """
        unit test, unit tests, pull request, data structure, error message, memory leak, merge conflict, login page,
        web page
    """,
    "broken": """
        chal nahi, kaam nahi, error aa, nahi chal, theek karo, fix karo, ठीक करो, ठीक करूँ, त्रुटि
    """,
    "solving": """
        step by, how many, work out, show that, prove that, solve karo, hal karo, siddh
    """,
    "text": """
        press release, thank you, statement of, short story, cover letter
    """,
    "to-judge": """
        break down, key points, main points, main ideas
    """,
    "judged": """
        balance sheet, root cause
    """,
    "current": """
        right now, this week, this month, this year, last year, इस साल, इस वर्ष
    """,
    "sources": """
        look up, find out
    """,
}


def _groups() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group, text in _SINGLE.items():
        for word in text.split():
            found.setdefault(word, []).append(f"#{group}")
    for group, text in _PAIRS.items():
        for pair in text.split(","):
            found.setdefault(" ".join(pair.split()), []).append(f"#{group}")
    return {word: tuple(dict.fromkeys(groups)) for word, groups in found.items()}


WORDS: Final = _groups()
"""The groups of each word, and of each pair of words that stand beside each other with one blank."""
