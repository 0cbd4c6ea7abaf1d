"""Text as the corpus keeps it: without personal data, addresses, notices and mark-up that only a renderer needs."""

import re

EMAIL = re.compile(r"[\w.+-]+(?:@| at )[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"(?:https?|ftp|git)://[^\s\"'`<>)\]]+")
NOTICE = re.compile(
    r"copyright|©|\bauthors?\b\s*[:=]|@author|__author__|__credits__|sectionauthor|moduleauthor|contributed by|written by"
    r"|maintain(?:er|ed by)|all rights reserved|SPDX-|licensed under|suggested by|patch by|thanks to|reported by",
    re.I,
)
CREDIT = re.compile(r"\((?:Contributed|Patch|Reported|Suggested)[^()]*(?:\([^()]*\)[^()]*)*\)", re.S)

RST_DROP = re.compile(
    r"^\s*(?:\.\. (?:_|index::|highlight|toctree|currentmodule|only|raw|include|literalinclude|tabularcolumns|versionadded"
    r"|versionchanged|deprecated|deprecated-removed|audit-event|availability|testsetup|testcleanup|impl-detail|contents|image|figure)"
    r"|:(?:maxdepth|name|numbered|hidden|caption|noindex|synopsis|platform|alt|align|widths|header-rows|source|class|linenos|emphasize-lines)\b).*$"
)
RST_RULE = re.compile(r"^\s*([=\-~^\"*#+.'`:])\1{3,}\s*$")
RST_ROLE = re.compile(r":(?:[a-z-]+:)?[a-z-]+:`~?!?([^`<]*?)(?:\s*<[^`>]*>)?`")
RST_DIRECTIVE = re.compile(r"^(\s*)\.\. (?:[a-z]+:)?[a-z-]+:: ?", re.M)
RST_TABLE = re.compile(r"^\s*(?:[+|].*[+|]|=+(?: +=+)+)\s*$")
MARKDOWN_DROP = re.compile(r"^\s*(?:<!--.*|.*-->|\[[^\]]+\]: .*|added: .*|changes:|- version:.*|pr-url: .*|[ *-]*description: .*)$")
LINK = re.compile(r"\[([^\]\n]+)\]\((?:[^)\n]*)\)|\[(`[^\]\n]+`)\]\[[^\]\n]*\]")


def clean(text: str, kind: str) -> str:
    """The text with personal data, addresses and notices removed, and rst or Markdown mark-up thinned."""
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    text = CREDIT.sub("", text)
    if kind == "rst":
        text = strip_rst(text)
    if kind == "markdown":
        text = "\n".join(line for line in LINK.sub(lambda m: m[1] or m[2], text).split("\n") if not MARKDOWN_DROP.match(line))
    lines = [URL.sub("", EMAIL.sub("", line)).rstrip() for line in text.split("\n") if not NOTICE.search(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def strip_rst(text: str) -> str:
    """reStructuredText as its reader would see it: no directives' names, roles, rules or table frames."""
    kept = [line for line in text.split("\n") if not (RST_DROP.match(line) or RST_RULE.match(line) or RST_TABLE.match(line))]
    text = RST_DIRECTIVE.sub(r"\1", "\n".join(kept))
    return RST_ROLE.sub(r"`\1`", text).replace("``", "`")


def readable(text: str) -> bool:
    """False for minified or mostly non-Latin files, which a small vocabulary cannot spell."""
    if len(text) < 200:
        return False
    lines = text.split("\n")
    foreign = sum(ord(c) > 0x2FF for c in text) / len(text)
    return foreign < 0.01 and len(text) / len(lines) < 110
