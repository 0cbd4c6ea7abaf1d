import { shownMeasures } from "../core/measures/measure";
import type { BlockKind, HeadAddress, HeadChoice } from "../core/run";
import { integer, oneOf, record, string } from "./fields";

export function parseChoice(raw: unknown): HeadChoice {
  const choice = record(raw, "choice");
  return {
    block: block(choice.block),
    layer: choice.layer === "all" ? "all" : index(choice.layer, "layer"),
    head: choice.head === "mean" || choice.head === "max" ? choice.head : index(choice.head, "head"),
  };
}

export function parseAddress(raw: unknown): HeadAddress {
  const address = record(raw, "address");
  return {
    block: block(address.block),
    layer: index(address.layer, "layer"),
    head: index(address.head, "head"),
  };
}

export const parseMeasure = (raw: unknown) => oneOf(raw, "measure", shownMeasures);
export const block = (raw: unknown): BlockKind => oneOf(raw, "block", ["encoder", "decoder", "cross"]);
export const runId = (raw: unknown) => string(raw, "runId", 200);
/** Of a layer, head or token. */
export const index = (raw: unknown, what: string) => integer(raw, what, 0, 10_000_000);
