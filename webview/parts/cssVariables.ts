import { noChange } from "lit-html";
import { directive, Directive, PartType, type ElementPart, type PartInfo } from "lit-html/directive.js";

/** `<div ${cssVariables({ rows: 3 })}>` sets custom properties; a style attribute is what the page's policy forbids. */
export const cssVariables = directive(
  class extends Directive {
    readonly shown = new Map<string, number | string>();

    constructor(info: PartInfo) {
      super(info);
      if (info.type !== PartType.ELEMENT) throw new Error("cssVariables belongs on an element");
    }

    render(_variables: Readonly<Record<string, number | string>>) {
      return noChange;
    }

    override update(part: ElementPart, [variables]: [Readonly<Record<string, number | string>>]) {
      const { style } = part.element as HTMLElement;
      for (const [name, value] of Object.entries(variables)) {
        if (this.shown.get(name) === value) continue;
        this.shown.set(name, value);
        style.setProperty(`--${name}`, String(value));
      }
      return noChange;
    }
  },
);
