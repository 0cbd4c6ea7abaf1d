import type { Tensor } from "../tensor";
import { withResidual } from "./rollout";

/**
 * Attention flow (Abnar & Zuidema 2020, §3): for one token of the last layer the maximum flow to each input token, in the
 * graph whose nodes are tokens at layers and whose edges have the weights with residual for capacities: [n].
 * `layers` are head-mean weights [n, n], from the first layer up.
 */
export function attentionFlow(layers: readonly Tensor[], query: number): Float64Array {
  const network = flowNetwork(withResidual(layers));
  return Float64Array.from({ length: network.n }, (_, key) => maximumFlow(network, query, key));
}

/** The layers as a network, with room to compute in; one maximum flow is computed in it after the other. */
export interface FlowNetwork {
  readonly n: number;
  /** Layers of `withResidual`, [n, n] each, the first layer first. */
  readonly capacities: readonly Tensor[];
  /** Whether no token is connected to a later one. */
  readonly isCausal: boolean;
  /** What may still flow down each edge, and be pushed up again: [layer, upper token, lower token]. */
  readonly left: Float64Array;
  readonly back: Float64Array;
  readonly depth: Int32Array;
  readonly next: Int32Array;
  readonly queue: Int32Array;
}

export function flowNetwork(capacities: readonly Tensor[]): FlowNetwork {
  const n = capacities[0]?.dims[0] ?? 0;
  const nNodes = (capacities.length + 1) * n;
  return {
    n,
    capacities,
    isCausal: capacities.every(({ data }) => isLowerTriangular(data, n)),
    left: new Float64Array(capacities.length * n * n),
    back: new Float64Array(capacities.length * n * n),
    depth: new Int32Array(nNodes),
    next: new Int32Array(nNodes),
    queue: new Int32Array(nNodes),
  };
}

/** Flows below this are rounding of float32 weights. */
const LEAST = 1e-9;

/**
 * Maximum flow from token `query` after the last layer down to token `key` of the input, by blocking flows on
 * shortest paths (Dinic 1970). Where the attention is causal only the tokens from `key` to `query` can be on the way.
 */
export function maximumFlow(network: FlowNetwork, query: number, key: number): number {
  const { n, capacities, isCausal } = network;
  if (isCausal && key > query) return 0;
  const nLayers = capacities.length;
  const first = isCausal ? key : 0;
  const size = isCausal ? query - key + 1 : n;
  const { left, back, depth, next, queue } = network;
  for (let layer = 0; layer < nLayers; layer++) {
    const { data } = capacities[layer]!;
    for (let upper = 0; upper < size; upper++) {
      const from = (first + upper) * n + first;
      const to = (layer * size + upper) * size;
      for (let lower = 0; lower < size; lower++) left[to + lower] = data[from + lower]!;
    }
  }
  back.fill(0, 0, nLayers * size * size);
  // Node (level, token): level 0 is the input; edges of layer l go from level l + 1 to level l.
  const source = nLayers * size + query - first;
  const sink = key - first;
  let flow = 0;

  const measureDepths = (): boolean => {
    depth.fill(-1, 0, (nLayers + 1) * size);
    depth[source] = 0;
    queue[0] = source;
    let end = 1;
    for (let at = 0; at < end; at++) {
      const node = queue[at]!;
      const level = Math.floor(node / size);
      const token = node - level * size;
      const deeper = depth[node]! + 1;
      if (level > 0) {
        const below = (level - 1) * size;
        const edges = (below + token) * size;
        for (let lower = 0; lower < size; lower++) {
          if (depth[below + lower]! >= 0 || left[edges + lower]! <= LEAST) continue;
          depth[below + lower] = deeper;
          queue[end++] = below + lower;
        }
      }
      if (level < nLayers) {
        const above = (level + 1) * size;
        const edges = level * size * size + token;
        for (let upper = 0; upper < size; upper++) {
          if (depth[above + upper]! >= 0 || back[edges + upper * size]! <= LEAST) continue;
          depth[above + upper] = deeper;
          queue[end++] = above + upper;
        }
      }
    }
    return depth[sink]! >= 0;
  };

  /** Sends up to `most` from the node on; each node goes on from the neighbour at which it last stopped. */
  const send = (node: number, most: number): number => {
    if (node === sink) return most;
    const level = Math.floor(node / size);
    const token = node - level * size;
    const deeper = depth[node]! + 1;
    let sent = 0;
    for (; next[node]! < 2 * size; next[node]!++) {
      const neighbour = next[node]!;
      const isDown = neighbour < size;
      if (isDown ? level === 0 : level === nLayers) continue;
      const other = isDown ? (level - 1) * size + neighbour : (level + 1) * size + neighbour - size;
      if (depth[other] !== deeper) continue;
      const edge = isDown
        ? ((level - 1) * size + token) * size + neighbour
        : (level * size + neighbour - size) * size + token;
      const room = isDown ? left[edge]! : back[edge]!;
      if (room <= LEAST) continue;
      const part = send(other, Math.min(most - sent, room));
      left[edge]! += isDown ? -part : part;
      back[edge]! += isDown ? part : -part;
      sent += part;
      if (most - sent <= LEAST) return sent;
    }
    return sent;
  };

  while (measureDepths()) {
    next.fill(0, 0, (nLayers + 1) * size);
    flow += send(source, Infinity);
  }
  return flow;
}

function isLowerTriangular(data: Float32Array, n: number): boolean {
  for (let row = 0; row < n; row++) {
    for (let column = row + 1; column < n; column++) if (data[row * n + column] !== 0) return false;
  }
  return true;
}
