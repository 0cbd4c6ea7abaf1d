/** Forms in which what is seen can be saved: a picture, or its numbers; each is the file's ending. */
export const exportKinds = ["svg", "png", "csv", "json", "npz"] as const;

export type ExportKind = (typeof exportKinds)[number];

/** In menus. */
export const exportLabels: Readonly<Record<ExportKind, string>> = {
  svg: "Picture as SVG",
  png: "Picture as PNG",
  csv: "Numbers as CSV",
  json: "Numbers as JSON",
  npz: "Numbers as NPZ (NumPy)",
};
