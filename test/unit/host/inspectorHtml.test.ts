import { expect, test } from "vitest";
import { inspectorHtml } from "../../../src/host/inspectorHtml";

const page = {
  cspSource: "https://*.vscode-cdn.net",
  nonce: "abc",
  scriptUri: 'https://x/inspector.js?a=1&b="',
  styleUri: "https://x/inspector.css",
  language: "en",
};
const html = inspectorHtml(page);
const policyOf = (document: string) => /Content-Security-Policy" content="([^"]*)"/.exec(document)![1];

test("allows scripts by nonce only, and styles and fonts from the webview's source only", () => {
  const policy = policyOf(html);
  expect(policy).toContain(
    "default-src 'none'; script-src 'nonce-abc'; style-src https://*.vscode-cdn.net 'nonce-abc';",
  );
  expect(policy).not.toContain("unsafe");
  expect(policy).not.toMatch(/worker-src|connect-src/);
});

test("where an engine may run in it, allows workers from blobs, WebAssembly and the extension's files besides, and no script but its own", () => {
  const policy = policyOf(inspectorHtml({ ...page, lendsEngine: true }));
  const added = ["'wasm-unsafe-eval'", "worker-src blob:", "connect-src https://*.vscode-cdn.net"];
  for (const one of added) expect(policy).toContain(one);
  expect(policy).toContain("script-src 'nonce-abc' 'wasm-unsafe-eval';");
  expect(policy).not.toMatch(/'unsafe-(inline|eval)'/);
});

test("has no inline style or handler, and escapes what it is given", () => {
  expect(html).not.toMatch(/ style=| on[a-z]+=|<style/);
  expect(html).toContain('src="https://x/inspector.js?a=1&amp;b=&quot;"');
});
