/** What the command line takes; shown for --help, and in part for wrong usage. */
export const usage = `Usage:
  headlight inspect --model <embedded id | folder | file.onnx>
                    (--text S | --file PATH | --ids 1,2,3)      text goes through the model's tokenizer; ids go in as they are
                    [--target-text S | --target-ids 1,2,3]      decoder side of an encoder-decoder
                    [--inputs FILE.npz]                         raw inputs by input name (images, audio, masks)
                    [--generate N]                              go on greedily by N tokens: a causal model's text, the target of an encoder-decoder
                    [--layers 0,2] [--what weights|scores|qkv|output,...]
                                                                default: all layers, weights
                    [--measure weights|scores|value-weighted|norm-weighted|rollout|flow]
                                                                what pictures and pages show, and files hold besides --what
                    [--backend wasm] [--threads N]
                    [--out FILE]...                             .npz .json .csv .svg .png .html by its ending
                    [--json]                                    a summary on standard output
  headlight tokens  --model <id | folder> (--text S | --file PATH | --jsonl FILE) --json
  headlight graph   FILE.onnx --json
  headlight models  --json
  headlight verify  --model <id | folder | file.onnx>           the weights against softmax(q·k·scale + bias + mask),
                    (--text S | --file PATH | --ids 1,2,3 |     computed again in float64; exit code 1 where they differ
                     --inputs FILE.npz) [--target-text S | --target-ids 1,2,3] [--json]
`;

/** Wrong usage: exit code 2, as opposed to bad input. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
