"""What the names of bones say about the body: side, front or hind, and part, in the languages that rigs come in.

Names are evidence, never proof: artists call shins what are cannon bones, and some rigs have no words at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PREFIX = re.compile(r"^(?:mixamorig\d*|bip\d*|valvebiped|armature|rig|def|org|jnt|joint|bone|b|bn|cc_base|sk|skel)[\s_:|.\-]+",
                     re.IGNORECASE)
_SPLIT = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])")
_ACCENTS = str.maketrans("äöüáàâãéèêíìîóòôõúùûçñß", "aouaaaaeeeiiioooouuucns")

_LEFT = {"l", "left", "li", "lt", "lf", "lft", "links", "linke", "linker", "linkes", "gauche", "izquierda", "izquierdo", "izq",
         "izda", "sinistra", "sinistro", "sx", "esquerda", "esquerdo", "esq", "lewy", "lewa", "hidari", "lev", "levyi", "levaya"}
_RIGHT = {"r", "right", "re", "rt", "rgt", "rechts", "rechte", "rechter", "rechtes", "droite", "droit", "derecha", "derecho",
          "der", "dcha",
          "destra", "destro", "dx", "direita", "direito", "dir", "prawy", "prawa", "migi", "prav", "pravyi", "pravaya"}
_BOTH_ENDS = {"fl": (1, "front"), "fr": (-1, "front"), "rl": (1, "hind"), "bl": (1, "hind"), "hl": (1, "hind"), "rr": (-1, "hind"),
              "br": (-1, "hind"), "hr": (-1, "hind"), "lf": (1, "front"), "rf": (-1, "front"), "lh": (1, "hind"),
              "rh": (-1, "hind"),
              "lb": (1, "hind"), "rb": (-1, "hind")}
_FRONT = ("front", "fore", "vorder", "vorne", "delant", "avant", "anterior", "ante", "davanti", "dianteir", "przed", "mae",
          "peredn")
_HIND = ("hind", "rear", "back", "hinter", "hinten", "trase", "arriere", "posterior", "post", "dietro", "tyl", "ushiro", "zadn")

_PARTS = (
    ("head", ("head", "skull", "kopf", "schadel", "cabeza", "tete", "crane", "testa", "cabeca", "glowa", "atama", "golova",
              "cranium")),
    ("neck", ("neck", "hals", "nacken", "cuello", "cou", "collo", "pescoco", "szyja", "kubi", "sheya", "cervic")),
    ("tail", ("tail", "schwanz", "schweif", "rute", "cola", "queue", "coda", "cauda", "ogon", "shippo", "hvost", "rabo")),
    ("spine", ("spine", "torso", "body", "chest", "back", "ribcage", "rib", "thorax", "lumbar", "wirbel", "rucken", "ruecken",
               "brust", "columna", "espalda", "lomo", "pecho", "colonne", "dos", "poitrine", "schiena", "petto", "coluna", "peito",
               "kregoslup",
               "sebone", "pozvon", "pelvis", "hips", "hip", "becken", "hufte", "huefte", "cadera", "bassin", "hanche", "bacino",
               "anca", "quadril", "koshi", "waist", "abdomen", "rump", "croup", "withers")),
    ("root", ("root", "travel", "trajectory", "motion", "base", "master", "main", "global", "origin", "wurzel", "raiz", "racine",
              "radice")),
)  # fmt: skip
_SEGMENTS = (
    ("toes", ("toe", "finger", "digit", "phalan", "hoof", "huf", "claw", "kralle", "zeh", "dedo", "doigt", "orteil", "sabot",
              "casco", "pezuna", "dito", "zoccolo", "fetlock", "pastern", "knuckle", "palec", "ungula")),
    ("cannon", ("metacarp", "metatars", "cannon", "palm", "mittelfuss", "mittelhand", "wrist", "carpus", "hock", "sprunggelenk",
                "poignet", "handgelenk", "muneca", "tarsus", "corvejon")),
    ("lower", ("forearm", "lowerarm", "lowerleg", "lowleg", "calf", "shin", "tibia", "radius", "ulna", "crus", "unterschenkel",
               "unterarm",
                    "antebrazo", "pantorrilla", "avantbras", "mollet", "avambraccio", "polpaccio", "antebraco", "canela", "elbow",
                    "ellbogen", "gaskin", "lowerlimb", "stifle", "knee", "knie")),
    ("upper", ("upperarm", "uparm", "upperleg", "upleg", "thigh", "femur", "humerus", "oberschenkel", "oberarm", "muslo", "brazo",
                    "cuisse", "coscia", "braccio", "coxa", "braco", "upperlimb", "udo")),
    ("girdle", ("shoulder", "scapula", "clavicle", "collar", "schulter", "hombro", "escapula", "epaule", "omoplate", "spalla",
                "scapola", "ombro", "hip", "pelvis", "hufte", "becken", "cadera", "hanche", "lopatka", "ilium")),
)  # fmt: skip
_EXTRAS = ("mane", "hair", "jaw", "chin", "mouth", "lip", "tongue", "eye", "lid", "brow", "ear", "nose", "nostril", "snout",
           "muzzle", "teeth",
           "tooth", "fang", "cheek", "horn", "antler", "tusk", "trunk", "beard", "whisker", "wing", "fin", "saddle", "rein",
           "bridle", "belly",
           "stomach", "breast", "udder", "muscle", "fur", "cloth", "weapon", "prop", "attach", "socket", "target", "pole", "ik",
           "ctrl", "control",
           "kiefer", "unterkiefer", "ohr", "auge", "maul", "zunge", "mandibula", "oreja", "ojo", "boca", "lengua", "machoire",
           "oreille", "oeil", "gola",
           "orecchio", "occhio", "bocca", "orelha", "olho", "helper", "roll", "camera", "forehead", "temple", "skirt")  # fmt: skip
_SEGMENT_WORDS = tuple((name, re.compile("|".join(stems))) for name, stems in _SEGMENTS)
_LONG_EXTRAS = tuple(stem for stem in _EXTRAS if len(stem) > 3)
_LIMB = ("leg", "paw", "foot", "feet", "hand", "arm", "limb", "bein", "pfote", "fuss", "vorderbein", "hinterbein", "pata",
         "pierna", "jambe",
         "patte", "gamba", "zampa", "perna", "noga", "lapa", "ashi", "pied", "mano", "main", "hoof", "toe", "finger", "ankle",
         "knee", "elbow", "wrist", "hock")  # fmt: skip
_TIPS = ("end", "ende", "leaf", "nub", "site", "effector", "endsite", "null")


@dataclass(frozen=True)
class Words:
    """What one name says. side: 1 left, -1 right, 0 neither. end: "front", "hind" or "". part: of the midline, or "".
    segment: of a leg, or "". extra: an ear, a mane, a helper. tip: the mark of a chain's end. limb: a leg's
    word of any kind. ear, jaw: those words."""

    side: int = 0
    end: str = ""
    part: str = ""
    segment: str = ""
    extra: bool = False
    tip: bool = False
    limb: bool = False
    ear: bool = False
    jaw: bool = False


@lru_cache(4096)
def words_of(name: str) -> Words:
    """Read a bone's name."""
    text = name.translate(_ACCENTS)
    while (shorter := _PREFIX.sub("", text)) != text and shorter:
        text = shorter
    tokens = [token for token in _SPLIT.split(_CAMEL.sub(" ", text).lower().translate(_ACCENTS)) if token]
    plain = [token for token in tokens if not token.isdigit()]
    joined = "".join(plain)
    side, end = _side_and_end(plain)
    words = [token for token in plain if token not in _LEFT | _RIGHT or len(token) > 2]
    segment = next((name for name, found in _SEGMENT_WORDS if found.search(joined)), "")
    if not segment and ("arm" in words and end != "hind"):
        segment = "upper"
    if not segment and ("leg" in words or "arm" in words or "limb" in words) and {"upper", "lower"} & set(words):
        segment = "upper" if "upper" in words else "lower"
    part = next((name for name, stems in _PARTS if any(token.startswith(stems) for token in words)), "")
    extra = any(token.startswith(_LONG_EXTRAS) for token in words) or any(
        token.rstrip("s") in _EXTRAS for token in words)
    return Words(side, end, part, segment, extra, any(token in _TIPS for token in words),
                 segment not in ("", "girdle") or any(token.startswith(_LIMB) or token.endswith(("leg", "foot",
                                                                                                 "paw")) for token in words),
                 any(token.startswith(("ear", "ohr", "oreja", "oreille", "orecchi",
                                       "orelha")) for token in words if token != "earth"),
                 any(token.startswith(("jaw", "lowerjaw", "chin", "mandib", "kiefer", "unterkiefer", "mouth", "boca",
                                       "machoire")) for token in words))


