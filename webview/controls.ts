import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
} from "@vscode/webview-ui-toolkit";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";

/** The one place that knows the toolkit: the rest of the page says what a control is, not what makes it. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
  );
}

export interface Choice<V extends string> {
  readonly value: V;
  readonly label: string;
  /** Shown, but not to be chosen; `title` says why. */
  readonly disabled?: boolean;
  readonly title?: string;
}

/** A button that is an icon; `label` is its name and tooltip. */
export function iconButton(
  icon: string,
  label: string,
  onClick: (event: Event) => void,
  disabled = false,
): TemplateResult {
  return html`<vscode-button
    appearance="icon"
    aria-label=${label}
    title=${label}
    ?disabled=${disabled}
    @click=${onClick}
    ><span class="codicon codicon-${icon}" aria-hidden="true"></span
  ></vscode-button>`;
}

export function textButton(
  label: string,
  onClick: () => void,
  appearance: "primary" | "secondary" = "primary",
): TemplateResult {
  return html`<vscode-button appearance=${appearance} @click=${onClick}>${label}</vscode-button>`;
}

export function dropdown<V extends string>(
  label: string,
  choices: readonly Choice<V>[],
  value: V,
  onChange: (value: V) => void,
  /** Where the list opens: "below" in a box that scrolls, which would cut it off above. */
  position?: "below",
): TemplateResult {
  const changed = (event: Event) => {
    const next = (event.target as HTMLSelectElement).value as V;
    if (next !== value && choices.some((choice) => choice.value === next)) onChange(next);
  };
  return html`<vscode-dropdown
    position=${position ?? nothing}
    aria-label=${label}
    title=${label}
    @change=${changed}
    .value=${live(value)}
  >
    ${choices.map(
      (choice) =>
        html`<vscode-option
          value=${choice.value}
          title=${choice.title ?? nothing}
          ?selected=${choice.value === value}
          ?disabled=${choice.disabled ?? false}
          >${choice.label}</vscode-option
        >`,
    )}
  </vscode-dropdown>`;
}

export function checkbox(
  label: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
): TemplateResult {
  const changed = (event: Event) => {
    const next = (event.target as HTMLInputElement).checked;
    if (next !== checked) onChange(next);
  };
  return html`<vscode-checkbox .checked=${live(checked)} @change=${changed}>${label}</vscode-checkbox>`;
}

export interface Tab<V extends string> extends Choice<V> {
  readonly title?: string;
}

/** Tabs over one stage: `stageOf` receives the panel that is shown. */
export function tabs<V extends string>(
  label: string,
  list: readonly Tab<V>[],
  active: V,
  onChange: (value: V) => void,
): TemplateResult {
  const changed = (event: Event) => {
    const id = (event.target as HTMLElement & { activeid?: string }).activeid ?? "";
    const found = list.find(({ value }) => tabId(value) === id);
    if (found && found.value !== active) onChange(found.value);
  };
  return html`<vscode-panels
    aria-label=${label}
    activeid=${tabId(active)}
    .activeindicator=${false}
    @change=${changed}
  >
    ${list.map(
      ({ value, label: name, title }) =>
        html`<vscode-panel-tab id=${tabId(value)} title=${title ?? nothing}>${name}</vscode-panel-tab>`,
    )}
    ${list.map(({ value }) => html`<vscode-panel-view id=${panelId(value)}></vscode-panel-view>`)}
  </vscode-panels>`;
}

/** The element inside which the tab's content belongs. */
export function panelId(value: string): string {
  return `panel-${value}`;
}

function tabId(value: string): string {
  return `tab-${value}`;
}
