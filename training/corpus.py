"""Builds the corpus: one text file per document kept, a manifest with a hash per document, and the held-out split by file.

    python3 corpus.py        (a minute; needs python3-doc, cmake-data, nodejs, node_modules and the packages named in README.md)
"""

import hashlib
import json
import re

from clean import clean, readable
from paths import work
from sources import SOURCES, Source
from stories import make_stories

DOCUMENT_LIMIT = 400_000  # characters; longer files are cut, so that one generated file does not outweigh hundreds
STORY_BYTES = 2_500_000


def main() -> None:
    seen: set[str] = set()
    documents = []
    for source in SOURCES:
        documents += read(source, seen)
    documents += [("own", "own stories", f"stories/{i}", text) for i, text in enumerate(make_stories(STORY_BYTES))]
    write(documents)


def read(source: Source, seen: set[str]) -> list[tuple[str, str, str, str]]:
    """(licence, source, path, text) of a source's documents, without paragraphs that an earlier document had."""
    paths = sorted({p for pattern in source.patterns for p in source.root.rglob(pattern) if p.is_file()}, key=lambda p: hashlib.md5(p.name.encode()).hexdigest())
    documents, size = [], 0
    for path in paths:
        if any(part in str(path) for part in source.skip):
            continue
        text = clean(path.read_text("utf-8", "replace"), source.kind)[: DOCUMENT_LIMIT if source.cap >= 4_000_000 or len(paths) > 1 else source.cap]
        text = without_repeats(text, seen)
        if not readable(text):
            continue
        if size + len(text) > source.cap:
            break
        size += len(text)
        documents.append((source.licence, source.name, str(path.relative_to(source.root)), text))
    return documents


def without_repeats(text: str, seen: set[str]) -> str:
    """Drops paragraphs of 160 characters or more that stood in an earlier document: licences, generated declarations."""
    kept = []
    for paragraph in text.split("\n\n"):
        if len(paragraph) >= 160:
            key = re.sub(r"\W+", "", paragraph)
            if key in seen:
                continue
            seen.add(key)
        kept.append(paragraph)
    return "\n\n".join(kept)


def held_out(name: str) -> bool:
    """One file in forty, chosen by its name's hash."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 40 == 0


def write(documents: list[tuple[str, str, str, str]]) -> None:
    """train.jsonl, heldout.jsonl, manifest.json in the work folder."""
    manifest: dict[str, dict] = {}
    with work("train.jsonl").open("w") as train, work("heldout.jsonl").open("w") as heldout:
        for licence, source, path, text in documents:
            held = held_out(f"{source}/{path}")
            (heldout if held else train).write(json.dumps({"source": source, "path": path, "text": text}) + "\n")
            entry = manifest.setdefault(source, {"licence": licence, "files": 0, "bytes": 0, "heldOutFiles": 0, "sha256": {}})
            entry["files"] += 1
            entry["bytes"] += len(text.encode())
            entry["heldOutFiles"] += held
            entry["sha256"][path] = hashlib.sha256(text.encode()).hexdigest()[:16]
    work("manifest.json").write_text(json.dumps(manifest, indent=1))
    for source, entry in sorted(manifest.items(), key=lambda item: -item[1]["bytes"]):
        together = hashlib.sha256("".join(f"{path} {digest}\n" for path, digest in sorted(entry["sha256"].items())).encode()).hexdigest()
        print(f"| {source} | {entry['licence']} | {entry['files']} | {entry['bytes'] / 1e6:.2f} | {together[:12]} |")
    print("total MB", sum(e["bytes"] for e in manifest.values()) / 1e6)


if __name__ == "__main__":
    main()
