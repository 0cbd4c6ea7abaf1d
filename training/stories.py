"""A generator of plain English: short scenes in which names, things and places come back, so that looking back pays."""

import random

NAMES = [(n, "he", "his", "him") for n in "Tom Omar Ivan Wei Luis Karl Ravi Finn Hugo Noah".split()] + [(n, "she", "her", "her") for n in "Anna Mei Sara Lena Nadia Ruth Olga Ines Kim Zoe".split()]
PLACES = "kitchen garden library station market harbour school office museum bridge park workshop village forest bakery theatre".split()
THINGS = "box key letter lamp book map cup coat bottle basket drum camera saw hammer apple bell mirror rope clock chair".split()
COLOURS = "red blue green yellow white black brown small large old new heavy broken wooden".split()
ANIMALS = "cat dog horse bird fox goat duck rabbit mouse sheep".split()
FEELINGS = "tired hungry happy late cold afraid busy thirsty lost curious".split()
VERBS = [("opened", "open"), ("closed", "close"), ("carried", "carry"), ("found", "find"), ("lost", "lose"), ("cleaned", "clean"), ("painted", "paint"), ("hid", "hide"), ("saw", "see"), ("sold", "sell"), ("bought", "buy"), ("dropped", "drop")]
WEATHER = "It was raining.|The sun was out.|The wind was cold.|It was a quiet morning.|It was late in the evening.|Snow lay on the road.|The street was empty.".split("|")
GAMES = "Olympics|Winter Games|Summer Games|World Cup|conference|book fair|film festival|marathon".split("|")
CITIES = "Beijing Paris London Tokyo Moscow Berlin Rome Oslo Cairo Lima Seoul Madrid Vienna Athens Sydney Toronto".split()
ANSWERS = "Yes|No|Of course|Not yet|Perhaps|I think so|Certainly not".split("|")


def scene(rng: random.Random) -> str:
    """Five to twelve sentences about two people, one animal, one or two things and a place."""
    (a, he, his, him), (b, she, her, herm) = rng.sample(NAMES, 2)
    place, place2 = rng.sample(PLACES, 2)
    x, y = (f"{rng.choice(COLOURS)} {t}" for t in rng.sample(THINGS, 2))
    animal, feeling, colour = rng.choice(ANIMALS), rng.choice(FEELINGS), rng.choice(COLOURS)
    (did, do), (did2, do2) = rng.sample(VERBS, 2)
    city, year, game = rng.choice(CITIES), rng.randint(1960, 2024), rng.choice(GAMES)
    n = rng.choice(["two", "three", "four", "five", "six"])
    lines = [
        f"{a} went to the {place} because {he} wanted to {do} the {x}.",
        f"{a} {did} the {x}, and then {he} {did2} the {y}.",
        f"\"Where is the {x}?\" asked {b}. \"The {x} is in the {place},\" said {a}.",
        f"The {animal} did not cross the street because it was too {feeling}.",
        f"The {animal} slept under the {y}, and the {animal} did not wake up when {b} {did} the {x}.",
        f"{b} gave {a} the {x}, and {a} gave {b} the {y}.",
        f"{a} and {b} met in the {place2}. {a} told {b} about the {x}.",
        f"In {year} the {game} took place in {city}. {b} remembered the {year} {city} {game} very well.",
        f"\"I saw a {y.split()[-1]} in {city},\" said {b}. \"A {y.split()[-1]}?\" asked {a}. \"{rng.choice(ANSWERS)},\" {she} said.",
        f"First, {he} {did} the {x}. Second, {he} {did2} the {y}. Third, {he} {did} the {x} again.",
        f"When {b} came back to the {place}, {she} saw that the {x} was gone.",
        f"{b} had {n} {animal}s, and each {animal} was {feeling}.",
        f"If the {x} is {colour}, then the {y} is not {colour}, said {a}.",
        f"{a} was {feeling}, so {he} took {his} {y} and went home to the {place2}.",
        f"{b} looked at {him} and smiled, because {she} was not {feeling} any more.",
        f"The {x} was on the table (next to the {y}), and the key [the {colour} one] was in the {place}.",
        rng.choice(WEATHER),
    ]
    return " ".join(rng.sample(lines, rng.randint(5, 12)))


def make_stories(size: int, seed: int = 0) -> list[str]:
    """Documents of three to six scenes, `size` bytes together; the same for the same seed."""
    rng = random.Random(seed)
    documents, made = [], 0
    while made < size:
        text = "\n\n".join(scene(rng) for _ in range(rng.randint(3, 6))) + "\n"
        documents.append(text)
        made += len(text)
    return documents
