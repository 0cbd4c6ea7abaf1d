import { appendedGraph, functionParts, graphParts, nodeParts } from "./append";
import type { Addition, NewAttribute, NewConstant } from "./append";
import type { Op, Scope, Value } from "./dataflow";
import type { Attribute, Graph, GraphNode } from "./graph";
import { atEndOf } from "./patch";
import type { Edit } from "./patch";
import type { Rename } from "./rename";
import type { Shapes } from "./shapes";

interface Growing {
  readonly nodes: Addition["nodes"][number][];
  readonly outputs: string[];
  readonly inputs: string[];
  readonly types: { name: string; type: string }[];
  readonly kind: Scope["kind"];
}

/** Prefix of every name that is added, so that none meets a name of the model. */
const PREFIX = "headlight/";

/** Collects what is written into a model: nodes, outputs, and changes of single nodes, in any of its graphs. */
export class Additions {
  readonly edits: Edit[] = [];
  /** Outputs of the model's own nodes that get another name (see rename.ts). */
  readonly renames: Rename[] = [];
  private readonly graphs = new Map<Graph, Growing>();
  private readonly outputsOf = new Map<
    GraphNode,
    { readonly names: string[]; readonly attributes: NewAttribute[] }
  >();
  private readonly made = new Map<string, string>();
  private nNames = 0;

  constructor(
    private readonly main: Scope,
    private readonly shapes: Shapes,
    readonly opset: number,
    readonly backend: "wasm" | "webgpu",
  ) {}

  /** Adds a node to the graph of a scope and returns the names of its outputs. */
  node(
    scope: Scope,
    opType: string,
    inputs: readonly string[],
    attributes: readonly NewAttribute[] = [],
    options: { nOutputs?: number; domain?: string } = {},
  ): string[] {
    const outputs = Array.from({ length: options.nOutputs ?? 1 }, () => this.freshName());
    this.growing(scope).nodes.push({ opType, inputs, outputs, attributes, domain: options.domain ?? "" });
    return outputs;
  }

  /** The only output of a node. */
  one(
    scope: Scope,
    opType: string,
    inputs: readonly string[],
    attributes: readonly NewAttribute[] = [],
    domain = "",
  ): string {
    return this.node(scope, opType, inputs, attributes, { domain })[0] ?? "";
  }

  constant(scope: Scope, constant: NewConstant): string {
    return this.one(scope, "Constant", [], [{ name: "value", constant }]);
  }

  /** Names of the ranges that the graph is to be fed. */
  get inputs(): readonly string[] {
    return this.graphs.get(this.main.graph)?.inputs ?? [];
  }

  /** A range (two int64: first, end) that the model's graph is to be fed at each run. */
  range(): string {
    const name = this.freshName();
    this.growing(this.main).inputs.push(name);
    return name;
  }

  /** Adds nodes that make a tensor under its own name, out of what its operation now makes under another. */
  replace(
    op: Op,
    index: number,
    make: (given: string) => { opType: string; inputs: readonly string[] },
  ): void {
    const output = op.node.outputs[index];
    if (!output) return;
    const given = this.freshName();
    this.renames.push({ node: op.node, name: output, newName: given });
    const { opType, inputs } = make(given);
    this.growing(op.scope).nodes.push({ opType, inputs, outputs: [output] });
  }

  /** Computes something once per key, however often it is asked for. */
  once(scope: Scope, key: string, make: () => string): string {
    const full = `${scope.graph.range.byteOffset}:${key}`;
    const known = this.made.get(full);
    if (known !== undefined) return known;
    const name = make();
    this.made.set(full, name);
    return name;
  }

  /** Asks a node for one of its optional outputs; attributes are set on the node itself. */
  output(op: Op, index: number, attributes: readonly NewAttribute[] = [], type?: string): string {
    const given = op.node.outputs[index];
    if (given) return given;
    const extra = this.extra(op);
    const at = index - op.node.outputs.length;
    while (extra.names.length <= at) extra.names.push("");
    if (!extra.names[at]) {
      const name = this.freshName();
      extra.names[at] = name;
      if (type) this.growing(op.scope).types.push({ name, type });
    }
    for (const attribute of attributes) {
      if (extra.attributes.some(({ name }) => name === attribute.name)) continue;
      extra.attributes.push(attribute);
      const old = op.node.attributes.get(attribute.name);
      if (old) this.remove(op, old.range);
    }
    return extra.names[at] ?? "";
  }

  /**
   * Adds a second node like this one, but for attributes, and returns one of its outputs: asking the node itself may
   * make the runtime compute in another way, and the model's own outputs would change in their last bits.
   */
  copy(op: Op, index: number, attributes: readonly NewAttribute[] = [], type?: string): string {
    const key = `copy:${op.order}:${JSON.stringify(attributes)}`;
    const base = this.once(op.scope, key, () => {
      const kept = [...op.node.attributes.values()].filter(
        ({ name }) => !attributes.some((attribute) => attribute.name === name),
      );
      const prefix = this.freshName();
      const nOutputs = Math.max(index + 1, op.node.outputs.length);
      const outputs = Array.from({ length: nOutputs }, (_, at) =>
        at === index || op.node.outputs[at] ? `${prefix}/${at}` : "",
      );
      this.growing(op.scope).nodes.push({
        opType: op.node.opType,
        domain: op.node.domain,
        inputs: op.node.inputs,
        outputs,
        attributes: [...kept.map(storedAttribute), ...attributes],
      });
      if (type) this.growing(op.scope).types.push({ name: `${prefix}/${index}`, type });
      return prefix;
    });
    return `${base}/${index}`;
  }

