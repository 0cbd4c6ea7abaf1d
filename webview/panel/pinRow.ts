import { html, nothing } from "lit-html";
import type { HeadChoice } from "../../src/core/run";
import type { Pin, PinSlot } from "../../src/protocol/panelContract";
import { showWhiteSpace } from "../../src/paint/tokenText";
import { dropdown, iconButton, textButton } from "../controls";
import { t } from "../words";
import type { Panel } from "./panelState";

/** One side of the comparison: which head of it, whose run it is, and what to do where there is none. */
export function pinRow(panel: Panel, slot: PinSlot, pin: Pin | undefined) {
  const letter = slot.toUpperCase();
  return html`<div class="pinned" data-slot=${slot}>
    <b class=${`letter-${slot}`}>${letter}</b>
    ${pin ? what(panel, slot, pin) : html`<span class="hint">${t("nothing pinned yet")}</span>`}
    ${pin ? iconButton("close", t("Clear {0}", letter), () => panel.pin(slot, undefined)) : nothing}
    ${pin ? whose(panel, slot, pin) : nothing} ${pin ? state(panel, slot, pin) : nothing}
  </div>`;
}

function what(panel: Panel, slot: PinSlot, pin: Pin) {
  const { choice, layers } = pin;
  if (pin.error) return html`<span class="failed">${t("failed")}</span>`;
  if (!pin.runId || !choice) return html`<span class="hint" role="status">${t("Running …")}</span>`;
  const letter = slot.toUpperCase();
  const own = layers.find(({ layer }) => layer === choice.layer);
  const heads = Array.from({ length: own?.nHeads ?? 0 }, (_, head) => String(head));
  return html`<span class="pin-choice">
    ${dropdown(
      t("Layer of {0}", letter),
      [
        ...layers.map(({ layer }) => ({ value: String(layer), label: `L${layer}` })),
        { value: "all", label: t("all layers") },
      ],
      String(choice.layer),
      (layer) => panel.choosePin(slot, onLayer(choice, layer)),
      "below",
    )}
    ${dropdown(
      t("Head of {0}", letter),
      [
        ...heads.map((head) => ({ value: head, label: `H${head}` })),
        { value: "mean", label: t("mean of heads") },
        { value: "max", label: t("maximum of heads") },
      ],
      String(choice.head),
      (head) => panel.choosePin(slot, { ...choice, head: head === "mean" || head === "max" ? head : +head }),
      "below",
    )}
  </span>`;
}

function onLayer(choice: HeadChoice, layer: string): HeadChoice {
  if (layer !== "all") return { ...choice, layer: +layer };
  return { ...choice, layer: "all", head: choice.head === "max" ? "max" : "mean" };
}

/** Its text, and its model where the other side has another. */
function whose({ pins }: Panel, slot: PinSlot, { model, text }: Pin) {
  const partner = pins.value[slot === "a" ? "b" : "a"];
  const hasOwnModel = partner !== undefined && partner.model !== model;
  return html`<div class="pin-whose">
    ${hasOwnModel ? html`<span class="pin-model" title=${model}>${model}</span>` : nothing}
    <span class="token-text pin-text" title=${text}>${showWhiteSpace(text.trim()).replaceAll("·", " ")}</span>
  </div>`;
}

/** Why there is nothing to compare, or that the text is another one now, and the ways out. */
function state(panel: Panel, slot: PinSlot, { stale, error }: Pin) {
  const again = () => panel.runPin(slot);
  return html`${
    error
      ? html`<div class="pin-failure" role="alert">
          <p class="failed">${error.message}</p>
          ${textButton(t("Run again"), again, "secondary")}
          ${
            tooLong.includes(error.code)
              ? textButton(t("Take the part that fits"), () => panel.runPin(slot, true), "secondary")
              : nothing
          }
        </div>`
      : stale
        ? html`<div class="pin-failure">
            <p class="hint">${t("Its text has changed since.")}</p>
            ${textButton(t("Run again"), again, "secondary")}
          </div>`
        : nothing
  }`;
}

const tooLong: readonly string[] = ["too-many-tokens", "too-much-text"];
