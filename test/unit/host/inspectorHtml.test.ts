import { expect, test } from "vitest";
import { inspectorHtml } from "../../../src/host/inspectorHtml";

const html = inspectorHtml({
  cspSource: "https://*.vscode-cdn.net",
  nonce: "abc",
  scriptUri: 'https://x/inspector.js?a=1&b="',
  styleUri: "https://x/inspector.css",
  language: "en",
});

test("allows scripts by nonce only, and styles and fonts from the webview's source only", () => {
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1];
  expect(policy).toContain(
    "default-src 'none'; script-src 'nonce-abc'; style-src https://*.vscode-cdn.net 'nonce-abc';",
  );
  expect(policy).not.toContain("unsafe");
});

test("has no inline style or handler, and escapes what it is given", () => {
  expect(html).not.toMatch(/ style=| on[a-z]+=|<style/);
  expect(html).toContain('src="https://x/inspector.js?a=1&amp;b=&quot;"');
});
