/** A prefix tree over UTF-16 units; edges are kept in one open-addressing table. Node 0 is the root. */
export class PieceTree {
  private edges: Float64Array;
  private targets: Int32Array;
  private mask: number;
  private nNodes = 1;
  private ids: Int32Array;

  constructor(capacityHint: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(64, 2 * capacityHint)));
    this.edges = new Float64Array(capacity).fill(-1);
    this.targets = new Int32Array(capacity);
    this.mask = capacity - 1;
    this.ids = new Int32Array(capacity / 2 + 2).fill(-1);
  }

  insert(piece: string, id: number): void {
    let node = 0;
    for (let i = 0; i < piece.length; i++) node = this.stepOrCreate(node, piece.charCodeAt(i));
    this.ids[node] = id;
  }

  /** The child of a node along one UTF-16 unit; -1 without one. */
  step(node: number, unit: number): number {
    const slot = this.slotOf(node * 0x10000 + unit);
    return this.edges[slot] === -1 ? -1 : this.targets[slot]!;
  }

  /** The id of the piece that ends at a node; -1 without one. */
  idAt(node: number): number {
    return this.ids[node]!;
  }

  private stepOrCreate(node: number, unit: number): number {
    const edge = node * 0x10000 + unit;
    let slot = this.slotOf(edge);
    if (this.edges[slot] !== -1) return this.targets[slot]!;
    if (2 * this.nNodes > this.mask) {
      this.grow();
      slot = this.slotOf(edge);
    }
    this.edges[slot] = edge;
    return (this.targets[slot] = this.nNodes++);
  }

  private slotOf(edge: number): number {
    const unit = edge % 0x10000;
    const node = (edge - unit) / 0x10000;
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & this.mask;
    while (this.edges[slot] !== -1 && this.edges[slot] !== edge) slot = (slot + 1) & this.mask;
    return slot;
  }

  private grow(): void {
    const { edges, targets } = this;
    this.edges = new Float64Array(2 * edges.length).fill(-1);
    this.targets = new Int32Array(2 * edges.length);
    this.mask = 2 * edges.length - 1;
    for (let i = 0; i < edges.length; i++) {
      if (edges[i] === -1) continue;
      const slot = this.slotOf(edges[i]!);
      this.edges[slot] = edges[i]!;
      this.targets[slot] = targets[i]!;
    }
    const ids = new Int32Array(edges.length + 2).fill(-1);
    ids.set(this.ids);
    this.ids = ids;
  }
}
