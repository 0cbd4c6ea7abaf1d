import type { MatrixQuery, MatrixSlice, ThumbnailQuery, Thumbnails } from "../protocol/slices";
import { pooledMatrix, pooledThumbnails } from "./pooledSlices";
import { matrixSlice, thumbnails } from "./slices";
import type { StoredRun } from "./storedRun";

/** A matrix from what is kept: as it was pooled inside the graph where that is enough, else exactly; throws where its head is not kept. */
export function matrixAtOnce(run: StoredRun, query: MatrixQuery): MatrixSlice {
  return matrixAsPooled(run, query) ?? matrixSlice(run, query);
}

/** A matrix of a run whose heads are brought on demand, as it was pooled inside the graph; undefined where that is not enough. */
export function matrixAsPooled(run: StoredRun, query: MatrixQuery): MatrixSlice | undefined {
  return isOnDemand(run) ? pooledMatrix(run, query) : undefined;
}

/** Thumbnails from what is kept. */
export function thumbnailsAtOnce(run: StoredRun, query: ThumbnailQuery): Thumbnails {
  return (isOnDemand(run) ? pooledThumbnails(run, query) : undefined) ?? thumbnails(run, query);
}

function isOnDemand({ summary }: StoredRun): boolean {
  return summary.kept?.form === "on-demand";
}
