import type { PanelContract, PanelEvents } from "../src/protocol/panelContract";
import { registerControls } from "./controls";
import { connectHost } from "./host";
import { earlyEvents, mountPanel } from "./panel/panelPage";

registerControls();
const events = earlyEvents();
mountPanel(
  document.getElementById("page")!,
  connectHost<PanelContract, PanelEvents>(events.receivers),
  events,
);
