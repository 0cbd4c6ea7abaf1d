"""Where the training reads and writes; nothing under WORK is committed."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
WORK = Path(os.environ.get("HEADLIGHT_TRAINING", HERE / ".work"))
NODE_MODULES = Path(os.environ.get("HEADLIGHT_NODE_MODULES", REPOSITORY / "node_modules"))
NPM_PACKS = Path(os.environ.get("HEADLIGHT_NPM_PACKS", WORK / "npm"))
MODELS = Path(os.environ.get("HEADLIGHT_MODELS", REPOSITORY / "media" / "models"))
GOLDEN = Path(os.environ.get("HEADLIGHT_GOLDEN", REPOSITORY / "test" / "golden" / "models"))


def work(name: str) -> Path:
    """A file of the work folder; its parent is made if it is missing."""
    path = WORK / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
