import type { Memento } from "vscode";

const KEY = "headlight.recentModels";
const MOST = 8;

/** Ids of the models that were chosen last, the newest first; kept over restarts, for this person and machine. */
export class RecentModels {
  constructor(private readonly state: Memento) {}

  get ids(): readonly string[] {
    const kept = this.state.get<unknown>(KEY);
    return Array.isArray(kept)
      ? kept.filter((id): id is string => typeof id === "string").slice(0, MOST)
      : [];
  }

  async add(id: string): Promise<void> {
    await this.state.update(KEY, [id, ...this.ids.filter((other) => other !== id)].slice(0, MOST));
  }

  /** A model that is no longer there. */
  async forget(id: string): Promise<void> {
    await this.state.update(
      KEY,
      this.ids.filter((other) => other !== id),
    );
  }
}
