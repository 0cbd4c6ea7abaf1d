// Runs every test, or the stages named: `npm test [-- unit vscode …]`. Ends with one line of counts.
import { stages } from "./test/stages.mjs";

const wanted = process.argv.slice(2);
const unknown = wanted.filter((word) => !stages.some((stage) => isCalled(stage, word)));
if (unknown.length) {
  console.error(
    `There is no stage ${unknown.join(", ")}. Stages: ${stages.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
const chosen = stages.filter((stage) =>
  wanted.length ? wanted.some((word) => isCalled(stage, word)) : !stage.onlyByName,
);

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const stage of chosen) {
  console.log(`\n=== ${stage.name}: ${stage.says}`);
  const started = Date.now();
  const counts = await runStage(stage);
  for (const key of Object.keys(total)) total[key] += counts[key];
  if (counts.failed) failures.push(stage.name);
  console.log(`--- ${stage.name}: ${inWords(counts)} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
if (failures.length) console.log(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${inWords(total)}`);
process.exit(total.failed ? 1 : 0);

/** A stage that throws, or in which nothing ran, has failed. */
async function runStage(stage) {
  try {
    const counts = await stage.run();
    if (counts.passed + counts.failed > 0) return counts;
    console.error(`No test ran in ${stage.name}.`);
    return { ...counts, failed: 1 };
  } catch (error) {
    console.error(error.stack ?? error);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** A stage answers to its name, and to the part before the dash ("vscode" is vscode-node and vscode-web). */
function isCalled({ name, onlyByName }, word) {
  return name === word || (!onlyByName && name.startsWith(`${word}-`));
}

function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
