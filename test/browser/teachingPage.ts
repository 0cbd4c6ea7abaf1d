import path from "node:path";
import type { Page } from "playwright-core";
import { beforeAll } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import { modelRun } from "../support/modelRun";
import { settled, type PageOptions } from "./harness";
import { openedPage } from "./openedPage";

const folder = path.resolve(import.meta.dirname, "../../media/models/code-4x8");

/** What the numbers on the page are compared with. To be called once at the top of a file. */
export function teachingPage() {
  const opened = openedPage();
  let run: StandaloneRun;
  beforeAll(async () => {
    run = await modelRun(folder, "model.onnx", "I saw a saw saw a saw.");
    run = {
      ...run,
      positions: { scheme: "rope", parameters: { base: 10_000, pairs: "halves" }, source: "graph" },
    };
  }, 180_000);
  return {
    ...opened,
    /** The embedded model's run of a short text, with every tensor that its graph hands over. */
    run: () => run,
    /** A run in a view, at layer 2, head 3. */
    async openView(shown: StandaloneRun, view: ViewName, options: PageOptions = {}): Promise<Page> {
      const block = shown.run.blocks[0]!;
      const layer = block.layers[2]?.layer ?? block.layers[0]!.layer;
      const choice = { block: block.kind, layer, head: 3 };
      const page = await opened.open(
        { ...shown, selection: { view, choice, measure: "weights" }, ...pickSelection(shown) },
        options,
      );
      await page.locator(`.view-${view}`).waitFor();
      await page.waitForTimeout(150);
      await settled(page);
      return page;
    },
    /** A number of layer 2, head 3, as the model computed it. */
    valueOf(what: string, row: number, column: number): number {
      const { dims, data } = run.tensors.find((tensor) => tensor.layer === 2 && tensor.what === what)!;
      return data[(3 * dims[1]! + row) * dims[2]! + column]!;
    },
    /** The same run without some of its tensors. */
    without: (...lost: string[]): StandaloneRun => ({
      ...run,
      tensors: run.tensors.filter(({ what }) => !lost.includes(what)),
      run: {
        ...run.run,
        blocks: run.run.blocks.map((block) => ({
          ...block,
          layers: block.layers.map((layer) => ({
            ...layer,
            has: layer.has.filter((what) => !lost.includes(what)),
          })),
        })),
      },
    }),
  };
}

/** A selection that the run brings along. */
function pickSelection({ selection }: StandaloneRun) {
  return selection ? { selection } : {};
}

/** As the page writes signed numbers. */
export function signed(value: number): string {
  return value.toPrecision(4).replace("-", "−");
}
