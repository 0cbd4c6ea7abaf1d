import { html, nothing, render } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { sequentialRamp } from "../../src/paint/ramp";
import { weightScale } from "../../src/paint/scale";
import { shownToken } from "../../src/paint/tokenText";
import { onFrame } from "../frame";
import { chooseQueries, howToChoose, type HowToChoose } from "../state/chooseQueries";
import type { Side } from "../state/inspector";
import type { ViewContext } from "../views/view";
import { shadeElement } from "./shaded";

/**
 * The text as tokens: the query outlined, its keys shaded by weight. Hovering previews, a click pins and reveals
 * in the editor, Escape frees. Two lines where queries and keys are different sequences.
 */
export function mountTokenStrip(root: HTMLElement, context: ViewContext): () => void {
  const { inspector } = context;
  const stopRender = onFrame(() => {
    const { value: queries } = inspector.queries;
    const { value: keys } = inspector.keys;
    const together = queries.side === keys.side;
    render(
      together
        ? strip(context, queries, "query", "Tokens")
        : html`${strip(context, queries, "query", "Target: queries")}
          ${strip(context, keys, "key", "Source: keys")}`,
      root,
    );
  });
  const stopShade = onFrame(() => shade(root, context));
  return () => {
    stopRender();
    stopShade();
    render(nothing, root);
  };
}

function strip(context: ViewContext, side: Side, axis: "query" | "key", label: string) {
  const { inspector } = context;
  const indexOf = (event: Event) => {
    const element = (event.target as Element).closest<HTMLElement>("[data-index]");
    return element ? Number(element.dataset.index) : undefined;
  };
  const point = (index: number | undefined) => {
    inspector.pointed.value = index === undefined ? undefined : { kind: "token", axis, index };
  };
  const singles = () => side.tokens.map((_, index) => [index]);
  const choose = (index: number, how: HowToChoose) => {
    if (axis === "query") chooseQueries(inspector, singles(), index, how);
    if (how !== "only") return;
    const runId = inspector.run.peek()?.runId;
    const reveal = runId && inspector.host.remote.revealToken({ runId, side: side.side, index });
    // The host reports its own failures.
    if (reveal) reveal.catch(() => undefined);
  };
  const onKey = (event: KeyboardEvent) => {
    const at = inspector.pointed.peek();
    const current = at?.kind === "token" && at.axis === axis ? at.index : inspector.selection.peek().query;
    const last = side.tokens.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: Math.min(last, (current ?? -1) + 1),
      ArrowLeft: Math.max(0, (current ?? 1) - 1),
      Home: 0,
      End: last,
    };
    const next = moves[event.key];
    if (next !== undefined) {
      point(next);
      if (event.shiftKey && axis === "query") chooseQueries(inspector, singles(), next, "extend");
    } else if ((event.key === "Enter" || event.key === " ") && current !== undefined)
      choose(current, howToChoose(event));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const { generated } = inspector.run.peek() ?? {};
  const isWritten = (index: number) =>
    generated?.side === side.side && index >= generated.start && index < generated.start + generated.count;
  return html`<div class="strip-line">
    ${label === "Tokens" ? nothing : html`<span class="strip-label">${label}</span>`}
    <div
      class="strip"
      role="listbox"
      tabindex="0"
      dir="auto"
      data-axis=${axis}
      aria-label=${label}
      aria-multiselectable=${axis === "query"}
      @pointerover=${(event: Event) => point(indexOf(event))}
      @pointerleave=${() => point(undefined)}
      @focusout=${() => point(undefined)}
      @click=${(event: MouseEvent) => {
        const index = indexOf(event);
        if (index !== undefined) choose(index, howToChoose(event));
      }}
      @keydown=${onKey}
    >
      ${repeat(
        side.tokens,
        (_, index) => `${side.side}${index}`,
        (token, index) => {
          const { text, part } = shownToken(side.tokens, index);
          return html`<span
            class=${`token${token.special ? " special" : ""}${part ? " shared" : ""}${isWritten(index) ? " generated" : ""}`}
            role="option"
            id=${`token-${axis}-${index}`}
            data-index=${index}
            aria-selected="false"
            title=${`${index}: ${token.piece} (id ${token.id})${isWritten(index) ? ", written by the model" : ""}`}
            ><bdi>${withSigns(text)}</bdi>${
              part ? html`<small>${part.number}/${part.of}</small>` : nothing
            }</span
          >`;
        },
      )}
    </div>
  </div>`;
}

/** White space stands back from the text. */
function withSigns(text: string) {
  return text
    .split(/([·⏎␍⇥]+)/)
    .filter(Boolean)
    .map((piece) => (/^[·⏎␍⇥]/.test(piece) ? html`<span class="sign">${piece}</span>` : piece));
}

/** Colours set one by one: templates would write style attributes, which the page's policy forbids. */
function shade(root: HTMLElement, { inspector, data }: ViewContext): void {
  const { palette } = inspector.theme.value;
  const ramp = sequentialRamp(inspector.settings.value.colourMap, palette);
  const { measure } = inspector.selection.value;
  const scale = weightScale(inspector.arrangement.value.squareRoot, data.largest.value);
  const query = inspector.activeQuery.value;
  const pinned = inspector.selection.value.query;
  const allPinned = new Set(inspector.selection.value.queries ?? [pinned]);
  const shown = new Set(inspector.activeQueries.value);
  const at = inspector.pointed.value;
  const row = measure === "scores" ? data.weights.value : data.shown.value;
  const visible = data.isVisible.value;
  void inspector.queries.value;
  const pointedKeys =
    at?.kind === "cell" ? (at.keys ?? [at.key]) : at?.kind === "token" && at.axis === "key" ? [at.index] : [];
  const separate = inspector.queries.value.side !== inspector.keys.value.side;
  for (const list of root.querySelectorAll<HTMLElement>(".strip")) {
    const isQueries = list.dataset.axis === "query";
    const shaded = !isQueries || !separate;
    const children = list.querySelectorAll<HTMLElement>(".token");
    children.forEach((element, index) => {
      const weight =
        shaded && row && query !== undefined && (shown.size > 1 || (visible?.(query, index) ?? true))
          ? row.values[index]
          : undefined;
      shadeElement(element, weight, { ramp, scale, palette });
      element.classList.toggle("is-query", isQueries && shown.has(index));
      const isPinned = isQueries && allPinned.has(index);
      element.classList.toggle("is-pinned", isPinned);
      element.classList.toggle("is-key", pointedKeys.includes(index) && (!isQueries || !separate));
      element.setAttribute("aria-selected", String(isPinned));
    });
    // What is chosen or pointed at elsewhere is brought into a strip that scrolls.
    const followed = String(pinned);
    if (isQueries && pinned !== undefined && list.dataset.followed !== followed)
      children[pinned]?.scrollIntoView({ block: "nearest" });
    list.dataset.followed = followed;
    if (at?.kind === "cell")
      (isQueries ? children[query ?? -1] : children[at.key])?.scrollIntoView({ block: "nearest" });
    const active =
      at?.kind === "token" && (at.axis === "query") === isQueries ? at.index : isQueries ? pinned : undefined;
    if (active === undefined) list.removeAttribute("aria-activedescendant");
    else list.setAttribute("aria-activedescendant", `token-${list.dataset.axis}-${active}`);
  }
}
