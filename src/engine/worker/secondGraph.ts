import { inputNotGiven } from "../../core/errors";
import type { GraphInput, GraphOutput } from "../../onnx/instrumented";
import type { RawInput } from "../../protocol/engineContract";
import type { RuntimeTensor } from "../runtime";
import type { FeedRequest } from "./feeds";
import { roleOf } from "./inputRoles";

/** The encoder's result that a decoder in another file reads: named so, else the first of three axes. */
export function statesOutput(outputs: readonly GraphOutput[]): string | undefined {
  const named = outputs.find(({ name }) => /last_hidden_state|encoder_hidden_states|hidden/.test(name));
  return (named ?? outputs.find(({ dims }) => dims.length === 3) ?? outputs[0])?.name;
}

/** What the decoder of an encoder-decoder in two files reads: its own ids, and what the encoder made of the source. */
export function decoderRequest(
  inputs: readonly GraphInput[],
  { modelName, padId, raw = {} }: FeedRequest,
  encoded: { readonly states?: RuntimeTensor; readonly nTokens?: number },
  targetIds: readonly number[] | undefined,
): FeedRequest {
  const { states } = encoded;
  const given: Record<string, RawInput> = {};
  for (const input of inputs) {
    const { name } = input;
    const own = raw[OF_DECODER[name] ?? name];
    if (own && !OF_ENCODER.has(name)) given[name] = own;
    else if (takesStates(input, inputs)) {
      if (!states) throw inputNotGiven(modelName, name, input.type, "[batch, source, width]");
      given[name] = states as RawInput;
    } else if (name === "encoder_attention_mask") {
      given[name] = raw.attention_mask ?? ones(encoded.nTokens ?? states?.dims[1] ?? 0);
    }
  }
  return { modelName, padId, raw: given, ids: given.input_ids ? undefined : targetIds };
}

/** The decoder calls its own ids "input_ids", as the encoder does its. */
const OF_DECODER: Readonly<Record<string, string>> = {
  input_ids: "decoder_input_ids",
  attention_mask: "decoder_attention_mask",
  position_ids: "decoder_position_ids",
};
const OF_ENCODER = new Set(["encoder_attention_mask"]);

/** By name, else the only input of three axes of floats that is no cache. */
function takesStates(input: GraphInput, inputs: readonly GraphInput[]): boolean {
  if (roleOf(input) === "encoder_states") return true;
  if (inputs.some((one) => roleOf(one) === "encoder_states")) return false;
  const candidates = inputs.filter(
    (one) => roleOf(one) === undefined && one.dims.length === 3 && one.type.startsWith("float"),
  );
  return candidates.length === 1 && candidates[0] === input;
}

function ones(length: number): RawInput {
  return { dims: [1, length], type: "int64", data: new BigInt64Array(length).fill(1n) };
}
