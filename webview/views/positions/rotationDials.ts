import { html, svg } from "lit-html";
import { pairOf, type RopePairs } from "../../../src/core/positions/rope";
import { signedText } from "../../../src/paint/numberText";
import type { SchemeMarks } from "./schemePanels";
import { PAIRS } from "./schemes";

/** One vector of the run before and after its rotation, pair by pair. */
export interface Rotation {
  /** "q of saw (4)". */
  readonly name: string;
  readonly position: number;
  /** [d], as projected, and as the scores see it. */
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** Radians per position: [pairs]. */
  readonly frequencies: Float64Array;
  readonly pairs: RopePairs;
}

/** Dials beside each other; of more pairs every 2nd, 4th … is drawn. */
const MOST_DIALS = 32;
const SIZE = 40;
const RADIUS = 16;

/** Each pair of dimensions as a dial: the arrow before the rotation, the arrow after it, and the arc between. */
export function rotationDials(rotation: Rotation, marks: SchemeMarks) {
  const { name, position, frequencies } = rotation;
  const nPairs = frequencies.length;
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(nPairs / MOST_DIALS)));
  const shown = Array.from({ length: Math.ceil(nPairs / step) }, (_, i) => i * step);
  const longest = Math.max(
    Number.MIN_VALUE,
    ...shown.map((pair) => lengthOf(rotation, pair)).filter(Number.isFinite),
  );
  const marked = marks.chart?.label === PAIRS ? marks.chart.x : undefined;
  const at = marked === undefined ? -1 : shown.findIndex((pair) => Math.abs(pair - marked) < step);
  const point = (index: number | undefined) => {
    const pair = index === undefined ? undefined : shown[index];
    marks.point(undefined, pair === undefined ? undefined : { label: PAIRS, x: pair });
  };
  const onKey = (event: KeyboardEvent) => {
    const last = shown.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: Math.min(last, at + 1),
      ArrowLeft: Math.max(0, at < 0 ? last : at - 1),
      Home: 0,
      End: last,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    point(next);
  };
  const dialAt = (event: Event) => {
    const found = (event.target as Element).closest<SVGElement>("[data-dial]");
    return found ? Number(found.dataset.dial) : undefined;
  };
  const said = at < 0 ? `${nPairs} pairs of dimensions` : pairText(rotation, shown[at]!);
  return html`<figure class="rotation">
    <figcaption>
      <span class="chart-title">Rotation of ${name}: each pair by ${position} θ</span>
    </figcaption>
    <div
      class="dials"
      role="slider"
      tabindex="0"
      aria-label=${`Rotation of ${name}, pair by pair`}
      aria-valuemin="0"
      aria-valuemax=${shown.length - 1}
      aria-valuenow=${Math.max(0, at)}
      aria-valuetext=${said}
      @pointermove=${(event: PointerEvent) => point(dialAt(event))}
      @pointerleave=${() => point(undefined)}
      @keydown=${onKey}
    >
      ${shown.map(
        (pair, i) =>
          html`<svg
            class=${i === at ? "marked" : ""}
            data-dial=${i}
            viewBox=${`${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`}
            aria-hidden="true"
          >
            ${dial(rotation, pair, longest)}
          </svg>`,
      )}
    </div>
    <p class="here">
      ${
        at < 0
          ? html`<span class="unit"
              ><span class="before-sign">—</span> before, <span class="after-sign">—</span> after;
              ${step === 1 ? "" : `every ${ordinal(step)} of ${nPairs} pairs; `}length as in the vector</span
            >`
          : said
      }
    </p>
  </figure>`;
}

function dial(rotation: Rotation, pair: number, longest: number) {
  const [from, to] = [componentsOf(rotation, "before", pair), componentsOf(rotation, "after", pair)];
  const length = (RADIUS * lengthOf(rotation, pair)) / longest;
  const isDrawn = Number.isFinite(length);
  const tip = ([x, y]: readonly [number, number]) => {
    const size = Math.hypot(x, y) || 1;
    return [(x / size) * length, (-y / size) * length] as const;
  };
  const arrow = (components: readonly [number, number], name: string) => {
    const [x, y] = tip(components);
    return svg`<path class=${name} d=${`M0 0L${x.toFixed(2)} ${y.toFixed(2)}`}></path><circle class=${name} cx=${x.toFixed(2)} cy=${y.toFixed(2)} r="1.8"></circle>`;
  };
  return svg`<circle class="rim" r=${RADIUS}></circle>${
    isDrawn
      ? svg`${arrow(from, "before")}${arrow(to, "after")}`
      : svg`<text text-anchor="middle" dominant-baseline="central">${signedText(lengthOf(rotation, pair))}</text>`
  }`;
}

function componentsOf(
  { frequencies, pairs, ...vectors }: Rotation,
  which: "before" | "after",
  pair: number,
): [number, number] {
  const [first, second] = pairOf(pair, frequencies.length, pairs);
  return [vectors[which][first] ?? NaN, vectors[which][second] ?? NaN];
}

/** NaN where the vector is. */
function lengthOf(rotation: Rotation, pair: number): number {
  return Math.hypot(...componentsOf(rotation, "after", pair));
}

/** "pair 3: turned by 4 × 0.1778 = 0.7113 rad (41°), length 1.230". */
function pairText(rotation: Rotation, pair: number): string {
  const { position, frequencies } = rotation;
  const frequency = frequencies[pair]!;
  const angle = position * frequency;
  const degrees = Math.round((((angle * 180) / Math.PI) % 360) * 10) / 10;
  const length = lengthOf(rotation, pair);
  return `pair ${pair}: turned by ${position} × ${signedText(frequency)} = ${signedText(angle)} rad (${degrees}°), length ${signedText(length)}`;
}

function ordinal(step: number): string {
  return step === 2 ? "2nd" : `${step}th`;
}
