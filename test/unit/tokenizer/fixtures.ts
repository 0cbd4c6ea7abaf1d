import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The optional fixtures folder beside the checkout; tests that need it say so when it is absent. */
const root = join(import.meta.dirname, "../../../../shared/fixtures");

export const hasFixtures = existsSync(root);
if (!hasFixtures) console.warn("SKIPPED: tests against reference tokenizers need ../shared/fixtures");

/** What the reference library (Rust `tokenizers` 0.23.2, called from Python) makes of one text. */
export interface ReferenceRow {
  readonly id: string;
  readonly text: string;
  readonly ids: readonly number[];
  readonly offsets_utf16: readonly (readonly [number, number])[];
  readonly special: readonly (0 | 1)[];
  readonly decoded: string;
}

export function referenceTokenizers(): string[] {
  if (!hasFixtures) return [];
  return readdirSync(join(root, "tokenizers")).filter((name) => exists(`tokenizers/${name}/reference.json`));
}

export function referenceRows(name: string): ReferenceRow[] {
  return (readJson(`tokenizers/${name}/reference.json`) as { rows: ReferenceRow[] }).rows;
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function exists(path: string): boolean {
  return existsSync(join(root, path));
}
