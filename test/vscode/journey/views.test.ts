import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVscode, type ServedVscode } from "../servedVscode";

const views = ["Heads", "Head", "Steps", "Mask", "Positions", "Scoring", "Generation"];

/** Three kinds of text that a person looks at: a sentence, a function of forty lines, a paragraph of Chinese. */
const texts = [
  { file: "saw.txt", at: "I saw a saw", text: "I saw a saw\n" },
  { file: "parse.py", at: "def parse_records", text: functionOfFortyLines() },
  {
    file: "chinese.txt",
    at: "注意力机制",
    text: "注意力机制让每个词看到其他的词，并决定从谁那里取多少信息。\n模型用查询和键的点积来打分，再用柔性最大值把分数变成权重。\n每个头学会看不同的地方：有的看前一个词，有的看句子的开头。\n",
  },
];

describe("Every view in a window", () => {
  let vscode: ServedVscode;
  let from: string;

  beforeAll(async () => {
    from = fs.mkdtempSync(path.join(os.tmpdir(), "headlight-views-"));
    for (const { file, text } of texts) fs.writeFileSync(path.join(from, file), text);
    vscode = await openVscode({ file: "saw.txt", theme: "light", from });
  });
  afterAll(async () => {
    await vscode?.close();
    fs.rmSync(from, { recursive: true });
  });

  it.each(texts)("shows $file, light and dark", async ({ file, at }) => {
    const { page, inspector } = vscode;
    await page.locator(".explorer-folders-view").getByText(file, { exact: true }).dblclick();
    await vscode.line(at).click();
    await vscode.run("Headlight: Inspect Attention");
    await inspector.getByText(at, { exact: false }).first().waitFor();
    await inspector.getByRole("tab", { name: "Heads", exact: true }).click();
    await vscode.painted(".overview");
    for (const theme of ["light", "dark"] as const) {
      await vscode.setTheme(theme);
      for (const view of views) {
        await inspector.getByRole("tab", { name: view, exact: true }).click();
        await inspector.locator(`.view canvas, .view table, .view svg`).first().waitFor();
        await expect.poll(() => inspector.locator(".view [aria-busy=true]").count()).toBe(0);
        await page.waitForTimeout(300);
        expect(await inspector.locator(".view").innerText()).not.toMatch(/could not be|undefined|\[object/);
        await vscode.picture(`views-${path.parse(file).name}-${view.toLowerCase()}-${theme}`);
      }
    }
  });
});

function functionOfFortyLines(): string {
  const fields = ["name", "city", "street", "number", "phone", "mail", "birthday", "language", "colour"];
  const reads = fields.flatMap((field) => [
    `        ${field} = record.get("${field}", "")`,
    `        if not ${field}:`,
    `            missing.append("${field}")`,
  ]);
  return [
    "def parse_records(records, strict=False):",
    '    """Reads records and names what is missing."""',
    "    people = []",
    "    for record in records:",
    "        missing = []",
    ...reads,
    "        if strict and missing:",
    "            raise ValueError(f'missing: {missing}')",
    `        people.append((${fields.slice(0, 3).join(", ")}))`,
    "    print(len(people))",
    "    return people",
    "",
  ].join("\n");
}
