/** Progress goes to a terminal only; without a stage its line is cleared. */
export function showProgress(stage: string | undefined, fraction?: number): void {
  if (!process.stderr.isTTY) return;
  const share = fraction === undefined ? "" : ` ${Math.round(fraction * 100)} %`;
  process.stderr.write(stage ? `\r\u001b[K${stage}${share}…` : "\r\u001b[K");
}
