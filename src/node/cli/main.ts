import { toReport } from "../../core/errors";
import { graphCommand } from "./graphCommand";
import type { Home } from "./home";
import { inspectCommand } from "./inspectCommand";
import { modelsCommand } from "./modelsCommand";
import { tokensCommand } from "./tokensCommand";
import { UsageError, usage } from "./usage";
import { verifyCommand } from "./verifyCommand";

const commands: Readonly<Record<string, (args: string[], home: Home) => Promise<void>>> = {
  inspect: inspectCommand,
  tokens: tokensCommand,
  graph: graphCommand,
  models: modelsCommand,
  verify: verifyCommand,
};

/** Runs one command; resolves to the exit code: 0, 1 for bad input, 2 for wrong usage. */
export async function main(args: string[], home: Home): Promise<number> {
  const [name = "", ...rest] = args;
  if (["--help", "-h", "help"].includes(name) || rest.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(name ? `There is no command "${name}".` : "A command is needed.");
    await command(rest, home);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message} Try: headlight --help\n`);
      return 2;
    }
    const { message, detail } = toReport(error);
    process.stderr.write(`${oneLine(message)}\n`);
    if (detail && process.env.HEADLIGHT_DEBUG) process.stderr.write(`${detail}\n`);
    return 1;
  }
}

/** One sentence on standard error stays on one line. */
function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, " ");
}
