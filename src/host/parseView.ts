import type { ErrorReport } from "../core/errors";
import type { HeadChoice } from "../core/run";
import type { PinSlot } from "../protocol/panelContract";
import { viewNames, type GenerateMessage, type InspectorSelection } from "../protocol/viewContract";
import { malformedMessage } from "./errors";
import { integer, oneOf, optional, record, string } from "./fields";
import { index, parseChoice, parseMeasure, runId } from "./parseChoice";
import { MOST_CHARACTERS } from "./textToInspect";

export function parseSelection(raw: unknown): InspectorSelection {
  const selection = record(raw, "selection");
  const query = optional(selection.query, (value) => index(value, "query"));
  return {
    view: oneOf(selection.view, "view", viewNames),
    choice: parseChoice(selection.choice),
    measure: parseMeasure(selection.measure),
    ...(query !== undefined && { query }),
  };
}

export function parsePin(raw: unknown): { slot: PinSlot; choice?: HeadChoice } {
  const message = record(raw, "pin");
  const choice = optional(message.choice, parseChoice);
  return { slot: parseSlot(message.slot), ...(choice && { choice }) };
}

export function parseChoosePin(raw: unknown): { slot: PinSlot; choice: HeadChoice } {
  const message = record(raw, "choosePin");
  return { slot: parseSlot(message.slot), choice: parseChoice(message.choice) };
}

export function parseRunPin(raw: unknown): { slot: PinSlot; part: boolean } {
  const message = record(raw, "runPin");
  return { slot: parseSlot(message.slot), part: message.part === true };
}

export function parseReveal(raw: unknown): { runId: string; side: "source" | "target"; index: number } {
  const message = record(raw, "revealToken");
  return {
    runId: runId(message.runId),
    side: oneOf(message.side, "side", ["source", "target"]),
    index: index(message.index, "index"),
  };
}

/** How far to continue, and a target; at least one token where a number is given. */
export function parseGenerate(raw: unknown): GenerateMessage {
  const message = record(raw, "generate");
  const nTokens = optional(message.nTokens, (value) => integer(value, "nTokens", 1, 100_000));
  const targetText = optional(message.targetText, (value) => string(value, "targetText", MOST_CHARACTERS));
  return { ...(nTokens !== undefined && { nTokens }), ...(targetText !== undefined && { targetText }) };
}

export function parseScoringRuns(raw: unknown): { text: string } {
  return { text: string(record(raw, "scoringRuns").text, "text", MOST_SCORED_CHARACTERS) };
}

/** Longer than any date; what is too long for the models they refuse themselves. */
const MOST_SCORED_CHARACTERS = 1000;

/** Bytes to save, and a bare file name: whatever could lead out of a folder is taken off. */
export function parseSave(raw: unknown): { name: string; bytes: Uint8Array } {
  const message = record(raw, "save");
  const name = string(message.name, "name", 200)
    .replace(/^.*[/\\]/, "")
    .replace(/[\u0000-\u001f<>:"|?*]/g, "_");
  if (name === "" || name === "." || name === "..") throw malformedMessage("name", "an empty file name");
  if (!(message.bytes instanceof Uint8Array)) throw malformedMessage("bytes", "not bytes");
  return { name, bytes: message.bytes };
}

/** What a page says of its own failure: a word for the log and a sentence for the person. */
export function parseExportFailed(raw: unknown): ErrorReport {
  const error = record(record(raw, "exportFailed").error, "error");
  const detail = optional(error.detail, (value) => string(value, "detail", 10_000));
  const code = string(error.code, "code", 100);
  return { code, message: string(error.message, "message", 1000), ...(detail && { detail }) };
}

const parseSlot = (raw: unknown) => oneOf(raw, "slot", ["a", "b"]);
