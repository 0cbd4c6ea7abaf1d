import { cyclicGraph, graphTooLarge } from "./errors";
import type { Graph, GraphNode, LocalFunction, ScannedModel, StoredTensor, ValueInfo } from "./graph";

/** One tensor of the graph, in the scope that made it. */
export interface Value {
  readonly name: string;
  readonly scope: Scope;
  /** Undefined for inputs and stored constants. */
  readonly producer?: Op;
  readonly outputIndex: number;
  readonly consumers: { readonly op: Op; readonly inputIndex: number }[];
  readonly stored?: StoredTensor;
  readonly info?: ValueInfo;
  /** Index among the inputs of the model, or -1. */
  readonly inputIndex: number;
  /** What it stands for: outputs of the branches of an If, of a function's body. */
  readonly inner: readonly Value[];
}

/** One node in place. `order` is its place in a topological order over the whole model. */
export interface Op {
  readonly node: GraphNode;
  readonly scope: Scope;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  /** What the bodies of a Loop or Scan give, each time they run. */
  readonly bodyResults: readonly Value[];
  readonly order: number;
}

/** Where names are looked up: the model's graph, a sub-graph of a node, or one call of a local function. */
export interface Scope {
  readonly kind: "main" | "branch" | "body" | "function";
  readonly graph: Graph;
  readonly parent?: Scope;
  readonly container?: Op;
  /** Of the container that holds this sub-graph ("then_branch"). */
  readonly attribute?: string;
  /** Of a function: the names of its outputs, inside. */
  readonly functionOutputs?: readonly string[];
  readonly values: Map<string, Value>;
}

/** The model as a network of values and operations, in an order in which it can run. */
export interface Dataflow {
  readonly model: ScannedModel;
  readonly main: Scope;
  readonly ops: readonly Op[];
}

const MOST_OPS = 300_000;
const NOTHING: readonly Value[] = [];

type Growing<T> = { -readonly [key in keyof T]: T[key] };

export function buildDataflow(model: ScannedModel): Dataflow {
  const ops: Op[] = [];
  const functions = new Map(model.functions.map((found) => [`${found.domain}:${found.name}`, found]));
  const main = new Builder(ops, functions).main(model.graph);
  return { model, main, ops };
}

class Builder {
  private nested = 0;

  constructor(
    private readonly ops: Op[],
    private readonly functions: ReadonlyMap<string, LocalFunction>,
  ) {}

  main(graph: Graph): Scope {
    const scope: Scope = { kind: "main", graph, values: new Map() };
    let inputIndex = 0;
    for (const info of graph.inputs) {
      if (!graph.initializers.has(info.name))
        this.define(scope, info.name, { info, inputIndex: inputIndex++ });
    }
    this.fill(scope);
    return scope;
  }

  private fill(scope: Scope): void {
    for (const [name, stored] of scope.graph.initializers) this.define(scope, name, { stored });
    for (const node of inRunningOrder(scope.graph, scope)) this.place(node, scope);
  }

  private place(node: GraphNode, scope: Scope): void {
    if (this.ops.length >= MOST_OPS) throw graphTooLarge("operations in all calls", MOST_OPS, MOST_OPS);
    const inputs = node.inputs.map((name) => (name === "" ? undefined : this.use(scope, name)));
    const op: Growing<Op> = {
      node,
      scope,
      inputs,
      outputs: [],
      bodyResults: NOTHING,
      order: this.ops.length,
    };
    inputs.forEach((value, inputIndex) => value?.consumers.push({ op, inputIndex }));
    const inner = this.enter(op);
    op.order = this.ops.length;
    op.outputs = node.outputs.map((name, outputIndex) =>
      this.define(scope, name, { producer: op, outputIndex, inner: inner?.[outputIndex] ?? NOTHING }),
    );
    this.ops.push(op);
  }

  /** What the outputs stand for inside, of the few operations that have an inside. */
  private enter(op: Growing<Op>): Value[][] | undefined {
    const { size } = this.functions;
    const called = size > 0 ? this.functions.get(`${op.node.domain}:${op.node.opType}`) : undefined;
    let hasGraph = false;
    for (const { graph } of op.node.attributes.values()) hasGraph ||= graph !== undefined;
    if (!called && !hasGraph) return undefined;
    const inner = op.node.outputs.map((): Value[] => []);
    const bodyResults: Value[] = [];
    op.bodyResults = bodyResults;
    this.enterSubgraphs(op, inner, bodyResults);
    if (called) this.enterFunction(op, called, inner);
    return inner;
  }

