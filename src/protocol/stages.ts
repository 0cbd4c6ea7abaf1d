import type { MaskClass } from "../core/mask";
import type { MaskPart } from "../core/maskParts";
import type { BlockKind, HeadAddress } from "../core/run";
import type { Bias, Scale, Steps } from "../core/steps";

/** The stages of one head for all its queries, recomputed in the worker; pooled by the maximum where they are larger than asked for. */
export interface StagesSlice {
  readonly nQueries: number;
  readonly nKeys: number;
  readonly rows: number;
  readonly columns: number;
  /** Each [rows, columns], as Steps has them; absent where the run lacks what they are made of. */
  readonly product?: Float32Array;
  readonly scaled?: Float32Array;
  readonly bias?: Float32Array;
  readonly scale?: Scale;
  readonly biasKind?: Bias["kind"];
  /** Over all cells, pooled or not. */
  readonly checks: Steps["checks"];
}

/** A layer's mask as a picture, with what it comes to. */
export interface MaskPicture {
  readonly nQueries: number;
  readonly nKeys: number;
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns]: 1 where the query, or some query of those pooled, may see the key. */
  readonly visible: Uint8Array;
  readonly class: MaskClass;
  /** How many keys each query may see, unpooled: [nQueries]. */
  readonly perQuery: Uint32Array;
  /** The rules that the mask is made of, each [rows, columns]. */
  readonly parts: readonly { readonly rule: MaskPart["rule"]; readonly visible: Uint8Array }[];
}

/** What Steps and Mask read of a head or layer of any length. */
export interface StagesSlices {
  stages(query: {
    runId: string;
    address: HeadAddress;
    maxRows: number;
    maxColumns: number;
  }): Promise<StagesSlice>;
  maskPicture(query: {
    runId: string;
    block: BlockKind;
    layer: number;
    maxRows: number;
    maxColumns: number;
  }): Promise<MaskPicture>;
}
