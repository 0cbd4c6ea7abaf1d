import { verificationDiffers } from "../../core/errors";
import { largestDifference, verdictOf, type Verification } from "../../core/verification";
import { verificationTable } from "../../core/verificationTable";
import { createEngine } from "../../engine/handle";
import { inlineStarter } from "../../engine/inline";
import { createService } from "../../engine/worker/service";
import { nodePlatform } from "../platform";
import type { Home } from "./home";
import { parseNumbers, parseOptions } from "./options";
import { showProgress } from "./progress";
import { readRequest, requestOptions } from "./request";

const optionKinds = { ...requestOptions, threads: { type: "string" }, json: { type: "boolean" } } as const;

/** `headlight verify`: the weights of one run against softmax(q·k·scale + mask) computed again; exit code 1 where they differ. */
export async function verifyCommand(args: string[], home: Home): Promise<void> {
  const { values } = parseOptions(args, optionKinds);
  const [threads = 0] = values.threads === undefined ? [] : parseNumbers("--threads", values.threads);
  const request = await readRequest(values, home);
  const platform = nodePlatform(home.runtimeFolder);
  const engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads, byteBudget: Infinity },
  );
  engine.onEvent({ progress: ({ stage, fraction }) => showProgress(stage, fraction) });
  const result = await engine.verify(request);
  showProgress(undefined);
  const verdict = verdictOf(result);
  process.stdout.write(
    values.json ? `${JSON.stringify({ verdict, ...result }, null, 2)}\n` : inWords(result, verdict),
  );
  if (verdict === "differs") throw verificationDiffers(result.model.name, largestDifference(result));
}

function inWords(result: Verification, verdict: ReturnType<typeof verdictOf>): string {
  const { model, nTokens, layers } = result;
  const nRows = layers.reduce((sum, layer) => sum + layer.nRows, 0);
  const nMissing = layers.filter(({ missing }) => missing !== undefined).length + result.notTaken.length;
  const sentence =
    nRows === 0
      ? `${model.name}: no weights could be computed again`
      : verdict === "differs"
        ? `${model.name}: some weights differ from those computed again`
        : `${model.name}: the weights are the same when computed again`;
  const rest = nMissing > 0 ? `; ${nMissing} could not be computed again` : "";
  const table = verificationTable(result, {
    block: "block",
    layer: "layer",
    rows: "rows",
    difference: "largest difference",
    output: "weights x v",
    remark: "remark",
  });
  const figures = `${nTokens} tokens, ${nRows} rows, largest difference ${largestDifference(result).toExponential(1)}`;
  return `${sentence} (${figures})${rest}\n\n${table}`;
}
