import { signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { measureWords, perHeadMeasure } from "../../src/core/measures/measure";
import type { HeadAddress, HeadChoice } from "../../src/core/run";
import { crossingMeanings } from "../../src/core/probe/crossing";
import type { ProbeName } from "../../src/core/probe/probe";
import { statisticMeanings } from "../../src/core/statistics";
import type { Pin } from "../../src/protocol/panelContract";
import { dropdown, iconButton, textButton } from "../controls";
import { onFrame } from "../frame";
import { createExportMenu, saveExport } from "../parts/exportMenu";
import { cellsPicture } from "../parts/cellsPicture";
import { t } from "../words";
import { statisticLabel, statisticText } from "../state/readout";
import { statisticNames } from "../views/heads/headsOrder";
import type { ViewExports } from "../views/view";
import type { ListedHead } from "./arrangeHeads";
import { headName } from "./headName";
import type { Panel } from "./panelState";

/** The list of heads: sorted, filtered, walked with the arrow keys; Enter opens, a and b pin, s finds heads alike. */
export function mountHeadList(root: HTMLElement, panel: Panel, exports: ViewExports): void {
  const menu = createExportMenu(
    () => ({ exports }),
    (kind) => void saveExport(panel.inspector.host, exports, kind),
  );
  const focused = signal("");
  render(
    html`<div class="head-tools"></div>
      <div class="head-list" role="grid" aria-label=${t("Heads")}></div>`,
    root,
  );
  const list = root.querySelector<HTMLElement>(".head-list")!;
  const rowOf = (event: Event) => (event.target as Element).closest<HTMLElement>("[data-name]");
  const headOf = (row: HTMLElement | null) =>
    panel.heads.peek().find(({ name }) => name === row?.dataset.name);

  list.addEventListener("click", (event) => {
    const head = headOf(rowOf(event));
    if (head && !(event.target as Element).closest(".head-actions")) panel.open(head.choice);
  });
  list.addEventListener("focusin", (event) => (focused.value = rowOf(event)?.dataset.name ?? ""));
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = [...list.querySelectorAll<HTMLElement>("[data-name]")];
    const at = rows.indexOf(rowOf(event)!);
    const next = stepTo(event.key, at, rows.length);
    const head = headOf(rows[at] ?? null);
    if (next !== undefined) rows[next]?.focus();
    else if (!head || !act(panel, head, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  // A comparison that opens below takes its room from the list: where the person is stays in view.
  const keepInView = () => {
    const current =
      list.querySelector('[role="row"]:focus-within') ?? list.querySelector('[aria-selected="true"]');
    current?.scrollIntoView({ block: "nearest" });
  };
  new ResizeObserver(keepInView).observe(list);
  onFrame(() => {
    if (panel.inspector.selection.value) requestAnimationFrame(keepInView);
  });
  onFrame(() => render(tools(panel, menu()), root.querySelector<HTMLElement>(".head-tools")!));
  onFrame(() => {
    const { value: heads } = panel.heads;
    const reachable = heads.find(({ name }) => name === focused.value)?.name ?? heads[0]?.name;
    render(
      heads.length
        ? repeat(
            heads,
            ({ name }) => name,
            (head) => headRow(panel, head, head.name === reachable),
          )
        : html`<div role="row">
            <p role="gridcell" class="hint">${t("No head matches “{0}”.", panel.filter.value)}</p>
          </div>`,
      list,
    );
  });
}

function stepTo(key: string, at: number, count: number): number | undefined {
  if (key === "ArrowDown") return Math.min(count - 1, at + 1);
  if (key === "ArrowUp") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}

function act(panel: Panel, { choice }: ListedHead, key: string): boolean {
  if (key === "Enter" || key === " ") panel.open(choice);
  else if (key === "a" || key === "b") panel.pin(key, choice);
  else if (key === "s") findLike(panel, choice);
  else if (key === "Escape" && panel.like.peek()) panel.like.value = undefined;
  else return false;
  return true;
}

/** Which head is asked about, and what of the heads is compared. */
export function likeTitle({ inspector }: Panel, address: HeadAddress): string {
  const { legend } = measureWords[perHeadMeasure(inspector.selection.value.measure)];
  return t("Heads like {0}, by JS divergence of {1}", headName(address), t(legend));
}

function findLike(panel: Panel, { block, layer, head }: HeadChoice): void {
  if (typeof layer === "number" && typeof head === "number") panel.like.value = { block, layer, head };
}

function tools(panel: Panel, exportMenu: unknown) {
  const { sort, filter, like, similar } = panel;
  const names = statisticNames(panel.statistics.value);
  const address = like.value;
  if (address) {
    const { pending, error } = similar.value;
    return html`<div class="like">
      <p>${error ? t(error.message) : html`${likeTitle(panel, address)}${pending ? " …" : ""}`}</p>
      ${exportMenu} ${iconButton("close", t("Show all heads"), () => (like.value = undefined))}
    </div>`;
  }
  return html`${sourceChooser(panel)}${dropdown(
      t("Sort by"),
      [
        { value: "place", label: t("layer and head") },
        ...names.map((name) => ({ value: name, label: t(statisticLabel(name)) })),
      ],
      names.includes(sort.value) ? sort.value : "place",
      (value) => (sort.value = value),
    )}
    <input
      type="search"
      aria-label=${t("Filter heads by name or by what they do")}
      placeholder=${t("Filter: induction, L2 …")}
      .value=${filter.value}
      @input=${(event: Event) => (filter.value = (event.target as HTMLInputElement).value)}
    />
    ${exportMenu}`;
}

/** Whether heads are described by the shown text or by the probe of the model, and how to get that. */
function sourceChooser(panel: Panel) {
  const { source, probed } = panel;
  const { value: answer, pending } = probed.value;
  return html`${dropdown(
    t("Statistics of"),
    [
      { value: "text", label: t("this text") },
      { value: "probe", label: t("the probe") },
    ],
    source.value,
    (value) => (source.value = value),
  )}
  ${
    source.value === "text"
      ? nothing
      : answer?.report
        ? textButton(t("Model card"), () => panel.showCard(), "secondary")
        : answer && !pending
          ? textButton(t("Probe this model's heads"), () => panel.probe())
          : nothing
  }`;
}

function headRow(panel: Panel, head: ListedHead, reachable: boolean) {
  const { choice, name, values, description, figure, uniform, divergence } = head;
  const { pins, inspector, overview, colours, sort } = panel;
  const { layer, head: chosenHead, block } = inspector.selection.value.choice;
  const chosen = layer === choice.layer && chosenHead === choice.head && block === choice.block;
  const cells = overview.cellsOf(choice.layer, choice.head);
  const { weights: ramp, palette } = colours.value;
  const sorted = sort.value in values ? sort.value : undefined;
  const aside =
    divergence !== undefined
      ? { label: t("JS divergence"), text: statisticText(divergence) }
      : sorted && { label: t(statisticLabel(sorted)), text: statisticText(values[sorted]!) };
  const said = [name, aside && `${aside.label} ${aside.text}`, `${description} ${figure}`];
  return html`<div
    role="row"
    class="head-row"
    data-name=${name}
    tabindex=${reachable ? 0 : -1}
    aria-selected=${chosen}
    aria-label=${said.filter(Boolean).join(", ")}
  >
    <div role="gridcell" class="head-open">
      ${
        cells
          ? html`<canvas aria-hidden="true" ${cellsPicture({ cells, ramp, palette })}></canvas>`
          : html`<span class="head-blank"></span>`
      }
      <span class="head-name">${name}</span>
      ${
        aside
          ? html`<span class="head-aside"
              ><span class="name">${aside.label}</span> <b>${aside.text}</b></span
            >`
          : nothing
      }
      <span
        class="head-does"
        title=${uniform ? t("A head that looks at all tokens alike would have {0} here", uniform) : nothing}
        >${description} <b>${figure}</b></span
      >
    </div>
    <div role="gridcell" class="head-actions">
      ${pinButton(panel, "a", choice, name, isPinned(panel, pins.value.a, choice))}
      ${pinButton(panel, "b", choice, name, isPinned(panel, pins.value.b, choice))}
      ${
        choice.head === "mean"
          ? nothing
          : html`<button
              class="pin"
              tabindex="-1"
              title=${t("Find heads like this one (s)")}
              aria-label=${t("Find heads like {0}", name)}
              @click=${() => findLike(panel, choice)}
            >
              ≈
            </button>`
      }
    </div>
    ${chosen && Object.keys(values).length ? allStatistics(values) : nothing}
  </div>`;
}

function allStatistics(values: Readonly<Record<string, number>>) {
  return html`<div role="gridcell" class="head-figures">
    ${Object.entries(values).map(
      ([name, value]) =>
        html`<span
          class="head-figure"
          title=${t({ ...crossingMeanings, ...statisticMeanings }[name as ProbeName] ?? "")}
          ><span class="name">${t(statisticLabel(name))}</span> <b>${statisticText(value)}</b></span
        >`,
    )}
  </div>`;
}

function pinButton(panel: Panel, slot: "a" | "b", choice: HeadChoice, name: string, pinned: boolean) {
  const letter = slot.toUpperCase();
  return html`<button
    class="pin pin-${slot}"
    tabindex="-1"
    aria-pressed=${pinned}
    title=${t("Pin as {0} ({1})", letter, slot)}
    aria-label=${t("Pin {0} as {1}", name, letter)}
    @click=${() => panel.pin(slot, pinned ? undefined : choice)}
  >
    ${letter}
  </button>`;
}

/** Of this run: the same head of another text is another pin. */
function isPinned({ inspector }: Panel, pin: Pin | undefined, choice: HeadChoice): boolean {
  const own = pin?.runId === inspector.run.value?.runId ? pin?.choice : undefined;
  return own?.block === choice.block && own.layer === choice.layer && own.head === choice.head;
}
