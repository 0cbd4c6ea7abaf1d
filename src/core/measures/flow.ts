import type { Tensor } from "../tensor";
import { withResidual } from "./rollout";

/**
 * Attention flow (Abnar & Zuidema 2020, §3): for one token of the last layer the maximum flow to each input token, in the
 * graph whose nodes are tokens at layers and whose edges have the weights with residual for capacities: [n].
 * `layers` are head-mean weights [n, n], from the first layer up. One maximum flow per input token over
 * layers x n² edges: 128 tokens x 4 layers take about a second, so ask for one query at a time.
 */
export function attentionFlow(layers: readonly Tensor[], query: number): Float64Array {
  const n = layers[0]?.dims[0] ?? 0;
  const capacities = withResidual(layers);
  return Float64Array.from({ length: n }, (_, key) => maximumFlow(capacities, n, query, key));
}

/** Flows below this are rounding of float32 weights. */
const LEAST = 1e-9;

/**
 * Maximum flow from token `source` after the last layer down to token `sink` of the input, by blocking flows
 * on shortest paths (Dinic 1970). Node (level, token) has level 0 at the input; edges of layer l go from
 * level l + 1 to level l.
 */
function maximumFlow(layers: readonly Tensor[], n: number, source: number, sink: number): number {
  const nLevels = layers.length + 1;
  const from = (nLevels - 1) * n + source;
  // left[l][upper * n + lower] may still flow down, back[l] of the same edge may be pushed up again.
  const left = layers.map((layer) => Float64Array.from(layer.data));
  const back = layers.map(() => new Float64Array(n * n));
  const depth = new Int32Array(nLevels * n);
  const next = new Int32Array(nLevels * n);
  let flow = 0;

  // Neighbours of a node: 0..n-1 on the level below, n..2n-1 on the level above.
  const capacity = (level: number, token: number, neighbour: number): number =>
    neighbour < n
      ? level > 0
        ? left[level - 1]![token * n + neighbour]!
        : 0
      : level < nLevels - 1
        ? back[level]![(neighbour - n) * n + token]!
        : 0;
  const push = (level: number, token: number, neighbour: number, amount: number): void => {
    const down = neighbour < n;
    const layer = down ? level - 1 : level;
    const edge = down ? token * n + neighbour : (neighbour - n) * n + token;
    left[layer]![edge]! += down ? -amount : amount;
    back[layer]![edge]! += down ? amount : -amount;
  };
  const nodeOf = (level: number, neighbour: number): number =>
    neighbour < n ? (level - 1) * n + neighbour : (level + 1) * n + neighbour - n;

  const measureDepths = (): boolean => {
    depth.fill(-1);
    depth[from] = 0;
    const queue = [from];
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i]!;
      const level = Math.floor(node / n);
      for (let neighbour = 0; neighbour < 2 * n; neighbour++) {
        if (capacity(level, node % n, neighbour) <= LEAST) continue;
        const other = nodeOf(level, neighbour);
        if (depth[other]! >= 0) continue;
        depth[other] = depth[node]! + 1;
        queue.push(other);
      }
    }
    return depth[sink]! >= 0;
  };
  const send = (node: number, most: number): number => {
    if (node === sink) return most;
    const level = Math.floor(node / n);
    for (; next[node]! < 2 * n; next[node]!++) {
      const neighbour = next[node]!;
      const room = capacity(level, node % n, neighbour);
      if (room <= LEAST) continue;
      const other = nodeOf(level, neighbour);
      if (depth[other] !== depth[node]! + 1) continue;
      const sent = send(other, Math.min(most, room));
      if (sent > LEAST) {
        push(level, node % n, neighbour, sent);
        return sent;
      }
    }
    return 0;
  };
  while (measureDepths()) {
    next.fill(0);
    for (let sent = send(from, Infinity); sent > LEAST; sent = send(from, Infinity)) flow += sent;
  }
  return flow;
}
