import type { DocumentRange, InspectorState } from "../protocol/viewContract";
import { integer, oneOf, optional, record, string } from "./fields";
import { parseSelection } from "./parseView";
import { MOST_CHARACTERS } from "./textToInspect";

/** The state a page kept; nothing where it is of another version or shape, so that the page starts afresh. */
export function parseState(raw: unknown): InspectorState | undefined {
  try {
    const state = record(raw, "state");
    oneOf(state.version, "version", [1]);
    const request = record(state.request, "request");
    const targetText = optional(request.targetText, (value) => string(value, "targetText", MOST_CHARACTERS));
    const continueBy = optional(request.continueBy, (value) => integer(value, "continueBy", 1, 100_000));
    const document = optional(request.document, parseDocumentRange);
    const selection = optional(state.selection, parseSelection);
    return {
      version: 1,
      request: {
        modelId: string(request.modelId, "modelId", 4096),
        text: string(request.text, "text", MOST_CHARACTERS),
        ...(targetText !== undefined && { targetText }),
        ...(continueBy !== undefined && { continueBy }),
        ...(request.inWindows === true && { inWindows: true }),
        ...(document && { document }),
      },
      ...(selection && { selection }),
    };
  } catch {
    return undefined;
  }
}

function parseDocumentRange(raw: unknown): DocumentRange {
  const range = record(raw, "document");
  const start = integer(range.start, "start");
  return {
    uri: string(range.uri, "uri", 8192),
    version: integer(range.version, "version"),
    start,
    end: integer(range.end, "end", start),
  };
}
