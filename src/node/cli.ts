import path from "node:path";
import { main } from "./cli/main";

const home = path.join(__dirname, "..", "..");
void main(process.argv.slice(2), {
  modelsFolder: path.join(home, "media", "models"),
  runtimeFolder: path.join(home, "dist", "runtime"),
  pageFolder: path.join(home, "dist", "webview"),
  pictureFolder: path.join(home, "dist", "picture"),
}).then((code) => {
  // The runtime's threads would keep the process; what was printed to a pipe must be out first.
  process.stdout.write("", () => process.exit(code));
});
