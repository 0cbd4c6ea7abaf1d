import { signal, type ReadonlySignal } from "@preact/signals-core";
import { blend, parseColour, type Rgb } from "../src/paint/colour";
import { isDark, paperPalette, type Palette } from "../src/paint/palette";

/** The theme's colours for painting, and the fonts of the page. Follows the theme. */
export interface Theme {
  readonly palette: Palette;
  readonly font: string;
  /** The editor's font: for tokens. */
  readonly tokenFont: string;
  readonly highContrast: boolean;
}

/** VS Code changes the variables on the root element and the classes on the body when the theme changes. */
export function watchTheme(): ReadonlySignal<Theme> {
  const theme = signal(readTheme());
  let request = 0;
  const read = () => {
    const next = readTheme();
    if (JSON.stringify(next) !== JSON.stringify(theme.peek())) theme.value = next;
  };
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(request);
    request = requestAnimationFrame(read);
  });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style", "class"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-kind"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", read);
  return theme;
}

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const variable = (name: string) => style.getPropertyValue(`--vscode-${name}`).trim();
  const background = parseColour(variable("editor-background")) ?? paperPalette.background;
  const colour = (names: readonly string[], otherwise: Rgb): Rgb => {
    for (const name of names) {
      const found = parseColour(variable(name), background);
      if (found) return found;
    }
    return otherwise;
  };
  const foreground = colour(["editor-foreground", "foreground"], paperPalette.foreground);
  const dark = isDark({ ...paperPalette, background });
  const palette: Palette = {
    background,
    foreground,
    muted: colour(["descriptionForeground"], blend(background, foreground, 0.72)),
    line: colour(["contrastBorder"], blend(background, foreground, 0.22)),
    query: dark ? [255, 167, 66] : paperPalette.query,
    error: colour(["errorForeground"], paperPalette.error),
  };
  return {
    palette,
    font: variable("font-family") || "system-ui, sans-serif",
    tokenFont: variable("editor-font-family") || "monospace",
    highContrast: document.body.classList.contains("vscode-high-contrast"),
  };
}
