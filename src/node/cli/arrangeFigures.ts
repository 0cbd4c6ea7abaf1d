/** Several figures as one: below each other, or in a grid about as wide as high. One figure stays as it is. */
export function arrangeFigures(figures: readonly string[], how: "column" | "grid"): string {
  if (figures.length === 1) return figures[0]!;
  const sizes = figures.map(sizeOf);
  const nColumns = how === "column" ? 1 : Math.ceil(Math.sqrt(figures.length));
  const width = Math.max(...sizes.map((size) => size.width));
  const height = how === "column" ? 0 : Math.max(...sizes.map((size) => size.height));
  let y = 0;
  const placed = figures.map((figure, index) => {
    const column = index % nColumns;
    const x = column * width;
    const top = how === "column" ? y : Math.floor(index / nColumns) * height;
    if (how === "column") y += sizes[index]!.height;
    return figure.replace("<svg", `<svg x="${x}" y="${top}"`);
  });
  const total = how === "column" ? y : Math.ceil(figures.length / nColumns) * height;
  const size = `width="${nColumns * width}" height="${total}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${placed.join("")}</svg>`;
}

function sizeOf(figure: string): { width: number; height: number } {
  const [, width, height] = /^[^>]*?<svg[^>]*? width="([\d.]+)"[^>]*? height="([\d.]+)"/s.exec(figure) ?? [];
  if (width === undefined || height === undefined) throw new Error("A figure does not state its size");
  return { width: Number(width), height: Number(height) };
}
