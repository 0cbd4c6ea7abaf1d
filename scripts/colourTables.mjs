// Writes src/paint/colourTables.ts from d3-scale-chromatic: `node scripts/colourTables.mjs`
import { writeFileSync } from "node:fs";
import { rgb } from "d3-color";
import {
  interpolateCividis,
  interpolateGreys,
  interpolateMagma,
  interpolateViridis,
} from "d3-scale-chromatic";

const maps = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  magma: interpolateMagma,
  greys: interpolateGreys,
};

const table = (interpolate) =>
  Array.from({ length: 256 }, (_, index) =>
    rgb(interpolate(index / 255))
      .formatHex()
      .slice(1),
  ).join("");

const source = `// Made by scripts/colourTables.mjs from d3-scale-chromatic 3.1.1 (ISC); do not edit.

/** 256 colours each, from low to high, as RRGGBB without separators. */
export const colourTables = {
${Object.entries(maps)
  .map(([name, interpolate]) => `  ${name}:\n    "${table(interpolate)}",`)
  .join("\n")}
} as const;
`;
writeFileSync(new URL("../src/paint/colourTables.ts", import.meta.url), source);