  private enterSubgraphs(op: Op, inner: Value[][], bodyResults: Value[]): void {
    for (const attribute of op.node.attributes.values()) {
      const graph = attribute.graph;
      if (!graph) continue;
      const kind = op.node.opType === "If" ? "branch" : "body";
      const scope: Scope = {
        kind,
        graph,
        parent: op.scope,
        container: op,
        attribute: attribute.name,
        values: new Map(),
      };
      for (const info of graph.inputs) this.define(scope, info.name, { info });
      this.fill(scope);
      graph.outputs.forEach((output, index) => {
        const value = this.use(scope, output.name);
        if (kind === "branch") inner[index]?.push(value);
        else bodyResults.push(value);
      });
    }
  }

  private enterFunction(op: Op, called: LocalFunction, inner: Value[][]): void {
    if (this.nested > 8) return;
    const scope: Scope = {
      kind: "function",
      graph: called.graph,
      parent: op.scope,
      container: op,
      functionOutputs: called.outputs,
      values: new Map(),
    };
    called.inputs.forEach((name, index) => {
      const given = op.inputs[index];
      if (given) scope.values.set(name, given);
    });
    this.nested++;
    this.fill(scope);
    this.nested--;
    called.outputs.forEach((name, index) => inner[index]?.push(this.use(scope, name)));
  }

  private define(scope: Scope, name: string, parts: Partial<Value>): Value {
    const info = parts.info ?? scope.graph.valueInfos.get(name);
    const { producer, outputIndex = 0, inputIndex = -1, stored, inner = NOTHING } = parts;
    const value: Value = {
      name,
      scope,
      producer,
      outputIndex,
      consumers: [],
      stored,
      info,
      inputIndex,
      inner,
    };
    if (name !== "") scope.values.set(name, value);
    return value;
  }

  /** The value of a name, looked up outwards; a name that nobody defines counts as an input of unknown kind. */
  private use(scope: Scope, name: string): Value {
    for (let at: Scope | undefined = scope; at; at = at.kind === "function" ? undefined : at.parent) {
      const found = at.values.get(name);
      if (found) return found;
    }
    return this.define(scope, name, {});
  }
}

/** Kahn's algorithm; keeps the file's order where it can run. */
function inRunningOrder(graph: Graph, scope: Scope): readonly GraphNode[] {
  const madeBy = new Map<string, number>();
  graph.nodes.forEach((node, index) => node.outputs.forEach((name) => name && madeBy.set(name, index)));
  if (isSorted(graph, madeBy)) return graph.nodes;

  const needs = graph.nodes.map((node) => {
    const makers = needsOf(node).map((name) => madeBy.get(name));
    return new Set(makers.filter((maker) => maker !== undefined));
  });
  const users = graph.nodes.map((): number[] => []);
  const open = needs.map((makers) => makers.size);
  needs.forEach((makers, index) => makers.forEach((maker) => users[maker]?.push(index)));
  const ready = open.flatMap((count, index) => (count === 0 ? [index] : []));
  const order: GraphNode[] = [];
  for (let next = 0; next < ready.length; next++) {
    const index = ready[next] ?? 0;
    const node = graph.nodes[index];
    if (node) order.push(node);
    for (const user of users[index] ?? []) {
      open[user] = (open[user] ?? 0) - 1;
      if (open[user] === 0) ready.push(user);
    }
  }
  if (order.length < graph.nodes.length) {
    const stuck = graph.nodes[open.findIndex((count) => count > 0)];
    throw cyclicGraph(stuck?.outputs[0] ?? scope.kind);
  }
  return order;
}

function isSorted(graph: Graph, madeBy: ReadonlyMap<string, number>): boolean {
  return graph.nodes.every((node, index) => needsOf(node).every((name) => (madeBy.get(name) ?? -1) < index));
}

/** Names that a node and its sub-graphs take. */
function needsOf(node: GraphNode): readonly string[] {
  const outer = outerNames(node);
  return outer.length ? [...node.inputs, ...outer] : node.inputs;
}

const NO_NAMES: readonly string[] = [];

/** Names that the sub-graphs of a node take from outside. */
function outerNames(node: GraphNode): readonly string[] {
  if (node.attributes.size === 0) return NO_NAMES;
  const names: string[] = [];
  for (const attribute of node.attributes.values()) {
    if (!attribute.graph) continue;
    const own = new Set([
      ...attribute.graph.inputs.map((info) => info.name),
      ...attribute.graph.initializers.keys(),
      ...attribute.graph.nodes.flatMap((inner) => inner.outputs),
    ]);
    for (const inner of attribute.graph.nodes) {
      for (const name of [...inner.inputs, ...outerNames(inner)]) if (!own.has(name)) names.push(name);
    }
    for (const output of attribute.graph.outputs) if (!own.has(output.name)) names.push(output.name);
  }
  return names;
}