def _side_and_end(tokens: list[str]) -> tuple[int, str]:
    side, end = 0, ""
    joined = "".join(tokens)
    for token in tokens:
        if token in _BOTH_ENDS and token not in ("lf", "rl"):
            return _BOTH_ENDS[token]
        if token in _LEFT or token.startswith(("left", "linke", "izquierd", "esquerd", "gauche", "sinistr")):
            side = 1
        elif token in _RIGHT or token.startswith(("right", "rechte", "derech", "direit", "droit", "destr")):
            side = -1
    if not side and len(joined) > 6:
        side = 1 if joined.endswith("left") else -1 if joined.endswith("right") else 0
    if any(token.startswith(_HIND) for token in tokens):
        end = "hind"
    elif any(token.startswith(_FRONT) for token in tokens) and "forearm" not in joined and "forehead" not in joined:
        end = "front"
    elif any(stem in joined for stem in ("thigh", "femur", "calf", "upleg", "shin", "tibia", "oberschenkel", "muslo", "cuisse")):
        end = "hind"
    elif any(stem in joined for stem in ("arm", "hand", "clavicle", "scapula", "humerus", "shoulder", "finger")):
        end = "front"
    return side, end


_JOINTS = {"shoulder": "upper", "hip": "upper", "elbow": "lower", "knee": "lower", "stifle": "lower", "wrist": "cannon",
           "ankle": "cannon", "hock": "cannon", "carpus": "cannon", "paw": "toes", "hoof": "toes", "foot": "toes", "hand": "toes"}
_ABOVE = {"upper": "girdle", "lower": "upper", "cannon": "lower", "toes": "cannon"}
LINK = "_link"
"""What Bestiary's skeletons in motion call a bone after the joint at its end by; their other bones have the name of the joint at
their head."""


def joint_segment(name: str) -> str:
    """The segment of a leg's bone that is named after a joint, as in Bestiary's skeletons in motion; empty for other names."""
    found = next((segment for word, segment in _JOINTS.items() if word in name.lower()), "")
    return _ABOVE.get(found, "") if name.endswith(LINK) else found


@lru_cache(4096)
def twin_key(name: str) -> str:
    """What two names of a left and a right bone have in common: the name without its side."""
    tokens = [token for token in _SPLIT.split(_CAMEL.sub(" ", name).lower()) if token]
    flat = [{"fl": "f_", "fr": "f_", "bl": "b_", "br": "b_", "hl": "h_", "hr": "h_", "rl": "r_", "rr": "r_"}.get(token, token)
            for token in tokens]
    kept = [re.sub("left|right", "", token) for token in flat if token not in _LEFT and token not in _RIGHT]
    return " ".join(kept)
