import type { Tensor } from "./tensor";

/** Numbers as DynamicQuantizeLinear of ONNX leaves them: rounded to 256 steps over their own range, 0 among them. */
export function roundedTo8Bits({ dims, data }: Tensor): Tensor {
  let [least, most] = [0, 0];
  for (const number of data) {
    least = Math.min(least, number);
    most = Math.max(most, number);
  }
  const step = Math.fround((most - least) / 255);
  if (!(step > 0)) return { dims, data };
  const zero = Math.min(255, Math.max(0, halfToEven(Math.fround(-least / step))));
  const round = (number: number) => {
    const whole = halfToEven(Math.fround(number / step)) + zero;
    return (Math.min(255, Math.max(0, whole)) - zero) * step;
  };
  return { dims, data: data.map(round) };
}

function halfToEven(number: number): number {
  const rounded = Math.round(number);
  return rounded - number === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
