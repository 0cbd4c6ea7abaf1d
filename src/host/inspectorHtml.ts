/** Where the page's files are, as the webview sees them. */
export interface InspectorPage {
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** Fresh for each page, at least 128 random bits. */
  readonly nonce: string;
  /** dist/webview/inspector.js and inspector.css through `asWebviewUri`; their folder must be a local resource root. */
  readonly scriptUri: string;
  readonly styleUri: string;
  readonly language: string;
  /** Whether engines may run in the page. */
  readonly lendsEngine?: boolean;
  /** What the page says, English to `language`; nothing where that is English. */
  readonly words?: Readonly<Record<string, string>>;
}

/** Id of the element that carries the words: data, which no policy has to allow. */
const WORDS = "headlight-words";

/**
 * The document of the inspector: everything else is drawn by the script. No inline style and no inline handler,
 * so the policy needs neither 'unsafe-inline' nor 'unsafe-eval'. Workers, WebAssembly and fetching the extension's own
 * files are allowed only where an engine may run in it.
 */
export function inspectorHtml(page: InspectorPage): string {
  const { lendsEngine = false } = page;
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${page.nonce}'${lendsEngine ? " 'wasm-unsafe-eval'" : ""}`,
    ...(lendsEngine ? ["worker-src blob:", `connect-src ${page.cspSource}`] : []),
    // The controls probe the browser with a style element that carries the nonce below.
    `style-src ${page.cspSource} 'nonce-${page.nonce}'`,
    `font-src ${page.cspSource}`,
    `img-src ${page.cspSource} data: blob:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${attribute(page.language)}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${attribute(policy)}" />
    <meta property="csp-nonce" content="${attribute(page.nonce)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${attribute(page.styleUri)}" />
    <title>Headlight</title>
  </head>
  <body>
    <div id="page"></div>${
      page.words
        ? `
    ${dataBlock(page.words)}`
        : ""
    }
    <script type="module" nonce="${attribute(page.nonce)}" src="${attribute(page.scriptUri)}"></script>
  </body>
</html>
`;
}

/** No "<" inside, so that nothing in it can end the element. */
function dataBlock(words: Readonly<Record<string, string>>): string {
  const json = JSON.stringify(words).replaceAll("<", "\\u003c");
  return `<script type="application/json" id="${WORDS}">${json}</script>`;
}

function attribute(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
