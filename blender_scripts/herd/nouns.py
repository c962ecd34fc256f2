"""What animals are called: one or several, grown or young, as a caption under a photograph would say it.

Species arrive under plain names (`german_shepherd`); unknown ones are taken at their word and follow the rules of English.
"""

from __future__ import annotations

SPELLED = {
    "african_buffalo": "African buffalo", "african_wild_dog": "African wild dog", "arctic_fox": "Arctic fox",
    "asian_elephant": "Asian elephant", "chihuahua": "Chihuahua", "bactrian_camel": "Bactrian camel", "border_terrier": "Border Terrier",
    "corgi": "Corgi", "dalmatian": "Dalmatian", "fallow_deer": "fallow deer", "german_shepherd": "German Shepherd",
    "great_dane": "Great Dane", "highland_cattle": "Highland cow", "indian_rhino": "Indian rhino", "labrador": "Labrador",
    "malayan_tapir": "Malayan tapir", "przewalski_horse": "Przewalski's horse", "rhodesian_ridgeback": "Rhodesian Ridgeback",
    "ring_tailed_lemur": "ring-tailed lemur", "shetland_pony": "Shetland pony", "siamese_cat": "Siamese cat",
    "tasmanian_devil": "Tasmanian devil", "thomsons_gazelle": "Thomson's gazelle", "weimaraner": "Weimaraner",
    "white_tailed_deer": "white-tailed deer",
}  # fmt: skip
"""Names that are not simply their key with spaces."""

PLURALS = {
    "ox": "oxen", "muskox": "muskoxen", "wolf": "wolves", "calf": "calves", "mouse": "mice", "goose": "geese", "sheep": "sheep",
    "deer": "deer", "moose": "moose", "bison": "bison", "reindeer": "reindeer", "buffalo": "buffalo", "wildebeest": "wildebeest",
    "cattle": "cattle", "kudu": "kudu", "elk": "elk", "swine": "swine", "aircraft": "aircraft", "impala": "impala",
}  # fmt: skip
"""Last words whose plural no rule gives."""

YOUNG_SPECIES = {
    "cow": "calf", "bull": "calf", "highland_cattle": "Highland calf", "sheep": "lamb", "bighorn_sheep": "bighorn lamb",
    "goat": "kid goat", "ibex": "ibex kid", "mountain_goat": "mountain goat kid", "dog": "puppy", "wolf": "wolf cub",
    "fox": "fox cub", "arctic_fox": "Arctic fox cub", "cat": "kitten", "siamese_cat": "Siamese kitten", "lion": "lion cub",
    "lioness": "lion cub", "lynx": "lynx kitten", "horse": "foal", "draft_horse": "foal", "shetland_pony": "Shetland foal",
    "deer": "fawn", "stag": "fawn", "roe_deer": "roe deer fawn", "moose": "moose calf", "reindeer": "reindeer calf",
    "pig": "piglet", "coyote": "coyote pup", "african_wild_dog": "African wild dog pup", "fennec_fox": "fennec fox kit",
    "maned_wolf": "maned wolf pup", "rabbit": "baby rabbit", "hare": "leveret", "otter": "otter pup", "meerkat": "meerkat pup",
    "raccoon": "raccoon kit", "skunk": "skunk kit", "beaver": "beaver kit", "badger": "badger cub", "llama": "llama cria",
    "alpaca": "alpaca cria", "spotted_hyena": "hyena cub", "striped_hyena": "hyena cub", "capybara": "capybara pup",
    "red_panda": "red panda cub", "pronghorn": "pronghorn fawn", "malayan_tapir": "tapir calf",
}  # fmt: skip

YOUNG_FAMILY = {
    "bovid": "calf", "camelid": "calf", "cervid": "fawn", "elephantid": "calf", "giraffid": "calf", "rhinocerotid": "calf",
    "hippopotamid": "calf", "equid": "foal", "canid": "puppy", "felid": "cub", "ursid": "cub", "suid": "piglet",
    "tayassuid": "piglet", "primate": "infant", "marsupial": "joey", "rodent": "pup", "mustelid": "kit",
}  # fmt: skip
"""What is put after the species' name: elephant calf."""

MALES = ("bull", "stag", "lion", "ram", "boar")
"""Names that no mother has."""

GROWN_UP, NEWBORN = 0.3, 0.6
"""Youth below the first is not worth a word; from the second on an animal is called by its young name."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def noun(species: str, family: str = "", youth: float = 0.0) -> str:
    """What one animal is called: "wolf", "young wolf", "wolf cub"."""
    key = species.strip().lower().replace(" ", "_").replace("-", "_")
    name = SPELLED.get(key) or " ".join(species.replace("_", " ").split()) or "animal"
    if youth < GROWN_UP:
        return name
    if youth < NEWBORN:
        return f"young {name}"
    if key in YOUNG_SPECIES:
        return YOUNG_SPECIES[key]
    return f"{name} {YOUNG_FAMILY[family]}" if family in YOUNG_FAMILY else f"baby {name}"


def plural(name: str) -> str:
    """Several of it: "wolf" → "wolves", "roe deer" → "roe deer", "Highland cow" → "Highland cows"."""
    front, _, last = name.rpartition(" ")
    front += " " if front else ""
    low = last.lower()
    if low in PLURALS:
        return front + PLURALS[low]
    if low.endswith(("s", "x", "z", "ch", "sh")):
        return front + last + "es"
    if low.endswith("y") and low[-2:-1] not in tuple("aeiou"):
        return front + last[:-1] + "ies"
    return front + last + "s"


def article(name: str) -> str:
    """The name with "a" or "an": by its first letter, which is right for all that is called by a name here."""
    low = name.lower()
    vowel = (low[:1] in tuple("aeio") and not low.startswith(("eu", "one"))) or low.startswith(("un", "ug"))
    return f"{'an' if vowel else 'a'} {name}"


def number(count: int) -> str:
    """A count in words up to twelve, in digits beyond."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else str(count)


def several(count: int, name: str) -> str:
    """"a wolf", "three wolves"."""
    return article(name) if count == 1 else f"{number(count)} {plural(name)}"


def listed(items: list[str]) -> str:
    """"a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def doing_word(doing: str) -> str:
    """What an animal is at, as a participle: "walk" → "walking", "lie" → "lying", "stand_up" → "getting up"."""
    word = doing.strip().lower().replace("_", " ").replace("-", " ")
    if word in _DOING:
        return _DOING[word]
    if not word or word.endswith("ing"):
        return word or "standing"
    first, space, rest = word.partition(" ")
    return _participle(first) + space + rest


_DOING = {
    "idle": "standing", "stand": "standing", "alert": "standing alert", "stand up": "getting up", "eat": "feeding",
    "headbutt": "butting", "startle": "flinching", "sneak": "creeping", "attack": "lunging", "bite": "snapping",
    "gallop": "galloping", "prior": "standing", "rest": "resting", "asleep": "sleeping", "rear": "rearing up",
    "kick": "kicking out", "none": "standing", "unknown": "standing",
}  # fmt: skip


def _participle(verb: str) -> str:
    """The -ing form of a regular verb."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    vowels = "aeiou"
    short = len(verb) >= 3 and verb[-1] not in vowels + "wxy" and verb[-2] in vowels and verb[-3] not in vowels
    return verb + (verb[-1] if short and sum(letter in vowels for letter in verb) == 1 else "") + "ing"
