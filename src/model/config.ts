import type { ModelSummary, PositionScheme } from "../core/run";

/** What Headlight reads of a Hugging Face config.json; everything may be absent. */
export interface ModelConfig {
  readonly architecture?: string;
  readonly kind: ModelSummary["kind"];
  readonly nLayers?: number;
  readonly nHeads?: number;
  /** Most tokens the model reads, where the config says. */
  readonly context?: number;
  readonly vocab?: number;
  readonly decoderStartTokenId?: number;
  /** What stands behind the start of every target: a language, a task, a forced first token. */
  readonly targetPrompt: readonly number[];
  /** Most tokens of a target, where it differs from what the source may have. */
  readonly targetContext?: number;
  readonly bosTokenId?: number;
  readonly padTokenId?: number;
  /** Any of them ends what a model writes. */
  readonly endTokenIds: readonly number[];
  /** Numbers of a query or key vector. */
  readonly dHead?: number;
  /** How positions are marked, where the config says. */
  readonly positions?: {
    readonly scheme: PositionScheme;
    readonly parameters: Readonly<Record<string, number>>;
  };
}

/** Model types that are encoders though nothing else in their config says so. */
const encoders =
  /^(bert|distilbert|roberta|xlm-roberta|camembert|electra|albert|deberta|deberta-v2|mpnet|nomic_bert|modernbert|vit|deit|beit|dinov2|clip_vision_model|hubert|wav2vec2|esm|layoutlm|mobilebert|squeezebert|convbert|funnel|longformer|big_bird|swin)$/;

/**
 * Reads a config.json of any origin: fields of the wrong type count as absent. What generation_config.json says of the
 * same field comes first, as it does for those who wrote both.
 */
export function parseConfig(raw: unknown, ofGeneration?: unknown): ModelConfig {
  const fields = { ...fieldsOf(raw), ...present(fieldsOf(ofGeneration), GENERATION_FIELDS) };
  if (Object.keys(fields).length === 0) return { kind: "unknown", endTokenIds: [], targetPrompt: [] };
  // Models of several parts keep the language model's numbers one level down.
  const inner = typeof fields.text_config === "object" ? (fields.text_config as Record<string, unknown>) : {};
  const count = (...names: string[]) => firstCount(fields, names) ?? firstCount(inner ?? {}, names);
  const architecture = typeof fields.model_type === "string" ? fields.model_type : undefined;
  const nHeads = count("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads");
  const width = count("hidden_size", "n_embd", "d_model", "dim");
  return {
    architecture,
    kind: kindOf(fields, architecture),
    nLayers: count("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"),
    nHeads,
    dHead:
      count("head_dim", "d_kv") ?? (nHeads && width && width % nHeads === 0 ? width / nHeads : undefined),
    positions: positionsOf({ ...inner, ...fields }, architecture),
    context: count("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length"),
    vocab: count("vocab_size"),
    decoderStartTokenId: index(fields.decoder_start_token_id),
    targetPrompt: promptOf(fields),
    targetContext: count("max_target_positions"),
    bosTokenId: index(fields.bos_token_id),
    padTokenId: index(fields.pad_token_id),
    endTokenIds: indices(fields.eos_token_id ?? inner?.eos_token_id),
  };
}

const GENERATION_FIELDS = [
  "decoder_start_token_id",
  "bos_token_id",
  "eos_token_id",
  "pad_token_id",
  "forced_bos_token_id",
  "forced_decoder_ids",
];

function fieldsOf(raw: unknown): Record<string, unknown> {
  return typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
}

function present(fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) =>
      fields[name] === undefined || fields[name] === null ? [] : [[name, fields[name]]],
    ),
  );
}

/** forced_decoder_ids are pairs [place, id] from place 1 on; a place without an id is the model's own to write. */
function promptOf({ forced_bos_token_id, forced_decoder_ids }: Record<string, unknown>): number[] {
  const first = index(forced_bos_token_id);
  const pairs = Array.isArray(forced_decoder_ids) ? (forced_decoder_ids as unknown[]) : [];
  const forced = new Map(
    pairs.flatMap((pair): [unknown, number | undefined][] =>
      Array.isArray(pair) ? [[pair[0], index(pair[1])]] : [],
    ),
  );
  const prompt = first === undefined ? [] : [first];
  for (let id = forced.get(prompt.length + 1); id !== undefined; id = forced.get(prompt.length + 1)) {
    prompt.push(id);
  }
  return prompt;
}

/** Model types that learn a table of positions and have no field that says so. */
const learnedTables =
  /^(gpt2|gpt_neo|openai-gpt|opt|bert|distilbert|roberta|xlm-roberta|camembert|electra|albert|vit|deit|beit)$/;

function positionsOf(fields: Record<string, unknown>, architecture = ""): ModelConfig["positions"] {
  const number = (name: string) => (typeof fields[name] === "number" ? fields[name] : undefined);
  const base = number("rope_theta");
  if (base !== undefined && base > 0) return { scheme: "rope", parameters: { base } };
  const nBuckets = number("relative_attention_num_buckets");
  if (nBuckets !== undefined) {
    const maxDistance = number("relative_attention_max_distance") ?? 128;
    return { scheme: "relative-bias", parameters: { buckets: nBuckets, maxDistance } };
  }
  if (fields.alibi === true || architecture === "bloom") return { scheme: "alibi", parameters: {} };
  if (learnedTables.test(architecture)) return { scheme: "learned", parameters: {} };
  return undefined;
}

function kindOf(fields: Record<string, unknown>, architecture = ""): ModelSummary["kind"] {
  if (fields.is_encoder_decoder === true) return "encoder-decoder";
  if (encoders.test(architecture)) return fields.is_decoder === true ? "causal" : "encoder";
  const names = Array.isArray(fields.architectures) ? fields.architectures.join(" ") : "";
  if (/CausalLM|LMHead/.test(names) || fields.is_decoder === true) return "causal";
  return "unknown";
}

function firstCount(fields: Record<string, unknown>, names: string[]): number | undefined {
  for (const name of names) {
    const value = fields[name];
    if (Number.isInteger(value) && (value as number) > 0) return value as number;
  }
  return undefined;
}

function index(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** One id, or a list of them. */
function indices(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map(index).filter((id) => id !== undefined);
}
