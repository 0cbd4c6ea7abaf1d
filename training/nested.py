"""Generated statements with nested brackets and strings: what a head needs to learn where it is, denser than in files."""

import random

LIST = "items names rows cols values paths nodes tokens words lines keys files users parts data args scores result".split()
CALL = "get set print len map filter join split find push append update format read write open parse sorted zip range max min isinstance require assert load make build Object Array String list dict tuple".split()
WORDS = "the a file is not in of for with no such value was found key end start name line user open close error missing invalid expected but got unknown option type path done loading please try again it's can't".split()
PUNCTUATION = ["(", ")", "[", "]", "{", "}", ":", ",", "%s", "%d", "{}", "{0}", "...", "!", "?"]


class Generator:
    """Statements in Python or in JavaScript, by a seeded grammar."""

    def __init__(self, rng: random.Random, script: bool):
        self.rng, self.script = rng, script

    def name(self) -> str:
        return self.rng.choice(LIST) if self.rng.random() < 0.7 else self.rng.choice("abcdefgijkmnpqrstxyz")

    def string(self) -> str:
        quote = self.rng.choice("\"'`" if self.script else "\"'")
        words = [self.rng.choice(PUNCTUATION) if self.rng.random() < 0.15 else self.rng.choice(WORDS) for _ in range(self.rng.choice((0, 1, 1, 2, 3, 5, 8, 12)))]
        text = " ".join(words)
        return quote + text.replace("'", "" if quote == "'" else "'") + quote

    def value(self, depth: int) -> str:
        roll = self.rng.random()
        if depth <= 0 or roll < 0.28:
            return self.rng.choice((self.name, self.name, self.string, self.number))()
        if roll < 0.5:
            return f"{self.rng.choice(CALL)}({self.many(depth - 1)})"
        if roll < 0.66:
            return f"[{self.many(depth - 1)}]"
        if roll < 0.8:
            pairs = ", ".join(f"{self.key()}: {self.value(depth - 1)}" for _ in range(self.rng.randint(1, 4)))
            return f"{{ {pairs} }}" if self.script else f"{{{pairs}}}"
        if roll < 0.88:
            return f"{self.name()}[{self.value(depth - 1)}]"
        if roll < 0.95:
            return f"({self.value(depth - 1)} {self.rng.choice(['+', '-', '*', '==', '<', '>'])} {self.value(depth - 1)})"
        return f"{self.name()}.{self.rng.choice(CALL)}({self.many(depth - 1)})"

    def key(self) -> str:
        return self.name() if self.script else self.string()

    def number(self) -> str:
        return str(self.rng.choice((0, 1, 2, 3, 10, 16, 100, 255, 1024, self.rng.randint(0, 9999))))

    def many(self, depth: int) -> str:
        return ", ".join(self.value(depth) for _ in range(self.rng.choice((0, 1, 1, 2, 2, 3, 4, 6))))

    def statement(self, indent: str) -> str:
        value = self.value(self.rng.randint(1, 5))
        end = ";" if self.script else ""
        form = self.rng.random()
        if form < 0.4:
            declare = self.rng.choice(("const ", "let ", "")) if self.script else ""
            return f"{indent}{declare}{self.name()} = {value}{end}"
        if form < 0.6:
            return f"{indent}return {value}{end}"
        if form < 0.8:
            return f"{indent}{self.rng.choice(CALL)}({self.many(3)}){end}"
        if self.script:
            return f"{indent}if ({value}) {{\n{self.statement(indent + '  ')}\n{indent}}}"
        return f"{indent}if {value}:\n{self.statement(indent + '    ')}"


def make_nested(size: int, seed: int = 1) -> list[str]:
    """Documents of a dozen statements, `size` bytes together; the same for the same seed."""
    rng = random.Random(seed)
    documents, made = [], 0
    while made < size:
        generator = Generator(rng, rng.random() < 0.5)
        text = "\n".join(generator.statement("") for _ in range(rng.randint(4, 14))) + "\n"
        documents.append(text)
        made += len(text)
    return documents


if __name__ == "__main__":
    print("\n".join(make_nested(2000)))
