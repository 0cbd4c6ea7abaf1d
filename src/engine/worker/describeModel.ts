import { HeadlightError } from "../../core/errors";
import type { ModelFacts } from "../../core/modelFacts";
import type { ModelSource } from "../../core/modelSource";
import type { FileReader, Files } from "../../model/files";
import { survey } from "../../onnx/instrument";
import type { GraphReport } from "../../onnx/instrumented";
import { checkModelSize } from "./limits";

/** Scans a model's graphs by parts, without opening them in the runtime; undefined where they still bear the stamp. */
export async function describeModel(
  source: ModelSource,
  files: Files,
  stamp?: string,
): Promise<ModelFacts | undefined> {
  const references = [source.graph, ...(source.decoder ? [source.decoder] : [])];
  const now = (await Promise.all(references.map((reference) => stampOf(files, reference)))).join(" ");
  if (now === stamp) return undefined;
  try {
    const parts = [];
    for (const reference of references) parts.push(await scanned(files, reference));
    return { stamp: now, ...factsOf(source, parts) };
  } catch (error) {
    // A file that is no model is a fact of the list, not a failure of it.
    if (!(error instanceof HeadlightError)) throw error;
    const sizeBytes = Number(now.split(":")[0]);
    return { stamp: now, sizeBytes, precision: "unknown", blocks: [], shown: "none", reason: error.message };
  }
}

interface Scanned {
  readonly report: GraphReport;
  readonly byteLength: number;
}

async function scanned(files: Files, reference: string): Promise<Scanned> {
  const reader = await files.open(reference);
  try {
    const { report, externalData } = await survey(reader);
    let { byteLength } = reader;
    for (const { path } of externalData) byteLength += await sizeOf(files, reference, path);
    return { report, byteLength };
  } finally {
    await reader.close();
  }
}

async function sizeOf(files: Files, graph: string, path: string): Promise<number> {
  const reader = await files.open(files.within(files.folderOf(graph), path));
  await reader.close();
  return reader.byteLength;
}

async function stampOf(files: Files, reference: string): Promise<string> {
  const reader: FileReader = await files.open(reference);
  await reader.close();
  return `${reader.byteLength}:${reader.modifiedMs ?? ""}`;
}

function factsOf({ name }: ModelSource, parts: readonly Scanned[]): Omit<ModelFacts, "stamp"> {
  const sizeBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const isInTwo = parts.length > 1;
  const blocks = parts.flatMap(({ report }, index) =>
    report.blocks.map(({ kind, layers }) => ({
      kind: isInTwo && index === 0 ? ("encoder" as const) : kind,
      nLayers: layers.length,
      ...(layers[0]?.nHeads && { nHeads: layers[0].nHeads }),
    })),
  );
  const precision = parts[0]?.report.precision ?? "unknown";
  const [notTaken] = parts.flatMap(({ report }) => report.notFound);
  const tooLarge = reasonOf(() => checkModelSize(name, sizeBytes));
  const hidden = notTaken && `${notTaken.where}: ${notTaken.reason}`;
  const none =
    tooLarge ?? (blocks.length === 0 ? (hidden ?? "no attention was found in its graph") : undefined);
  if (none !== undefined) return { sizeBytes, precision, blocks, shown: "none", reason: none };
  return { sizeBytes, precision, blocks, shown: hidden ? "part" : "all", ...(hidden && { reason: hidden }) };
}

function reasonOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof HeadlightError) return error.message;
    throw error;
  }
}
