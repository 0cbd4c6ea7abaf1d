import type { RunSummary } from "../../src/core/run";
import type { NamedArray } from "../../src/protocol/npz";
import type { PageCommand, ViewName } from "../../src/protocol/viewContract";
import type { Inspector } from "../state/inspector";
import type { RunData } from "../state/runData";

/** What a view gets: what the page looks at, and the numbers. */
export interface ViewContext {
  readonly inspector: Inspector;
  readonly data: RunData;
}

export type MountView = (root: HTMLElement, context: ViewContext) => MountedView;

/** One tab of the inspector: drawn by `mount`, or by what `load` brings when it is first shown. */
export type View = ViewTab & ({ readonly mount: MountView } | { load(): Promise<MountView> });

interface ViewTab {
  readonly name: ViewName;
  readonly title: string;
  /** Whether it has something to show for this run; the tab is left out otherwise. */
  suits?(run: RunSummary): boolean;
  /** Whether the strip of tokens stands above it. */
  readonly hasStrip: boolean;
}

export interface MountedView {
  unmount(): void;
  /** True when the command was the view's to handle. */
  command?(name: PageCommand): boolean;
  readonly exports?: ViewExports;
}

/** What can be saved of what is seen. */
export interface ViewExports {
  /** Without ending: "headlight-L3-H1". */
  fileName(): string;
  svg(): Promise<string>;
  csv(): Promise<string>;
  json(): Promise<unknown>;
  /** The same numbers as arrays, for NumPy; docs/exports.md names them. */
  arrays(): Promise<readonly NamedArray[]>;
}
