"""Where each character of a source file stands: its innermost open bracket, its string's opening quote, its line's start."""

from dataclasses import dataclass

OPENERS, CLOSERS = "([{", {")": "(", "]": "[", "}": "{"}
NONE = -1


@dataclass
class Structure:
    """Per character, the offset of the thing it is inside of, or NONE; and whether it is plain code (no string, no comment)."""

    bracket: list[int]
    quote: list[int]
    code: list[bool]


def scan(text: str, script: bool) -> Structure:
    """A lexer of Python or JavaScript that is just deep enough; an opening quote of three is its last character's offset."""
    n = len(text)
    found = Structure([NONE] * n, [NONE] * n, [False] * n)
    stack: list[int] = []
    i = 0
    while i < n:
        end = comment_end(text, i, script)
        if end:
            for j in range(i, end):
                found.bracket[j] = stack[-1] if stack else NONE
            i = end
            continue
        c = text[i]
        if c in "\"'" or (c == "`" and script):
            i = string(text, i, script, stack, found)
            continue
        if c in CLOSERS and stack and text[stack[-1]] == CLOSERS[c]:
            stack.pop()
        found.bracket[i] = stack[-1] if stack else NONE
        found.code[i] = True
        if c in OPENERS:
            stack.append(i)
        i += 1
    return found


def comment_end(text: str, i: int, script: bool) -> int:
    """Where a comment that starts at i ends, or 0."""
    if script and text.startswith("/*", i):
        end = text.find("*/", i)
        return len(text) if end < 0 else end + 2
    if (script and text.startswith("//", i)) or (not script and text[i] == "#"):
        end = text.find("\n", i)
        return len(text) if end < 0 else end
    return 0


def string(text: str, i: int, script: bool, stack: list[int], found: Structure) -> int:
    """Marks a string that starts at i; returns where the text goes on. One line only, but for triple quotes and templates."""
    quote = text[i]
    fence = quote * 3 if not script and text.startswith(quote * 3, i) else quote
    j = i + len(fence)
    while j < len(text) and not text.startswith(fence, j):
        if text[j] == "\n" and len(fence) == 1 and quote != "`":
            break
        j += 2 if text[j] == "\\" else 1
    end = min(j + (len(fence) if text.startswith(fence, j) else 0), len(text))
    opener = i + len(fence) - 1
    for k in range(i, end):
        found.bracket[k] = stack[-1] if stack else NONE
        if i + len(fence) <= k < j:
            found.quote[k] = opener
    return max(end, i + 1)
