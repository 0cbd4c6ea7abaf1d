import { noChange } from "lit-html";
import { directive, Directive, PartType, type ElementPart, type PartInfo } from "lit-html/directive.js";
import { contrastRatio, cssColour, type Rgb } from "../../src/paint/colour";
import type { Palette } from "../../src/paint/palette";
import { rampColour, type Ramp } from "../../src/paint/ramp";
import { place, type Scale } from "../../src/paint/scale";

/** How numbers become colours behind text. */
export interface Shading {
  readonly ramp: Ramp;
  readonly scale: Scale;
  readonly palette: Palette;
}

/**
 * `<span ${shaded(weight, shading)}>` colours an element by a weight, and its text so that it can be read; nothing where
 * there is no weight. Properties are set one by one: the page's policy forbids style attributes.
 */
export const shaded = directive(
  class extends Directive {
    constructor(info: PartInfo) {
      super(info);
      if (info.type !== PartType.ELEMENT) throw new Error("shaded belongs on an element");
    }

    render(_weight: number | undefined, _shading: Shading) {
      return noChange;
    }

    override update(part: ElementPart, [weight, shading]: [number | undefined, Shading]) {
      shadeElement(part.element as HTMLElement, weight, shading);
      return noChange;
    }
  },
);

export function shadeElement(
  element: HTMLElement,
  weight: number | undefined,
  { ramp, scale, palette }: Shading,
): void {
  const colour = weight === undefined || !(weight > 0) ? undefined : rampColour(ramp, place(scale, weight));
  element.style.backgroundColor = colour ? cssColour(colour) : "";
  element.style.color = colour ? cssColour(readableOn(colour, palette.foreground, palette.background)) : "";
}

/** The first of the candidates that reads well on the ground, else black or white. */
function readableOn(ground: Rgb, ...candidates: Rgb[]): Rgb {
  const all = [...candidates, [0, 0, 0] as const, [255, 255, 255] as const];
  const readable = all.find((colour) => contrastRatio(colour, ground) >= 4.5);
  return readable ?? all.sort((a, b) => contrastRatio(b, ground) - contrastRatio(a, ground))[0]!;
}
