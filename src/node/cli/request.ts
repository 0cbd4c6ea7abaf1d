import type { InspectRequest } from "../../protocol/engineContract";
import { findModel } from "./findModel";
import type { Home } from "./home";
import { readNpz } from "./npz";
import { oneOf, parseNumbers } from "./options";
import { readText } from "./readText";
import { UsageError } from "./usage";

/** Which model runs on what: the options that commands with a run share. */
export const requestOptions = {
  model: { type: "string" },
  text: { type: "string" },
  file: { type: "string" },
  ids: { type: "string" },
  "target-text": { type: "string" },
  "target-ids": { type: "string" },
  inputs: { type: "string" },
} as const;

type Values = { readonly [name in keyof typeof requestOptions]?: string };

/** Reads the files that the options name. */
export async function readRequest(values: Values, home: Home): Promise<InspectRequest> {
  if (values.model === undefined) throw new UsageError("--model is needed.");
  oneOf(values, ["text", "file", "ids"], values.inputs === undefined ? 1 : 0);
  oneOf(values, ["target-text", "target-ids"], 0);
  const numbers = (name: "ids" | "target-ids") => {
    const value = values[name];
    return value === undefined ? undefined : parseNumbers(`--${name}`, value);
  };
  const ids = numbers("ids");
  const targetIds = numbers("target-ids");
  const { source } = await findModel(values.model, home.modelsFolder);
  return {
    model: source,
    text: values.file === undefined ? values.text : await readText(values.file),
    ids,
    targetText: values["target-text"],
    targetIds,
    inputs: values.inputs === undefined ? undefined : await readNpz(values.inputs),
  };
}
