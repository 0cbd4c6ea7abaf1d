import type { TokenLayout } from "../core/tokenLayout";
import type { MatrixQuery, Slices, ThumbnailQuery, VectorQuery } from "../protocol/slices";
import { malformedMessage } from "./errors";
import { integer, oneOf, optional, record, string } from "./fields";
import { block, index, parseAddress, parseChoice, parseMeasure, runId } from "./parseChoice";

/** What a page may ask of a run. A page is not trusted: every field is looked at, and sizes are bounded. */
export const parseSliceQuery: { [K in keyof Slices]: (raw: unknown) => Parameters<Slices[K]>[0] } = {
  matrix: parseMatrixQuery,
  marginals: (raw) => {
    const query = record(raw, "marginals");
    return { ...ofMatrix(query), ...layoutOf(query) };
  },
  meanRow: (raw) => {
    const query = record(raw, "meanRow");
    if (!Array.isArray(query.queries) || query.queries.length > 65_536) {
      throw malformedMessage("queries", "not a list of at most 65536 tokens");
    }
    return { ...ofMatrix(query), queries: query.queries.map((value) => index(value, "queries")) };
  },
  vectors: parseVectorQuery,
  thumbnails: parseThumbnailQuery,
  statistics: (raw) => {
    const query = record(raw, "statistics");
    const measure = optional(query.measure, (value) =>
      oneOf(value, "measure", ["weights", "value-weighted", "norm-weighted"]),
    );
    return { ...ofBlock(query), ...(measure && { measure }) };
  },
  mask: (raw) => {
    const query = record(raw, "mask");
    const queryStart = optional(query.queryStart, (value) => index(value, "queryStart"));
    const queryEnd = optional(query.queryEnd, (value) => index(value, "queryEnd"));
    return {
      ...ofBlock(query),
      layer: index(query.layer, "layer"),
      ...(queryStart !== undefined && { queryStart }),
      ...(queryEnd !== undefined && { queryEnd }),
    };
  },
  headVectors: (raw) => {
    const query = record(raw, "headVectors");
    return {
      runId: runId(query.runId),
      address: parseAddress(query.address),
      which: oneOf(query.which, "which", ["q", "k", "v", "output"]),
    };
  },
  positions: (raw) => ({ runId: runId(record(raw, "positions").runId) }),
  distances: (raw) => ofBlock(record(raw, "distances")),
  projection: (raw) => {
    const query = record(raw, "projection");
    return {
      runId: runId(query.runId),
      address: parseAddress(query.address),
      query: index(query.query, "query"),
    };
  },
  additions: (raw) => {
    const query = record(raw, "additions");
    return { ...ofBlock(query), layer: index(query.layer, "layer") };
  },
  stages: (raw) => {
    const query = record(raw, "stages");
    return {
      runId: runId(query.runId),
      address: parseAddress(query.address),
      // Three pictures in one message.
      maxRows: integer(query.maxRows, "maxRows", 1, 512),
      maxColumns: integer(query.maxColumns, "maxColumns", 1, 512),
    };
  },
  maskPicture: (raw) => {
    const query = record(raw, "maskPicture");
    return {
      ...ofBlock(query),
      layer: index(query.layer, "layer"),
      maxRows: integer(query.maxRows, "maxRows", 1, 512),
      maxColumns: integer(query.maxColumns, "maxColumns", 1, 512),
    };
  },
  additive: (raw) => {
    const query = record(raw, "additive");
    return { ...ofBlock(query), layer: index(query.layer, "layer") };
  },
  similarHeads: (raw) => {
    const query = record(raw, "similarHeads");
    const measure = optional(query.measure, (value) =>
      oneOf(value, "measure", ["weights", "value-weighted", "norm-weighted"]),
    );
    return {
      runId: runId(query.runId),
      address: parseAddress(query.address),
      ...(measure && { measure }),
    };
  },
  keyHeads: (raw) => {
    const query = record(raw, "keyHeads");
    return { ...ofBlock(query), key: index(query.key, "key"), count: integer(query.count, "count", 1, 1000) };
  },
  compare: (raw) => {
    const query = record(raw, "compare");
    const other = record(query.other, "other");
    const measure = optional(query.measure, (value) =>
      oneOf(value, "measure", ["weights", "value-weighted", "norm-weighted", "rollout"]),
    );
    return {
      ...(measure && { measure }),
      runId: runId(query.runId),
      choice: parseChoice(query.choice),
      other: { runId: runId(other.runId), choice: parseChoice(other.choice) },
      size: integer(query.size, "size", 1, 256),
    };
  },
  predictions: (raw) => {
    const query = record(raw, "predictions");
    return {
      runId: runId(query.runId),
      position: index(query.position, "position"),
      count: integer(query.count, "count", 1, 1000),
    };
  },
  tokenPredictions: (raw) => positionsQuery(raw, "tokenPredictions", 4096),
  logitLens: (raw) => positionsQuery(raw, "logitLens", 64),
};

