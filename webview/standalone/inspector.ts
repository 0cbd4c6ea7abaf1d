import { toReport } from "../../src/core/errors";
import { parseStandalone, standaloneElementId } from "../../src/protocol/standalone";
import { registerControls } from "../controls";
import { mountPage, pageEvents } from "../page";
import { standaloneHost } from "./standaloneHost";

registerControls();
const root = document.getElementById("page")!;
try {
  const content = parseStandalone(document.getElementById(standaloneElementId)?.textContent ?? "");
  mountPage(root, standaloneHost(content), pageEvents());
} catch (error) {
  root.textContent = toReport(error).message;
}
