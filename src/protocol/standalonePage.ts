import { standaloneElementId } from "./standalone";

/** What a self-contained page is made of; `script` and `style` are the bundles dist/webview/standalone.{js,css}. */
export interface PageParts {
  readonly title: string;
  readonly script: string;
  readonly style: string;
}

/** No network: everything that the page may use stands in it. */
const policy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:";

/** The document around the data of `encodeStandalone`: what comes before it, and what after. */
export function standaloneDocument({ title, script, style }: PageParts): { before: string; after: string } {
  return {
    before: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${style.replaceAll("</style", "<\\/style")}</style>
</head>
<body>
<div id="page"></div>
<script type="application/json" id="${standaloneElementId}">`,
    after: `</script>
<script>${script.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`,
  };
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
