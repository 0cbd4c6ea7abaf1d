import { describe } from "../../onnx/instrument";
import type { GraphReport } from "../../onnx/instrumented";
import { nodeFiles } from "../files";
import type { Home } from "./home";
import { parseOptions } from "./options";
import { UsageError } from "./usage";

/** `headlight graph`: what attention a graph has, layer by layer, and what was not found, with the reason. */
export async function graphCommand(args: string[], _home: Home): Promise<void> {
  const { values, positionals } = parseOptions(args, { json: { type: "boolean" } }, 1);
  const [file] = positionals;
  if (file === undefined) throw new UsageError("An .onnx file is needed.");
  const reader = await nodeFiles.open(file);
  try {
    const report = await describe(reader);
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : inWords(report));
  } finally {
    await reader.close();
  }
}

function inWords(report: GraphReport): string {
  const lines = [
    `${report.nNodes} nodes, ${report.precision}, by ${report.producer || "an unnamed producer"}, positions: ${report.positions.scheme}`,
  ];
  for (const { kind, layers } of report.blocks) {
    for (const { layer, pattern, nHeads, mask, has, node, note } of layers) {
      lines.push(
        `${kind} ${layer}: ${pattern}, ${nHeads ?? "?"} heads, mask ${mask}, has ${has.join(" ") || "nothing"} (${node})${note ? `; ${note}` : ""}`,
      );
    }
  }
  for (const { where, reason } of report.notFound) lines.push(`not taken: ${where}: ${reason}`);
  return `${lines.join("\n")}\n`;
}
