import type { FoundAttention, NotFound } from "../attention";
import type { Known } from "../known";
import { isStandard } from "../graph";
import { groupQueryAttention } from "./groupQuery";
import { isMultiHead, multiHeadAttention } from "./multiHead";
import { packedAttention } from "./packed";
import { standardAttention } from "./standard";

/** Operators that compute attention and cannot be taken apart, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  DecoderAttention: "com.microsoft.DecoderAttention keeps its weights to itself",
  DecoderMaskedSelfAttention: "com.microsoft.DecoderMaskedSelfAttention runs on CUDA only",
  LongformerAttention: "com.microsoft.LongformerAttention has no weights of all queries to all keys",
  SparseAttention: "com.microsoft.SparseAttention has no weights of all queries to all keys",
  PackedAttention: "com.microsoft.PackedAttention runs on CUDA only",
  PackedMultiHeadAttention: "com.microsoft.PackedMultiHeadAttention runs on CUDA only",
  PagedAttention: "com.microsoft.PagedAttention runs on CUDA only",
  LinearAttention: "linear attention has no weights",
  BeamSearch: "its attention is inside a loop that generates text (com.microsoft.BeamSearch)",
  GreedySearch: "its attention is inside a loop that generates text (com.microsoft.GreedySearch)",
  Sampling: "its attention is inside a loop that generates text (com.microsoft.Sampling)",
  WhisperBeamSearch: "its attention is inside a loop that generates text (com.microsoft.WhisperBeamSearch)",
};

/** Attention that one operator computes. */
export function findFused(
  known: Known,
  isWebGpu: boolean,
): { found: FoundAttention[]; notFound: NotFound[] } {
  const { shapes, flow } = known;
  const opset = flow.model.opsets[""] ?? 0;
  const found: FoundAttention[] = [];
  const notFound: NotFound[] = [];
  for (const op of flow.ops) {
    let result: FoundAttention | string | undefined;
    const { domain, opType } = op.node;
    if (isStandard(op.node) && opType === "Attention") result = standardAttention(op, shapes);
    else if (domain === "com.microsoft") {
      if (isMultiHead(opType)) result = multiHeadAttention(op, shapes);
      else if (opType === "GroupQueryAttention") result = groupQueryAttention(op, shapes, opset, isWebGpu);
      else if (opType === "Attention" || opType === "QAttention") result = packedAttention(op, shapes, opset);
      else if (Object.hasOwn(REFUSED, opType)) result = REFUSED[opType];
    }
    if (typeof result === "string") notFound.push({ op, reason: result });
    else if (result) found.push(result);
  }
  return { found, notFound };
}
