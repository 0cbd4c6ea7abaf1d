import fs from "node:fs";
import path from "node:path";
import { root } from "../folders.mjs";

/** What is shipped as files and so stands in no bundle. */
const COPIED = ["onnxruntime-web", "@resvg/resvg-wasm", "dejavu-fonts-ttf"];

/** The licences of every package that went into a bundle, from the bundles' own list of sources. */
export function thirdPartyNotices(metafile) {
  const names = new Set(COPIED.map((name) => path.join("node_modules", name)));
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (folder) names.add(folder);
  }
  const notices = [...names].sort().map((folder) => noticeOf(path.join(root, folder)));
  return `Headlight contains the following packages.\n\n${[...new Set(notices)].join("\n")}`;
}

function noticeOf(folder) {
  const { name, version, license, author, homepage } = JSON.parse(
    fs.readFileSync(path.join(folder, "package.json"), "utf8"),
  );
  const files = fs.readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  if (!license && !files.length) throw new Error(`${name} ${version} does not say its licence.`);
  const texts = files.map((file) => fs.readFileSync(path.join(folder, file), "utf8").trim());
  const by = typeof author === "string" ? author : author?.name;
  const head = [`${name} ${version}`, license, by, homepage].filter(Boolean).join("\n");
  const rule = "-".repeat(80);
  return `${rule}\n${head}\n\n${texts.join("\n\n") || standardText(license, by)}\n`;
}

/** For packages that name a licence but do not carry its text. */
function standardText(license, holder) {
  if (license !== "MIT") return `See https://spdx.org/licenses/${license}.html`;
  return `Copyright (c) ${holder ?? "its authors"}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}
