import type { Remote } from "../../src/protocol/channel";
import { questionKey, type AheadAnswer, type AheadMethod } from "../../src/protocol/ahead";
import type { ViewContract } from "../../src/protocol/viewContract";
import type { Host } from "../host";

export interface Ahead {
  /** The host, which now answers at once what came ahead. */
  readonly host: Host;
  /** Keeps what came with the run's summary, for that run only. */
  keep(runId: string, answers: readonly AheadAnswer[]): void;
}

/** Answers the page's first questions about a run from what came along with its summary. */
export function answeringAhead(host: Host): Ahead {
  let kept:
    { readonly runId: string; readonly answers: ReadonlyMap<string, AheadAnswer["value"]> } | undefined;

  const answering =
    (method: AheadMethod, ask: (query: object, options?: object) => Promise<unknown>) =>
    (query: { runId: string }, options?: object) => {
      const known = kept?.runId === query.runId ? kept.answers.get(questionKey(method, query)) : undefined;
      return known ? Promise.resolve(known) : ask(query, options);
    };

  const remote = new Proxy(host.remote, {
    get(target, name, receiver) {
      const ask: unknown = Reflect.get(target, name, receiver);
      return name === "thumbnails" || name === "matrix" ? answering(name, ask as never) : ask;
    },
  });

  return {
    host: { ...host, remote: remote as Remote<ViewContract> },
    keep(runId, answers) {
      kept = {
        runId,
        answers: new Map(answers.map(({ method, query, value }) => [questionKey(method, query), value])),
      };
    },
  };
}
