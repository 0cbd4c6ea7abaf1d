/** Marks the suite's own lines among all that an extension host logs. */
const MARK = "suite|";

/** Prints one line for each test, and at the end a line that a launcher waits for: a host that died has not printed it. */
export class LineReporter {
  constructor(runner: Mocha.Runner) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    runner.on("suite", (suite) => suite.title && print(`  ${suite.fullTitle()}`));
    runner.on("pass", (test) => {
      counts.passed += 1;
      print(`    ok ${test.title} (${test.duration} ms)`);
    });
    runner.on("pending", (test) => {
      counts.skipped += 1;
      print(`    skipped ${test.title}`);
    });
    runner.on("fail", (test, error) => {
      counts.failed += 1;
      print(`    FAILED ${test.fullTitle()}\n${error.stack ?? error.message}`);
    });
    runner.on("end", () => print(`TESTS_DONE ${JSON.stringify(counts)}`));
  }
}

function print(lines: string): void {
  for (const line of lines.split("\n")) console.log(`${MARK}${line}`);
}
