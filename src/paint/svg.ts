type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element as text; attribute values are escaped, children are taken as they are. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeText(typeof value === "number" ? pixels(value) : value!)}"`)
    .join("");
  return children.length ? `<${name}${written}>${children.join("")}</${name}>` : `<${name}${written}/>`;
}

export function text(content: string, x: number, y: number, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, [escapeText(content)]);
}

/** A whole picture; `title` is what a screen reader says. */
export function svgDocument(
  width: number,
  height: number,
  background: string,
  title: string,
  children: readonly string[],
): string {
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      ...size,
      viewBox: `0 0 ${size.width} ${size.height}`,
      role: "img",
      "font-family": sansSerif,
      "font-size": 12,
    },
    [element("title", {}, [escapeText(title)]), element("rect", { ...size, fill: background }), ...children],
  );
}

export const sansSerif =
  "system-ui, 'Segoe UI', Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK SC', sans-serif";
export const monospace =
  "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', monospace";

/** Characters that XML 1.0 does not allow become U+FFFD. */
export function escapeText(content: string): string {
  return content
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** At most two digits after the point. */
export function pixels(value: number): string {
  return String(Math.round(value * 100) / 100);
}