/** At most so many positions with at most 20 tokens each, so that the answer stays below 1 MB. */
function positionsQuery(raw: unknown, what: string, most: number) {
  const query = record(raw, what);
  const start = index(query.start, "start");
  return {
    runId: runId(query.runId),
    start,
    end: integer(query.end, "end", start, start + most),
    count: integer(query.count, "count", 1, 20),
  };
}

function parseMatrixQuery(raw: unknown): MatrixQuery {
  const query = record(raw, "matrix");
  const window = optional(query.window, (value) => {
    const edges = record(value, "window");
    return {
      queryStart: index(edges.queryStart, "queryStart"),
      queryEnd: index(edges.queryEnd, "queryEnd"),
      keyStart: index(edges.keyStart, "keyStart"),
      keyEnd: index(edges.keyEnd, "keyEnd"),
    };
  });
  const maxRows = optional(query.maxRows, (value) => integer(value, "maxRows", 1, 4096));
  const maxColumns = optional(query.maxColumns, (value) => integer(value, "maxColumns", 1, 4096));
  const tokensPerCell = optional(query.tokensPerCell, (value) => integer(value, "tokensPerCell", 1, 65_536));
  return {
    ...ofMatrix(query),
    ...(window && { window }),
    ...(maxRows && { maxRows }),
    ...(maxColumns && { maxColumns }),
    ...(tokensPerCell && { tokensPerCell }),
    ...layoutOf(query),
    ...(query.withVisibility === true && { withVisibility: true }),
  };
}

function ofMatrix(query: Record<string, unknown>) {
  return {
    runId: runId(query.runId),
    choice: parseChoice(query.choice),
    measure: parseMeasure(query.measure),
  };
}

function layoutOf(query: Record<string, unknown>): { layout?: TokenLayout } {
  const layout = optional(query.layout, (value) => {
    const fields = record(value, "layout");
    return {
      hidesSpecial: fields.hidesSpecial === true,
      byWord: fields.byWord === true,
      order: oneOf(fields.order, "order", ["place", "received"]),
      filter: string(fields.filter, "filter", 1000),
      filters: oneOf(fields.filters, "filters", ["queries", "keys", "both"]),
    };
  });
  return layout ? { layout } : {};
}

function parseVectorQuery(raw: unknown): VectorQuery {
  const query = record(raw, "vectors");
  if (!Array.isArray(query.choices) || query.choices.length > 4096) {
    throw malformedMessage("choices", "not a list of at most 4096 choices");
  }
  return {
    runId: runId(query.runId),
    choices: query.choices.map(parseChoice),
    measure: parseMeasure(query.measure),
    axis: oneOf(query.axis, "axis", ["query", "key"]),
    index: index(query.index, "index"),
  };
}

function parseThumbnailQuery(raw: unknown): ThumbnailQuery {
  const query = record(raw, "thumbnails");
  const of = optional(query.of, (value) => oneOf(value, "of", ["heads", "means"]));
  const measure = optional(query.measure, (value) =>
    oneOf(value, "measure", ["weights", "value-weighted", "norm-weighted", "rollout", "flow"]),
  );
  return {
    ...ofBlock(query),
    size: integer(query.size, "size", 1, 512),
    ...(of && { of }),
    ...(measure && { measure }),
  };
}

const ofBlock = (query: Record<string, unknown>) => ({
  runId: runId(query.runId),
  block: block(query.block),
});
