import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { decode } from "fast-png";
import type { Locator } from "playwright-core";
import { expect } from "vitest";

const golden = path.resolve(import.meta.dirname, "../golden/browser");
const seen = path.resolve(import.meta.dirname, "../../out/browser");

/** Of 255: text is drawn a little differently by each version of a font or browser. */
const tolerance = 40;
/** Share of pixels that may differ by more. */
const share = 0.02;

/**
 * Compares an element with the kept picture of that name; `HEADLIGHT_PICTURES=1` keeps it anew. What was
 * seen is written to out/browser either way.
 */
export async function expectPicture(shown: Locator, name: string): Promise<void> {
  const shot = await shown.screenshot();
  mkdirSync(seen, { recursive: true });
  writeFileSync(path.join(seen, `${name}.png`), shot);
  const kept = path.join(golden, `${name}.png`);
  if (process.env.HEADLIGHT_PICTURES) {
    mkdirSync(golden, { recursive: true });
    writeFileSync(kept, shot);
    return;
  }
  expect(existsSync(kept), `${name}.png is not kept: run with HEADLIGHT_PICTURES=1`).toBe(true);
  const [one, other] = [decode(shot), decode(readFileSync(kept))];
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  expect(differingShare(one, other), `out/browser/${name}.png differs from test/golden/browser`).toBeLessThan(
    share,
  );
}

function differingShare(one: ReturnType<typeof decode>, other: ReturnType<typeof decode>): number {
  let differing = 0;
  const nPixels = one.width * one.height;
  for (let pixel = 0; pixel < nPixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const a = one.data[pixel * one.channels + channel]!;
      const b = other.data[pixel * other.channels + channel]!;
      if (Math.abs(a - b) > tolerance) {
        differing++;
        break;
      }
    }
  }
  return differing / nPixels;
}
