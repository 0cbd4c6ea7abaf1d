import type { Translate } from "../../../src/host/translate";

/** What `vscode.l10n.t` does where no translation is loaded. */
export const english: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
