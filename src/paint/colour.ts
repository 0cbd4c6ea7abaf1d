/** Red, green, blue, each 0..255, opaque. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** OKLab: lightness 0..1 and two opponent axes (Ottosson 2020, "A perceptual color space for image processing"). */
export type Oklab = readonly [lightness: number, a: number, b: number];

/** Reads #rgb, #rrggbb, #rrggbbaa, rgb() and rgba(); alpha is laid over `background`. Undefined for anything else. */
export function parseColour(css: string, background: Rgb = [255, 255, 255]): Rgb | undefined {
  const parts = parseHex(css.trim()) ?? parseFunction(css.trim());
  if (!parts) return undefined;
  const [red, green, blue, alpha] = parts;
  return blend(background, [red, green, blue], alpha);
}

/** `amount` 0 is `from`, 1 is `to`; as a layer of that opacity would show. */
export function blend(from: Rgb, to: Rgb, amount: number): Rgb {
  const mix = (channel: 0 | 1 | 2) => from[channel] + (to[channel] - from[channel]) * amount;
  return [mix(0), mix(1), mix(2)];
}

export function cssColour(colour: Rgb): string {
  return `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
}

/** One pixel as canvas image data holds it on a little-endian machine. */
export function pixelOf([red, green, blue]: Rgb): number {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/** Contrast ratio 1..21 (WCAG 2.2, "contrast ratio"). */
export function contrastRatio(one: Rgb, other: Rgb): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

export function toOklab(colour: Rgb): Oklab {
  const [red, green, blue] = colour.map(toLinear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** The nearest displayable colour, channel by channel. */
export function fromOklab([lightness, a, b]: Oklab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map(toLinear) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function toLinear(channel: number): number {
  const value = channel / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function fromLinear(value: number): number {
  const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.min(255, Math.max(0, encoded * 255));
}

function parseHex(css: string): [number, number, number, number] | undefined {
  const digits = /^#([0-9a-f]{3,8})$/i.exec(css)?.[1];
  if (!digits || digits.length === 5 || digits.length === 7) return undefined;
  const long = digits.length < 6 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const byte = (at: number) => parseInt(long.slice(at, at + 2), 16);
  return [byte(0), byte(2), byte(4), long.length === 8 ? byte(6) / 255 : 1];
}

function parseFunction(css: string): [number, number, number, number] | undefined {
  const inner = /^rgba?\(([^)]*)\)$/i.exec(css)?.[1];
  const numbers = inner?.split(/[\s,/]+/).filter(Boolean) ?? [];
  const [red, green, blue, alpha = "1"] = numbers;
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  const parsed = [red, green, blue].map(Number);
  const opacity = alpha.endsWith("%") ? Number(alpha.slice(0, -1)) / 100 : Number(alpha);
  if (![...parsed, opacity].every(Number.isFinite)) return undefined;
  return [parsed[0]!, parsed[1]!, parsed[2]!, opacity];
}
