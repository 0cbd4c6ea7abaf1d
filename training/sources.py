"""What the corpus is made of: permissively licensed text that the machine or an npm package carries."""

from dataclasses import dataclass
from pathlib import Path

from paths import NODE_MODULES, NPM_PACKS

MB = 1_000_000


@dataclass(frozen=True)
class Source:
    """One origin of text; `cap` bounds its bytes so that no origin outweighs the rest."""

    name: str
    licence: str
    root: Path
    patterns: tuple[str, ...]
    kind: str  # "rst" | "markdown" | "python" | "script"
    cap: int = 20 * MB
    skip: tuple[str, ...] = ()


DIST_PACKAGES = Path("/usr/lib/python3/dist-packages")
PYTHON_TESTS = ("/test/", "/tests/", "/idlelib/", "/lib2to3/", "/turtledemo/", "/encodings/", "/pydoc_data/", "/ensurepip/")

SOURCES = (
    Source("Python 3.11 documentation (python3-doc)", "PSF-2.0 / 0BSD", Path("/usr/share/doc/python3.11/html/_sources"), ("*.rst.txt",), "rst", skip=("/whatsnew/", "changelog", "license", "copyright", "/distutils/")),
    Source("Python 3.11 standard library", "PSF-2.0", Path("/usr/lib/python3.11"), ("*.py",), "python", skip=PYTHON_TESTS),
    Source("CMake 3.25 manual (cmake-data)", "BSD-3-Clause", Path("/usr/share/cmake-3.25/Help"), ("*.rst",), "rst", cap=2 * MB, skip=("/release/",)),
    Source("NumPy (python3-numpy)", "BSD-3-Clause", DIST_PACKAGES / "numpy", ("*.py",), "python", cap=3 * MB, skip=("/tests/", "/distutils/", "/f2py/")),
    Source("PyTorch nn, optim, distributions (python3-torch)", "BSD-3-Clause", DIST_PACKAGES / "torch", ("nn/**/*.py", "optim/**/*.py", "distributions/**/*.py", "_torch_docs.py", "_tensor_docs.py"), "python", cap=2 * MB),
    Source("Node.js API documentation", "MIT", Path("/usr/share/doc/nodejs/api"), ("*.md",), "markdown"),
    Source("fastify documentation (fastify 5)", "MIT", NPM_PACKS / "fastify", ("docs/**/*.md",), "markdown"),
    Source("undici documentation and types", "MIT", NODE_MODULES / "undici", ("docs/**/*.md", "types/*.d.ts"), "markdown"),
    Source("typescript lib.*.d.ts", "Apache-2.0", NODE_MODULES / "typescript/lib", ("lib*.d.ts",), "script", cap=2 * MB),
    Source("@types/node", "MIT", NODE_MODULES / "@types/node", ("**/*.d.ts",), "script"),
    Source("@types/vscode", "MIT", NODE_MODULES / "@types/vscode", ("*.d.ts",), "script"),
    Source("rxjs 7", "Apache-2.0", NPM_PACKS / "rxjs", ("src/**/*.ts",), "script"),
    Source("zod", "MIT", NODE_MODULES / "zod", ("src/**/*.ts",), "script", cap=int(1.5 * MB), skip=("/locales/",)),
    Source("ajv", "MIT", NODE_MODULES / "ajv", ("lib/**/*.ts",), "script"),
    Source("cheerio", "MIT", NODE_MODULES / "cheerio", ("src/**/*.ts",), "script"),
    Source("htmlparser2", "MIT", NODE_MODULES / "htmlparser2", ("src/**/*.ts",), "script"),
    Source("undici", "MIT", NODE_MODULES / "undici", ("lib/**/*.js",), "script"),
    Source("eslint", "MIT", NODE_MODULES / "eslint", ("lib/**/*.js",), "script", cap=2 * MB),
    Source("yaml", "ISC", NODE_MODULES / "yaml", ("dist/**/*.js",), "script"),
    Source("mocha", "MIT", NODE_MODULES / "mocha", ("lib/**/*.js",), "script"),
    Source("markdown-it", "MIT", NODE_MODULES / "markdown-it", ("lib/**/*.mjs",), "script"),
    Source("@azure/core-client", "MIT", NODE_MODULES / "@azure/core-client", ("dist/esm/*.js",), "script"),
    Source("@azure/identity", "MIT", NODE_MODULES / "@azure/identity", ("dist/esm/**/*.js",), "script"),
    Source("@microsoft/fast-foundation", "MIT", NODE_MODULES / "@microsoft/fast-foundation", ("dist/esm/**/*.js",), "script"),
    Source("fast-check", "MIT", NODE_MODULES / "fast-check", ("lib/esm/**/*.js",), "script"),
    Source("underscore", "MIT", NODE_MODULES / "underscore", ("modules/*.js",), "script"),
    Source("onnxruntime-web", "MIT", NODE_MODULES / "onnxruntime-web", ("lib/**/*.ts",), "script", cap=int(1.2 * MB)),
    Source("onnxruntime-common", "MIT", NODE_MODULES / "onnxruntime-common", ("lib/**/*.ts",), "script"),
    Source("@huggingface/transformers 3.8.1", "Apache-2.0", NPM_PACKS / "transformers", ("src/**/*.js",), "script"),
    Source("@huggingface/jinja", "MIT", NPM_PACKS / "jinja", ("src/**/*.ts",), "script"),
    Source("typescript: typescript.js, a part", "Apache-2.0", NODE_MODULES / "typescript/lib", ("typescript.js",), "script", cap=3 * MB),
)
