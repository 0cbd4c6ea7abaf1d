/** How T5 sorts distances into buckets (Raffel et al. 2020, §2.1; its published defaults). */
export interface RelativeBuckets {
  /** Encoders tell ahead from behind; decoders have one bucket for everything ahead. */
  readonly bidirectional: boolean;
  readonly nBuckets: number;
  readonly maxDistance: number;
}

export const T5_BUCKETS: RelativeBuckets = { bidirectional: true, nBuckets: 32, maxDistance: 128 };

/**
 * The bucket of a relative position (key - query), 0 to nBuckets - 1: half of each direction's buckets for exact
 * distances, the others ever wider (logarithmically) up to maxDistance, and the last for all beyond
 * (Raffel et al. 2020, §2.1). Rounded to float32 at each step, as the models that learned the buckets did.
 */
export function relativeBucket(relativePosition: number, buckets: RelativeBuckets): number {
  const { bidirectional, nBuckets, maxDistance } = buckets;
  const nSide = bidirectional ? Math.floor(nBuckets / 2) : nBuckets;
  const first = bidirectional && relativePosition > 0 ? nSide : 0;
  const distance = bidirectional ? Math.abs(relativePosition) : Math.max(0, -relativePosition);
  const nExact = Math.floor(nSide / 2);
  if (distance < nExact) return first + distance;
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(distance / nExact))) / Math.fround(Math.log(maxDistance / nExact)),
  );
  return first + Math.min(nSide - 1, nExact + Math.trunc(Math.fround(share * (nSide - nExact))));
}

/** One bucket as a range of relative positions (key - query), both ends included; the outermost are open. */
export interface BucketRange {
  readonly bucket: number;
  readonly from: number;
  readonly to: number;
}

/** The ranges of all buckets that occur within `reach` tokens to either side, in the order of position. */
export function bucketRanges(buckets: RelativeBuckets, reach: number): BucketRange[] {
  const ranges: { bucket: number; from: number; to: number }[] = [];
  for (let relative = -reach; relative <= reach; relative++) {
    const bucket = relativeBucket(relative, buckets);
    const last = ranges.at(-1);
    if (last?.bucket === bucket) last.to = relative;
    else ranges.push({ bucket, from: relative, to: relative });
  }
  return ranges;
}
