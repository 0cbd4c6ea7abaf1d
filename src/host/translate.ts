/** `vscode.l10n.t`, or the plain English of a test: `{0}` stands for the first argument. */
export type Translate = (message: string, ...args: (string | number)[]) => string;
