import { registerControls } from "./controls";
import { connectHost } from "./host";
import { lendEngine } from "./lendEngine";
import { mountPage, pageEvents } from "./page";

registerControls();
const events = pageEvents();
mountPage(document.getElementById("page")!, connectHost(events.receivers, lendEngine), events);
