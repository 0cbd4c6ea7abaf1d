import { HeadlightError } from "../core/errors";

export function notOnnx(detail: string): HeadlightError {
  return new HeadlightError(
    "not-onnx",
    "This file is not an ONNX model: no graph could be read from it. Choose a file that ends in .onnx.",
    detail,
  );
}

export function damagedModel(byteOffset: number, what: string): HeadlightError {
  return new HeadlightError(
    "damaged-model",
    `The ONNX file is damaged or truncated: ${what} at byte ${byteOffset.toLocaleString("en")}. Download or export it again.`,
  );
}

export function nameTooLong(byteOffset: number, length: number, limit: number): HeadlightError {
  return new HeadlightError(
    "name-too-long",
    `The ONNX file has a name of ${length.toLocaleString("en")} bytes at byte ${byteOffset.toLocaleString("en")}; at most ${limit.toLocaleString("en")} are read. Export the model again.`,
  );
}

export function graphTooLarge(what: string, count: number, limit: number): HeadlightError {
  return new HeadlightError(
    "graph-too-large",
    `The graph has ${count.toLocaleString("en")} or more ${what}; at most ${limit.toLocaleString("en")} are read.`,
  );
}

export function cyclicGraph(value: string): HeadlightError {
  return new HeadlightError(
    "cyclic-graph",
    `The graph is not a graph that can run: the value "${shorten(value)}" depends on itself. Export the model again.`,
  );
}

export function externalDataOutside(path: string): HeadlightError {
  return new HeadlightError(
    "external-data-outside",
    `The model asks for weights in "${shorten(path)}", which is outside its own folder. Put the file beside the model and export it with a plain file name.`,
  );
}

/** Names come from files and may be of any length. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
