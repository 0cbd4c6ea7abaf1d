const minus = "\u2212";

/** A weight for the readout: 4 digits after the point; what is not zero never reads as zero, nor as one. */
export function readoutWeight(value: number): string {
  return weightText(value, (size) => {
    const fixed = size.toFixed(4);
    return size < 1 && fixed === "1.0000" ? ">0.9999" : fixed;
  });
}

/** A weight for tables: 3 significant digits. */
export function tableWeight(value: number): string {
  return weightText(value, (size) => (size < 1 && size >= 0.9995 ? ">0.999" : size.toPrecision(3)));
}

/** A probability in whole percent; what is not zero never reads as 0%, nor what is not one as 100%. */
export function percentText(probability: number): string {
  if (!Number.isFinite(probability)) return notFinite(probability);
  const whole = Math.round(probability * 100);
  if (whole === 0 && probability > 0) return "<1%";
  return whole === 100 && probability < 1 ? ">99%" : `${whole}%`;
}

/** A score or another signed number: 4 significant digits, with an exponent when very large or small. */
export function signedText(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size >= 1e6 || size < 1e-4 ? size.toExponential(2) : size.toPrecision(4);
  return value < 0 ? minus + text.replace("e-", `e${minus}`) : text.replace("e-", `e${minus}`);
}

/** The short form for marks of a scale: no trailing zeros. */
export function tickText(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const text = String(Number(Math.abs(value).toPrecision(3)));
  return value < 0 ? minus + text : text;
}

function weightText(value: number, write: (size: number) => string): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (value === 0) return "0";
  if (value === 1) return "1";
  const size = Math.abs(value);
  const text = size < 0.001 ? "<0.001" : write(size);
  return value < 0 ? minus + text : text;
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : `${minus}∞`;
}
