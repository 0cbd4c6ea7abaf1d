"""Dates as people write them, their ISO form, and where in the text the year, the month and the day stand."""

import random
from dataclasses import dataclass

from characters import Characters, character_tokenizer

START, END, OTHER = "<|start|>", "<|end|>", "<|other|>"
TOKENIZER = character_tokenizer([START, END, OTHER], " 0123456789abcdefghijklmnopqrstuvwxyz.,/-'", OTHER, None, lowercase=True)
CHARACTERS = Characters(TOKENIZER)
SOURCE_LIMIT, TARGET_LIMIT = 48, 48

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
DAYS_IN = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FORMS = (
    "{d} {M} {y}", "{d} {m3} {y}", "{M} {d}, {y}", "{m3} {d}, {y}", "{m3} {d} {y}", "{o} {M} {y}", "{M} {o}, {y}", "the {o} of {M} {y}",
    "{w}, {d} {M} {y}", "{w}, {M} {d}, {y}", "{w} {d} {m3} {y}", "{w}, the {o} of {M} {y}", "{y} {M} {d}", "{y}, {M} {o}", "{y} {m3} {dd}",
    "{d}.{n}.{y}", "{dd}.{nn}.{y}", "{y}/{nn}/{dd}", "{y}.{nn}.{dd}", "{dd}-{m3}-{y}", "{d} {m3}. {y}", "{M} the {o}, {y}", "in {y}, on {M} {d}", "in {y}, on the {o} of {M}",
)
FIELDS = ("year", "month", "day")
# Rows of the decoder that foresee each field's characters: row 0 reads the start symbol and foresees the first digit of the year.
TARGET_ROWS = {"year": (0, 1, 2, 3), "month": (5, 6), "day": (8, 9)}


@dataclass(frozen=True)
class Example:
    """A source, its ISO target and the fields' character spans in the source (end exclusive)."""

    source: str
    target: str
    spans: dict[str, tuple[int, int]]


def example(rng: random.Random) -> Example:
    """One date of 1800 to 2199 in one of the forms, in any of three letter cases."""
    year, month = rng.randint(1800, 2199), rng.randint(1, 12)
    day = rng.randint(1, DAYS_IN[month - 1])
    name = MONTHS[month - 1]
    parts = {"y": str(year), "M": name, "m3": name[:3], "n": str(month), "nn": f"{month:02}", "d": str(day), "dd": f"{day:02}", "o": ordinal(day), "w": rng.choice(WEEKDAYS)}
    fields = {"y": "year", "M": "month", "m3": "month", "n": "month", "nn": "month", "d": "day", "dd": "day", "o": "day"}
    text, spans = "", {}
    for piece in rng.choice(FORMS).split("{"):
        key, _, rest = piece.rpartition("}")
        if key:
            if key in fields:
                spans[fields[key]] = (len(text), len(text) + len(parts[key]))
            text += parts[key]
        text += rest
    return Example(text, f"{year}-{month:02}-{day:02}", spans)


def ordinal(day: int) -> str:
    ending = "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def source_ids(e: Example) -> list[int]:
    return CHARACTERS.encode(e.source)


def target_ids(e: Example) -> list[int]:
    """The start symbol, ten characters, the end symbol."""
    return [CHARACTERS.vocab[START], *CHARACTERS.encode(e.target), CHARACTERS.vocab[END]]


def examples(count: int, seed: int, avoid: frozenset[str] = frozenset()) -> list[Example]:
    """`count` examples whose ISO date is none of `avoid`."""
    rng, found = random.Random(seed), []
    while len(found) < count:
        e = example(rng)
        if e.target not in avoid:
            found.append(e)
    return found
