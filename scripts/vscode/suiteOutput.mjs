/** What the suite's own lines begin with (test/vscode/suite/lineReporter.ts). */
const MARK = "suite|";
const DONE = `${MARK}TESTS_DONE `;
const RESULT = `${MARK}RESULT `;

/**
 * Reads what a VS Code prints while a suite runs, shows the suite's own lines, and judges the end.
 * VS Code reports success even when the extension host died in mid-suite: only the suite's own last line counts.
 */
export class SuiteOutput {
  #log = "";
  #done;

  /** What a suite measured, where it did. */
  result;

  /** Whole lines. */
  read(text) {
    this.#log += `${text}\n`;
    for (const line of text.split("\n")) {
      if (line.startsWith(DONE)) this.#done = JSON.parse(line.slice(DONE.length));
      else if (line.startsWith(RESULT)) this.result = JSON.parse(line.slice(RESULT.length));
      else if (line.startsWith(MARK)) console.log(line.slice(MARK.length));
    }
  }

  get log() {
    return this.#log;
  }

  /** The counts; throws where the suite did not reach its end, or VS Code disagrees. */
  judge(exitCode) {
    const death = /Extension Host Process exited with code: (?!0\b)[^\n]*/.exec(this.#log)?.[0];
    if (death) throw new Error(`The extension host died: ${death}`);
    if (!this.#done) throw new Error(`The suite did not reach its end (VS Code reported ${exitCode}).`);
    if (!this.#done.failed && exitCode !== 0) {
      throw new Error(`No test failed, but VS Code reported ${exitCode}.`);
    }
    return this.#done;
  }
}