  /** Adds a second node like this one that reads other inputs, and returns the names of its outputs. */
  copyWith(op: Op, inputs: readonly string[], nOutputs = op.node.outputs.length): string[] {
    const attributes = [...op.node.attributes.values()].map(storedAttribute);
    const { opType, domain } = op.node;
    return this.node(op.scope, opType, inputs, attributes, { nOutputs, domain });
  }

  /** A value as float32, whatever the model computes in. */
  asFloat(value: Value): string {
    return this.toFloat(value.scope, value.name, this.shapes.typeOf(value));
  }

  /** Its element type; "" where it is not known. */
  typeOf(value: Value): string {
    return this.shapes.typeOf(value);
  }

  toFloat(scope: Scope, name: string, type: string): string {
    if (type === "float32" || type === "") return name;
    return this.once(scope, `float:${name}`, () => this.one(scope, "Cast", [name], [{ name: "to", int: 1 }]));
  }

  /** Makes tensors of the model's graph out of tensors of inner graphs: one for each branch of an If. */
  lift(places: readonly { scope: Scope; name: string }[]): string {
    const [first] = places;
    if (!first) throw new Error("nothing to hand over");
    const { scope, name } = first;
    if (scope.kind === "main") {
      const growing = this.growing(scope);
      if (!this.isOutput(scope, name)) growing.outputs.push(name);
      return name;
    }
    if (!scope.container) throw new Error("an inner graph without a node around it");
    const container = scope.container;
    if (scope.kind === "function") {
      const { outputs } = this.growing(scope);
      const own = scope.functionOutputs ?? [];
      if (!own.includes(name) && !outputs.includes(name)) outputs.push(name);
      const outer = this.output(container, [...own, ...outputs].indexOf(name));
      return this.lift([{ scope: container.scope, name: outer }]);
    }
    for (const branch of branchesOf(container)) {
      const there = places.find((place) => place.scope.graph === branch);
      const growing = this.growingGraph(branch, "branch");
      const name = there?.name ?? this.nothing(branch);
      const isTaken = [...branch.outputs.map((output) => output.name), ...growing.outputs].includes(name);
      growing.outputs.push(isTaken && there ? this.one(there.scope, "Identity", [name]) : name);
    }
    const extra = this.extra(container);
    const outer = this.freshName();
    extra.names.push(outer);
    return this.lift([{ scope: container.scope, name: outer }]);
  }

  /** All changes as edits, and what to write behind the file. */
  finish(): { edits: Edit[]; suffix: Uint8Array } {
    let suffix: Uint8Array = new Uint8Array(0);
    for (const [graph, growing] of this.graphs) {
      if (growing.kind === "main") suffix = appendedGraph(growing);
      else if (growing.kind === "function") this.edits.push(atEndOf(graph.range, functionParts(growing)));
      else this.edits.push(atEndOf(graph.range, graphParts(growing)));
    }
    for (const [node, { names, attributes }] of this.outputsOf) {
      if (names.length || attributes.length) {
        this.edits.push(atEndOf(node.range, nodeParts(names, attributes)));
      }
    }
    return { edits: this.edits, suffix };
  }

  private extra(op: Op): { readonly names: string[]; readonly attributes: NewAttribute[] } {
    const found = this.outputsOf.get(op.node) ?? { names: [], attributes: [] };
    this.outputsOf.set(op.node, found);
    return found;
  }

  private remove(op: Op, range: { lengthOffset: number; byteOffset: number; byteLength: number }): void {
    // The tag of an attribute (field 5, wire 2) is one byte.
    const byteOffset = range.lengthOffset - 1;
    const remove = range.byteOffset + range.byteLength - byteOffset;
    this.edits.push({ within: op.node.range, byteOffset, remove, insert: new Uint8Array(0) });
  }

  private growing(scope: Scope): Growing {
    return this.growingGraph(scope.graph, scope.kind);
  }

  private growingGraph(graph: Graph, kind: Scope["kind"]): Growing {
    const found = this.graphs.get(graph) ?? { nodes: [], outputs: [], inputs: [], types: [], kind };
    this.graphs.set(graph, found);
    return found;
  }

  private isOutput(scope: Scope, name: string): boolean {
    return (
      this.growing(scope).outputs.includes(name) || scope.graph.outputs.some((output) => output.name === name)
    );
  }

  /** An empty tensor for a branch that has no such attention. */
  private nothing(graph: Graph): string {
    const name = this.freshName();
    this.growingGraph(graph, "branch").nodes.push({
      opType: "Constant",
      inputs: [],
      outputs: [name],
      attributes: [{ name: "value", constant: { type: "float32", dims: [0], numbers: [] } }],
    });
    return name;
  }

  private freshName(): string {
    let name = "";
    do name = `${PREFIX}${this.nNames++}`;
    while (this.main.values.has(name));
    return name;
  }
}

function branchesOf(op: Op): Graph[] {
  return [...op.node.attributes.values()].flatMap(({ graph }) => (graph ? [graph] : []));
}

function storedAttribute({ name, number, numbers, text, isFloat }: Attribute): NewAttribute {
  if (text !== undefined) return { name, text };
  if (numbers) return { name, ints: numbers };
  return isFloat ? { name, float: number ?? 0 } : { name, int: number ?? 0 };
}
