import "mocha/mocha.js";
import { LineReporter } from "./lineReporter";

/** What VS Code calls in its extension host. Rejects when a test failed. */
export async function run(): Promise<void> {
  // Mocha's browser build runs in both hosts; its own `mocha` object wants a page, so a fresh one is made.
  const reporter = LineReporter as unknown as Mocha.ReporterConstructor;
  const { Mocha } = globalThis as unknown as { Mocha: new (options: Mocha.MochaOptions) => Mocha };
  const mocha = new Mocha({ ui: "bdd", timeout: 300_000, reporter });
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  await import("./tests");
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
