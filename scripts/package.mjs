// Builds for release and packs headlight-VERSION.vsix. `npm run package`
import fs from "node:fs";
import { packVsix } from "./package/vsix.mjs";

const { file, bundles } = await packVsix();
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1).padStart(9)} KB`;
for (const { name, byteLength } of bundles) console.log(`${kilobytes(byteLength)}  ${name}`);
console.log(`${kilobytes(fs.statSync(file).size)}  ${file}`);
